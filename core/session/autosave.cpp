// The lock of a session file, and the thread that writes it.
#include "core/session/autosave.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/base/whole_file.h"
#include "core/session/session_file.h"

namespace headlight {

namespace fs = std::filesystem;

namespace {

constexpr int most_programs = 32;
constexpr std::chrono::seconds between_attempts{2};  // to write where it failed

}  // namespace

OwnSessionFile::OwnSessionFile(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) {
    throw told<UserError>("Sessions cannot be kept in '{}': {}.",
                          "세션을 '{}' 폴더에 보관할 수 없습니다: {}.", folder.string(),
                          system_reason(failed.value()));
  }
  for (int number = 1; number <= most_programs; ++number) {
    const std::string name = number == 1 ? "session" : fmt::format("session-{}", number);
    if (!try_lock(folder / (name + ".lock"))) continue;
    path_ = folder / (name + ".json");
    remove_unfinished(path_.string());
    return;
  }
  throw told<UserError>(
      "{} programs keep their sessions in '{}' already; this one keeps none.",
      "프로그램 {}개가 이미 '{}' 폴더에 세션을 보관하고 있어 이 창의 세션은 보관되지 않습니다.",
      most_programs, folder.string());
}

OwnSessionFile::~OwnSessionFile() {
  if (lock_ >= 0) ::close(lock_);
}

// The lock file stays when the lock is given back: whoever opened it meanwhile must not lock a removed file.
bool OwnSessionFile::try_lock(const fs::path& lock) {
  const int opened = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (opened < 0) {
    throw told<UserError>("Sessions cannot be kept: '{}' cannot be opened: {}.",
                          "세션을 보관할 수 없습니다: '{}' 파일이 열리지 않습니다: {}.", lock.string(),
                          system_reason(errno));
  }
  if (::flock(opened, LOCK_EX | LOCK_NB) == 0) {
    lock_ = opened;
    return true;
  }
  const int reason = errno;
  ::close(opened);
  if (reason == EWOULDBLOCK) return false;
  throw told<UserError>("Sessions cannot be kept: '{}' cannot be locked: {}.",
                        "세션을 보관할 수 없습니다: '{}' 파일을 잠글 수 없습니다: {}.", lock.string(),
                        system_reason(reason));
}

Autosave::Autosave(fs::path file, std::chrono::milliseconds delay)
    : file_(std::move(file)), delay_(delay), thread_([this] { work(); }) {}

Autosave::~Autosave() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Autosave::save(const Document& document) {
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_) due_ = Clock::now() + delay_;
    waiting_ = document;
  }
  wake_.notify_all();
}

void Autosave::flush() {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  wake_.notify_all();
  idle_.wait(lock, [this] { return !writing_ && (!waiting_ || !error_.empty()); });
  hurry_ = false;
}

Bilingual Autosave::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

void Autosave::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || waiting_; });
    if (!waiting_) return;
    wake_.wait_until(lock, due_, [this] { return stopping_ || hurry_; });
    const Document document = std::move(*waiting_);
    waiting_.reset();
    writing_ = true;
    lock.unlock();
    Bilingual error;
    try {
      write_session(document, file_.string());
    } catch (const std::exception& failure) {
      error = said(failure);
    }
    lock.lock();
    writing_ = false;
    error_ = error;
    if (!error.empty() && !stopping_) {
      if (!waiting_) waiting_ = document;
      hurry_ = false;
      due_ = Clock::now() + between_attempts;
    }
    idle_.notify_all();
    if (stopping_ && (!waiting_ || !error.empty())) return;
  }
}

}  // namespace headlight
