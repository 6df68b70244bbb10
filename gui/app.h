// The program behind the window: document, settings, worker and views, and one frame of all of them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/command_line/command_line.h"
#include "core/session/command.h"
#include "core/session/computation.h"
#include "gui/command_palette.h"
#include "gui/exporter.h"
#include "gui/notice_stack.h"
#include "gui/path_dialog.h"
#include "gui/presenter.h"
#include "gui/session_desk.h"
#include "gui/view.h"

namespace headlight {

class Learning;

class App {
 public:
  // `wake` asks for a frame, from any thread. `config` is the folder that remembers settings, `state` the one
  // that keeps sessions; empty: nothing is.
  App(const StartOptions& options, std::filesystem::path config, std::function<void()> wake,
      std::filesystem::path state = {});
  ~App();

  // Between ImGui::NewFrame and Render.
  void draw(double seconds);

  bool wants_redraw() const;                 // something moves: ask for another frame
  bool pending() const { return pending_; }  // a view waits for what a worker of its own makes
  bool wants_to_quit() const { return quit_; }
  void open_files(const std::vector<std::string>& paths);  // dropped on the window
  std::string title() const;                               // of the window
  void set_scale(float scale);                             // of the monitor
  // After each frame, while its pixels can be read: takes the picture that was asked for.
  void frame_is_drawn(const ReadPixels& read) { exporter_.frame_is_drawn(read); }
  void set_frame_seconds(double seconds) { frame_seconds_ = seconds; }

  // For pictures and tests: until the model is loaded and the document is computed.
  void wait_idle() { computation_.wait_idle(); }
  const Document& document() const { return history_.current(); }
  const std::vector<Token>& tokens() const { return tokens_; }
  Result result() const { return computation_.result(); }
  const std::string& error() const { return error_; }  // of the last pass
  const Settings& settings() const { return settings_; }
  void run(const std::vector<Command>& commands, double seconds);  // one step to undo

 private:
  Frame make_frame(double seconds);
  void draw_windows(const Frame& frame, Commands& commands);
  void draw_center(const Frame& frame, Commands& commands);
  void draw_dialog(const Frame& frame, Commands& commands);
  void shortcuts(Commands& commands);
  void act(const Action& action);
  void show_lesson_step(const LessonPlace& place, double seconds);
  void lock_lesson_tokens();
  void change_settings(const Settings& settings);
  void apply_look();
  void update_tokens();
  void request_if_changed();
  void continue_generating(double seconds);
  void fall_back(double seconds);
  void open_file(const std::string& path);
  void open_session(const std::string& path);
  void open_trace(const std::string& path, const std::string& model);
  void show_traced_text();
  void do_file_request(const FileRequest& request);
  void ask_for_path(PathDialog::Purpose purpose);
  void ask_for_export(const FileRequest& request);
  void write_export(const std::string& path);
  void copy_table();
  void draw_files(Commands& commands, double seconds);
  void learn(const Learn& order);
  void learn_until(std::int64_t step);
  bool waits_for_learning() const;
  void follow_learning(double seconds);
  void open_learnt(double seconds);

  std::filesystem::path config_;
  std::function<void()> wake_;
  SessionDesk desk_;
  History history_;
  Settings settings_;
  Hover hover_;
  std::vector<Example> examples_;
  std::vector<LessonOrError> lessons_;
  std::vector<PlacedView> views_;
  CommandPalette palette_;
  Presenter presenter_;
  PathDialog path_dialog_;
  PathDialog::Purpose path_purpose_ = PathDialog::Purpose::open;
  NoticeStack notices_;
  bool fell_back_ = false;  // to the model that comes with the program; once
  Exporter exporter_;
  std::optional<FileRequest> export_;  // what the open path dialog is for, if not for a session
  std::set<std::string> highlights_;

  // What make_frame shows; refreshed at the start of each frame.
  std::shared_ptr<const Model> model_;
  Result result_;
  LoadState load_;
  std::string error_;
  std::string device_;
  std::vector<Token> tokens_;
  std::string tokens_of_;  // the text that tokens_ belongs to
  const Model* tokens_by_ = nullptr;
  std::optional<Document> requested_;

  std::string dialog_;  // name of the open dialog, or empty
  std::int64_t tokens_to_generate_ = 0;
  float scale_ = 1.0F;
  float looks_at_height_ = 0.0F;  // the window's, when the look was applied
  float prompt_height_ = 0.0F;
  double frame_seconds_ = 0.0;
  bool waits_for_traced_text_ = false;
  bool lesson_waits_for_tokens_ = false;  // the step's locks are found once its model is there
  bool focus_prompt_ = true;
  bool reset_layout_ = false;
  bool pending_ = false;
  bool paused_ = false;
  double generated_at_ = 0.0;    // seconds, when the last token came
  std::vector<LongTask> tasks_;  // of the last frame
  bool quit_ = false;
  std::int64_t learn_until_ = 0;    // pictures wait for this step
  std::int64_t learnt_models_ = 0;  // that were written when we looked
  std::shared_ptr<const LearningSnapshot> learning_snapshot_;
  std::unique_ptr<Learning> learning_;  // made when it is first needed
  bool learns_on_ = false;              // what is being written is to learn on, not to be opened
  Computation computation_;             // last: its threads end before the rest goes
};

}  // namespace headlight
