// One value that takes longer than a frame, made on a thread of its own for the newest key that was asked
// for: what a view shows beside the trace (a projection, a lens, a search).
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "core/base/said_in_both.h"
#include "core/session/latest_wins.h"

namespace headlight {

// How far a job is, and whether anybody still waits for it. Used by the thread that works.
class Progress {
 public:
  struct Cancelled {};  // thrown by report(); Background catches it

  Progress(std::function<bool()> cancelled, std::atomic<float>& fraction)
      : cancelled_(std::move(cancelled)), fraction_(fraction) {}

  // fraction: done so far, 0 to 1. Throws Cancelled when the job was overtaken or called off.
  void report(float fraction) const {
    fraction_ = fraction;
    if (cancelled_()) throw Cancelled{};
  }

 private:
  std::function<bool()> cancelled_;
  std::atomic<float>& fraction_;
};

// Key: what the value depends on, compared with ==; it may hold a shared_ptr to a trace.
template <class Key, class Value>
class Background {
 public:
  using Make = std::function<Value(const Key&, const Progress&)>;
  // A value of some key, or why there is none: `value` is null when the job failed, and `error` says why.
  struct Done {
    Key key;
    std::shared_ptr<const Value> value;
    Bilingual error;
  };

  // grace: how long an overtaken job may go on, so that dragging still shows pictures. unwatched: how long
  // any job goes on that nobody calls want() for, because its view is not drawn; it is made when it is wanted
  // again.
  explicit Background(Make make, std::chrono::milliseconds grace = std::chrono::milliseconds(100),
                      std::chrono::milliseconds unwatched = std::chrono::hours(24 * 365))
      : unwatched_(unwatched),
        worker_([this, make = std::move(make)](
                    const Key& key, const std::function<bool()>& cancelled) { run(make, key, cancelled); },
                [](const Bilingual&) {},  // run() keeps what went wrong
                grace) {}

  // Asks for the value of `key`, unless it is there or being made. Returns at once; call it in every frame.
  void want(const Key& key) {
    wanted_at_ = std::chrono::steady_clock::now();
    {
      const std::lock_guard lock(mutex_);
      if (wanted_ == key) return;
      wanted_ = key;
      called_off_ = false;
      fraction_ = 0.0F;
    }
    worker_.submit(key);
  }

  // Stops a running job. What is done stays; the key that was called off is made only when another was
  // wanted in between, or after again().
  void cancel() {
    const std::lock_guard lock(mutex_);
    called_off_ = true;
  }
  bool cancelled() const {
    const std::lock_guard lock(mutex_);
    return called_off_;
  }
  void again() {
    const std::lock_guard lock(mutex_);
    wanted_.reset();
  }

  // The newest value that was made, perhaps of an older key: compare `key`.
  std::shared_ptr<const Done> done() const {
    const std::lock_guard lock(mutex_);
    return done_;
  }
  // Whether the value of the newest key is still to come.
  bool pending() const {
    const std::lock_guard lock(mutex_);
    return wanted_ && !called_off_ && !(done_ && done_->key == *wanted_);
  }
  float fraction() const { return fraction_; }  // of the running job, 0 to 1

 private:
  void run(const Make& make, const Key& key, const std::function<bool()>& overtaken) {
    Done done{key, nullptr, {}};
    bool unwatched = false;
    try {
      const auto stop = [&] {
        unwatched = is_unwatched();
        return unwatched || overtaken() || cancelled();
      };
      done.value = std::make_shared<const Value>(make(key, Progress(stop, fraction_)));
    } catch (const Progress::Cancelled&) {
      const std::lock_guard lock(mutex_);
      if (unwatched && wanted_ == key) wanted_.reset();
      return;
    } catch (const std::exception& error) {
      done.error = said(error);
    }
    const std::lock_guard lock(mutex_);
    done_ = std::make_shared<const Done>(std::move(done));
  }

  bool is_unwatched() const { return std::chrono::steady_clock::now() - wanted_at_.load() > unwatched_; }

  const std::chrono::milliseconds unwatched_;
  std::atomic<std::chrono::steady_clock::time_point> wanted_at_{};
  mutable std::mutex mutex_;  // guards wanted_, done_, called_off_
  std::optional<Key> wanted_;
  std::shared_ptr<const Done> done_;
  bool called_off_ = false;
  std::atomic<float> fraction_{0.0F};
  LatestWins<Key> worker_;  // last: it ends first
};

}  // namespace headlight
