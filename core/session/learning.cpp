// Orders come in under a lock; between two steps the worker takes them all.
#include "core/session/learning.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <utility>

#include "core/base/said_in_both.h"
#include "core/session/learning_run.h"

namespace headlight {
namespace {

struct CalledOff {};

// This thread, and those that it makes, leave the processor to whoever draws.
void give_way() {
  constexpr int politeness = 5;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), politeness);
}

LearningSnapshot failed(LearningSnapshot last, const std::exception& error) {
  last.phase = LearningPhase::failed;
  last.error = said(error);
  return last;
}

}  // namespace

Learning::Learning(std::function<void()> published)
    : published_(std::move(published)), thread_([this] { work(); }) {}

Learning::~Learning() {
  order([this] { ending_ = true; });
  thread_.join();
}

void Learning::order(const std::function<void()>& change) {
  {
    const std::lock_guard lock(mutex_);
    change();
  }
  wake_.notify_all();
}

void Learning::start(LearningChoices choices, std::int64_t pause_at, ComputeDevice device) {
  order([&] {
    start_ = Start{std::move(choices), pause_at, std::move(device)};
    stop_ = one_ = false;
    write_.reset();
  });
}

void Learning::pause() {
  order([this] { going_ = false; });
}

void Learning::go_on() {
  order([this] { going_ = true; });
}

void Learning::one_update() {
  order([this] {
    going_ = false;
    one_ = true;
  });
}

void Learning::stop() {
  order([this] { stop_ = true; });
}

void Learning::write(std::int64_t step, std::string folder) {
  order([&] { write_ = Write{step, std::move(folder)}; });
}

std::shared_ptr<const LearningSnapshot> Learning::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

bool Learning::is_overtaken() const {
  const std::lock_guard lock(mutex_);
  return ending_ || stop_ || start_;
}

void Learning::publish(LearningSnapshot snapshot) {
  auto made = std::make_shared<const LearningSnapshot>(std::move(snapshot));
  {
    const std::lock_guard lock(mutex_);
    can_step_ = !made->is_over() && made->phase != LearningPhase::preparing;
    snapshot_ = std::move(made);
  }
  published_();
}

void Learning::begin(const Start& start) {
  run_.reset();
  auto told_at = std::chrono::steady_clock::time_point();
  LearningSnapshot last;
  try {
    run_ = std::make_unique<Run>(start.choices, start.pause_at, start.device,
                                 [&](const LearningSnapshot& prepared) {
                                   if (is_overtaken()) throw CalledOff();
                                   last = prepared;
                                   const auto now = std::chrono::steady_clock::now();
                                   if (now - told_at < std::chrono::milliseconds(50)) return;
                                   told_at = now;
                                   publish(prepared);
                                 });
    const bool going = start.pause_at != 0;
    order([&] { going_ = going; });
    publish(run_->snapshot(going));
  } catch (const CalledOff&) {
    {
      const std::lock_guard lock(mutex_);
      snapshot_ = nullptr;
      stop_ = false;
    }
    published_();
  } catch (const std::exception& error) {
    publish(failed(std::move(last), error));
  }
}

Learning::Orders Learning::wait() {
  std::unique_lock lock(mutex_);
  bool was_going = snapshot_ && snapshot_->phase == LearningPhase::running;
  wake_.wait(lock, [&] {
    return ending_ || start_ || stop_ || write_ || (can_step_ && (one_ || going_ || was_going != going_));
  });
  Orders orders;
  if (ending_) return orders;
  orders.start = std::exchange(start_, std::nullopt);
  orders.stop = std::exchange(stop_, false);
  orders.write = std::exchange(write_, std::nullopt);
  orders.one = std::exchange(one_, false);
  orders.step = going_;
  return orders;
}

void Learning::obey(const Orders& orders) {
  if (orders.start) return begin(*orders.start);
  if (!run_) return;
  if (orders.write) run_->write(*orders.write, ++written_);
  if (orders.stop) run_->stop();
  bool news = orders.stop || orders.write;
  bool going = orders.step;
  if (!run_->is_over() && (orders.one || orders.step)) {
    news = run_->step(orders.one) || news;
    if (run_->pauses_here()) {
      going = false;
      order([this] { going_ = false; });
    }
  } else if (!run_->is_over()) {
    run_->look();  // it was paused: what it is now
    news = true;
  }
  if (news || !going) publish(run_->snapshot(going));
}

void Learning::work() {
  give_way();
  while (true) {
    const Orders orders = wait();
    {
      const std::lock_guard lock(mutex_);
      if (ending_) break;
    }
    try {
      obey(orders);
    } catch (const std::exception& error) {  // memory is full, for one
      if (run_) run_->fail(said(error));     // what it kept can be opened
      publish(run_ ? run_->snapshot(false) : failed(LearningSnapshot(), error));
    }
  }
  run_.reset();  // on the thread that made it
}

}  // namespace headlight
