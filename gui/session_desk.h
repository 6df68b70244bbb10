// The sessions of the window: what is kept while it changes, which file is open, what was open before, and
// what the menus ask for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/session/autosave.h"
#include "core/session/latest_wins.h"
#include "core/session/recent_files.h"
#include "core/session/session_file.h"

namespace headlight {

// ${XDG_STATE_HOME:-~/.local/state}/headlight, made if it is not there; else `config`.
std::filesystem::path state_folder(const std::filesystem::path& config);

// What a person asked for; the program does it after the frame.
struct FileRequest {
  enum class Kind {
    start_new,
    choose_to_open,
    open,
    open_model,
    save,
    save_as,
    export_picture,
    export_values,
    copy_table
  } kind = Kind::open;
  // Of open: a session, model, text or trace; of open_model: also a name; of export_picture: a panel; of
  // export_values: a glob of hook names.
  std::string path;
};

// One sentence for the user, above the status bar.
struct Notice {
  std::string text;
  bool is_error = false;
};

class SessionDesk {
 public:
  // An empty folder: nothing is kept between starts.
  explicit SessionDesk(std::filesystem::path folder);
  ~SessionDesk();  // writes what is not yet on the disk

  // What was open when the program ended, however it ended. A damaged file is put aside, and a notice says
  // so.
  std::optional<Document> restore();

  // Call it with the document of every frame: keeps it when it has changed. What was restored or came with
  // the start is kept from its first change on, and only then takes the place of an earlier session, which is
  // put aside.
  void keep(const Document& document);

  // Throws FileError.
  Document open(const std::string& path);
  void start_new(const Document& document);
  void save(const Document& document, const std::string& path);  // in the background; a notice tells the end
  void remember_model(const std::string& model);
  void remember_trace(const std::string& path);

  const std::string& path() const { return path_; }  // of the open session; empty: it has none yet
  bool is_saved(const Document& document) const { return saved_ && *saved_ == document; }
  // What was opened before, as the disk has it now: other programs add to it.
  RecentFiles recent() const;
  // Sessions that were put aside, the newest first.
  std::vector<std::filesystem::path> earlier_sessions() const;

  void ask(FileRequest request) { requests_.push_back(std::move(request)); }
  std::vector<FileRequest> take_requests() { return std::exchange(requests_, {}); }
  void say(Notice notice);
  std::vector<Notice> take_notices();

 private:
  struct SaveJob {
    Document document;
    std::string path;
  };
  void put_aside();
  void write_named(const SaveJob& job);

  std::filesystem::path folder_;
  std::unique_ptr<OwnSessionFile> own_;
  std::unique_ptr<Autosave> autosave_;
  std::optional<Document> kept_;  // what autosave_ was given last, or what the start brought
  bool restored_ = false;
  bool replaces_earlier_ = false;  // the file of autosave_ still has the session of an earlier start
  Bilingual told_error_;           // of autosave_
  std::string remembered_model_;
  std::string path_;
  std::optional<Document> saved_;  // as it is in path_
  std::vector<FileRequest> requests_;
  mutable std::mutex mutex_;  // guards notices_
  std::vector<Notice> notices_;
  LatestWins<SaveJob> writer_;  // last: it ends first
};

}  // namespace headlight
