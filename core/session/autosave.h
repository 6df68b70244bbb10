// Keeps the newest document on the disk while it changes, so that a crash costs a moment at most.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "core/base/bilingual.h"
#include "core/session/document.h"

namespace headlight {

// A file of a folder that no other running program uses: "session.json", then "session-2.json", … The lock
// ends with the program, however it ends.
class OwnSessionFile {
 public:
  // Makes the folder. Throws UserError when it cannot be made or used, or when 32 programs run.
  explicit OwnSessionFile(const std::filesystem::path& folder);
  ~OwnSessionFile();
  OwnSessionFile(const OwnSessionFile&) = delete;
  OwnSessionFile& operator=(const OwnSessionFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  bool try_lock(const std::filesystem::path& lock);

  std::filesystem::path path_;
  int lock_ = -1;
};

class Autosave {
 public:
  using Clock = std::chrono::steady_clock;

  // A change is on the disk this long after it, plus what the disk takes.
  static constexpr std::chrono::milliseconds usual_delay{250};

  explicit Autosave(std::filesystem::path file, std::chrono::milliseconds delay = usual_delay);
  ~Autosave();  // writes what still waits
  Autosave(const Autosave&) = delete;
  Autosave& operator=(const Autosave&) = delete;

  // Returns at once. The newest document wins; the first change after a write sets the moment of the next, so
  // that somebody who never stops typing is saved all the same.
  void save(const Document& document);
  void flush();             // returns when everything is written, or could not be
  Bilingual error() const;  // why the last write failed; empty when it went well

 private:
  void work();

  std::filesystem::path file_;
  std::chrono::milliseconds delay_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::optional<Document> waiting_;
  Clock::time_point due_;
  Bilingual error_;
  bool writing_ = false;
  bool hurry_ = false;
  bool stopping_ = false;
  std::thread thread_;  // last: it starts when everything above exists
};

}  // namespace headlight
