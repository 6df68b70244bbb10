// A value that a panel draws and that follows from a key: made at once where that is quick, else on a thread
// of its own while the one before it is still shown.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "core/base/said_in_both.h"
#include "core/session/background.h"
#include "core/session/same_owner.h"
#include "gui/frame.h"
#include "gui/strings.h"

namespace headlight {

// A trace as a part of a key. Not held: a long one has gigabytes.
struct HeldTrace {
  std::weak_ptr<const Trace> trace;
  bool operator==(const HeldTrace& other) const { return same_owner(trace, other.trace); }
  // For the thread that works; throws Progress::Cancelled when the trace is gone.
  std::shared_ptr<const Trace> held() const {
    std::shared_ptr<const Trace> found = trace.lock();
    if (!found) throw Progress::Cancelled{};
    return found;
  }
};

template <class Key, class Value>
class MadeValue {
 public:
  using Worker = Background<Key, Value>;
  explicit MadeValue(typename Worker::Make make) : make_(std::move(make)) {}

  // `quick`: takes about a millisecond, and is made here.
  void want(const Key& key, bool quick, Commands& commands) {
    current_ = done_ && done_->key == key;
    if (current_) return;
    if (quick) {
      make_here(key);
      return;
    }
    if (!worker_) worker_ = std::make_unique<Worker>(make_);
    worker_->want(key);
    if (const auto fresh = worker_->done(); fresh && fresh->key == key) {
      done_ = fresh;
      current_ = true;
    } else if (worker_->pending()) {
      commands.pending();
    }
  }

  // Perhaps of an older key: ask is_current(). Null until there is one.
  const Value* value() const { return done_ ? done_->value.get() : nullptr; }
  const Key* key() const { return done_ ? &done_->key : nullptr; }
  bool is_current() const { return current_; }
  std::string error() const { return current_ && done_ ? in_language(done_->error) : std::string(); }
  float fraction() const { return worker_ ? worker_->fraction() : 0.0F; }
  bool cancelled() const { return worker_ && worker_->cancelled(); }
  void cancel() {
    if (worker_) worker_->cancel();
  }
  void again() {
    if (worker_) worker_->again();
  }

 private:
  void make_here(const Key& key) {
    typename Worker::Done done{key, nullptr, {}};
    std::atomic<float> ignored{0.0F};
    try {
      done.value = std::make_shared<const Value>(make_(key, Progress([] { return false; }, ignored)));
    } catch (const Progress::Cancelled&) {
      return;
    } catch (const std::exception& error) {
      done.error = said(error);
    }
    done_ = std::make_shared<const typename Worker::Done>(std::move(done));
    current_ = true;
  }

  typename Worker::Make make_;
  std::shared_ptr<const typename Worker::Done> done_;
  bool current_ = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace headlight
