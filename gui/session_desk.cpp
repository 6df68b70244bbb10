// Keeping, restoring, opening and saving sessions.
#include "gui/session_desk.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "gui/strings.h"

namespace headlight {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_earlier = 10;

fs::path made_folder(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  return failed ? fs::path() : folder;
}

std::string absolute_path(const std::string& path) {
  std::error_code failed;
  const fs::path absolute = fs::absolute(path, failed);
  return failed ? path : absolute.lexically_normal().string();
}

// A model that a session names by a path of another machine may lie beside the session.
void find_beside(std::string& path, const std::string& session) {
  std::error_code ignored;
  if (path.find('/') == std::string::npos || fs::exists(path, ignored)) return;
  const fs::path beside = fs::path(session).parent_path() / fs::path(path).filename();
  if (fs::exists(beside, ignored)) path = beside.string();
}

std::string time_text() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&now, &local);
  return fmt::format("{:%Y-%m-%d %H.%M.%S}", local);
}

// A name in `folder` that nothing has yet.
fs::path free_name(const fs::path& folder, const std::string& begin) {
  std::error_code ignored;
  for (int number = 1;; ++number) {
    const std::string name = number == 1 ? begin : fmt::format("{} ({})", begin, number);
    const fs::path path = folder / (name + std::string(session_extension));
    if (!fs::exists(path, ignored)) return path;
  }
}

struct Renaming {
  fs::path from, to;
};

// Of a session that gets another name, with the texts beside it: those first, so that it never names one that
// is not there.
std::vector<Renaming> renamings(const fs::path& session, const fs::path& to) {
  std::vector<Renaming> all;
  for (const std::string& text : texts_beside(session)) {
    all.push_back({text_beside(session, text), text_beside(to, text)});
  }
  all.push_back({session, to});
  return all;
}

}  // namespace

fs::path state_folder(const fs::path& config) {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  fs::path folder;
  if (state && fs::path(state).is_absolute()) {
    folder = made_folder(fs::path(state) / "headlight");
  } else if (home && fs::path(home).is_absolute()) {
    folder = made_folder(fs::path(home) / ".local" / "state" / "headlight");
  }
  return folder.empty() ? config : folder;
}

SessionDesk::SessionDesk(fs::path folder)
    : folder_(std::move(folder)),
      writer_([this](const SaveJob& job, const LatestWins<SaveJob>::Cancelled&) { write_named(job); },
              [this](const Bilingual& error) {
                say({in_language(error), true});
              },
              std::chrono::milliseconds(0)) {
  if (folder_.empty()) return;
  try {
    own_ = std::make_unique<OwnSessionFile>(folder_);
    autosave_ = std::make_unique<Autosave>(own_->path());
  } catch (const UserError& error) {
    say({in_language(said(error)), true});
  }
}

SessionDesk::~SessionDesk() { writer_.wait_idle(); }

std::optional<Document> SessionDesk::restore() {
  std::error_code ignored;
  if (!own_ || !fs::exists(own_->path(), ignored)) return std::nullopt;
  try {
    OpenedSession opened = read_session(own_->path().string());
    for (const Bilingual& note : opened.notes) say({in_language(note), false});
    restored_ = true;
    replaces_earlier_ = !opened.notes.empty();  // what this version cannot keep stays in the old file
    return std::move(opened.document);
  } catch (const UserError& error) {
    const fs::path aside = free_name(folder_, "damaged " + time_text());
    for (const Renaming& one : renamings(own_->path(), aside)) fs::rename(one.from, one.to, ignored);
    say({format_text("session.damaged", fmt::arg("error", in_language(said(error))),
                     fmt::arg("path", aside.string())),
         true});
    return std::nullopt;
  }
}

void SessionDesk::keep(const Document& document) {
  if (!kept_) {
    std::error_code ignored;
    kept_ = document;
    if (own_ && !restored_) replaces_earlier_ = fs::exists(own_->path(), ignored);
    return;
  }
  if (autosave_) {
    Bilingual error = autosave_->error();
    if (error != told_error_ && !error.empty()) say({in_language(error), true});
    told_error_ = std::move(error);
  }
  if (*kept_ == document) return;
  kept_ = document;
  if (!autosave_) return;
  if (std::exchange(replaces_earlier_, false)) put_aside();
  autosave_->save(document);
}

// A second name for the old file: the first one is never without a session.
void SessionDesk::put_aside() {
  std::error_code failed;
  const fs::path folder = folder_ / "earlier";
  fs::create_directories(folder, failed);
  for (const Renaming& one : renamings(own_->path(), free_name(folder, time_text()))) {
    fs::create_hard_link(one.from, one.to, failed);
    if (failed) fs::copy_file(one.from, one.to, failed);
  }
  const std::vector<fs::path> all = earlier_sessions();
  for (std::size_t i = most_earlier; i < all.size(); ++i) {
    for (const std::string& text : texts_beside(all[i])) fs::remove(text_beside(all[i], text), failed);
    fs::remove(all[i], failed);
  }
}

std::vector<fs::path> SessionDesk::earlier_sessions() const {
  std::vector<fs::path> found;
  if (folder_.empty()) return found;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_ / "earlier", failed)) {
    if (entry.path().extension() == session_extension) found.push_back(entry.path());
  }
  std::sort(found.rbegin(), found.rend());  // their names are times
  return found;
}

Document SessionDesk::open(const std::string& path) {
  OpenedSession opened = read_session(path);
  for (const Bilingual& note : opened.notes) say({in_language(note), false});
  path_ = absolute_path(path);
  find_beside(opened.document.model, path_);
  saved_ = opened.document;
  if (!folder_.empty()) {
    RecentFiles files = recent();
    remember(files.sessions, path_);
    save_recent(files, folder_);
  }
  return std::move(opened.document);
}

void SessionDesk::start_new(const Document& document) {
  path_.clear();
  saved_ = document;
}

void SessionDesk::save(const Document& document, const std::string& path) {
  path_ = absolute_path(path);
  saved_ = document;
  writer_.submit({document, path_});
}

void SessionDesk::write_named(const SaveJob& job) {
  write_session(job.document, job.path);
  say({format_text("session.saved", fmt::arg("path", job.path)), false});
  if (folder_.empty()) return;
  RecentFiles files = recent();
  remember(files.sessions, job.path);
  save_recent(files, folder_);
}

void SessionDesk::remember_model(const std::string& model) {
  if (folder_.empty() || model.empty() || model == remembered_model_) return;
  remembered_model_ = model;
  RecentFiles files = recent();
  remember(files.models, model);
  save_recent(files, folder_);
}

void SessionDesk::remember_trace(const std::string& path) {
  if (folder_.empty() || path.empty()) return;
  RecentFiles files = recent();
  remember(files.traces, path);
  save_recent(files, folder_);
}

RecentFiles SessionDesk::recent() const { return folder_.empty() ? RecentFiles() : load_recent(folder_); }

void SessionDesk::say(Notice notice) {
  const std::lock_guard lock(mutex_);
  notices_.push_back(std::move(notice));
}

std::vector<Notice> SessionDesk::take_notices() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

}  // namespace headlight
