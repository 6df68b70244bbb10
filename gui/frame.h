// What a view sees in one frame, and what it can ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/session/command.h"
#include "core/session/computation.h"
#include "core/session/document.h"
#include "core/session/examples.h"
#include "core/session/lesson.h"
#include "gui/color_map.h"
#include "gui/theme.h"

namespace headlight {

struct LearningSnapshot;

// What the mouse was over in the last frame: every view draws it highlighted, wherever it shows it.
struct Hover {
  std::optional<std::int64_t> query;                          // a token, or the row of a map
  std::optional<std::int64_t> key;                            // the column of a map
  std::optional<std::int64_t> source_query, source_key;       // the same among the tokens of the source text
  std::optional<std::pair<std::int64_t, std::int64_t>> head;  // layer, head
  std::optional<TokenId> candidate;
  std::optional<ValueReference> value;
};

// What is not part of the document: no undo, remembered between starts.
struct Settings {
  Theme theme = Theme::dark;
  std::string language = "en";  // "en" or "ko"
  float zoom = 1.0F;            // of all type, 0.75 to 2.5
  bool reduced_motion = false;
  ColorMap color_map = ColorMap::violet;  // of everything from 0 to 1
  bool operator==(const Settings&) const = default;
};

// What takes long, for the status bar.
struct LongTask {
  std::string name;       // "Beam search"
  float fraction = 0.0F;  // done, 0 to 1
};

struct Frame {
  const Document& document;
  const Settings& settings;
  const Hover& hover;
  const std::vector<Token>& tokens;  // of document.text as it is in this very frame; empty without a model
  const Model* model;                // null until one is loaded
  const Result& result;              // may lag behind `tokens`; its trace carries its own tokens
  const LoadState& load;
  const std::string& error;  // of the last pass, empty when it went well
  const std::string& device;
  bool busy;  // a pass is running
  bool generating;
  bool paused;  // generating, but waiting for somebody to go on
  bool can_undo;
  bool can_redo;
  const std::vector<Example>& examples;
  const std::vector<LessonOrError>& lessons;
  const std::set<std::string>& highlights;  // panels that the current lesson step points at
  bool focus_prompt;                        // the prompt should take the keyboard in this frame
  double frame_seconds;                     // what drawing the last frame cost on the CPU
  double seconds;                           // since the start
  const std::vector<LongTask>& tasks;       // that views reported in the last frame
  const LearningSnapshot* learning;         // null before the first run

  // The trace, when there is one; it may be unfinished.
  const Trace* trace() const { return result.trace.get(); }
  // Tokens of the trace: what maps and lists index.
  std::int64_t positions() const { return result.trace ? result.trace->positions() : 0; }
  // The token that the views look from: hovered, else locked, else the last. -1 without a trace.
  std::int64_t query() const;
  // The same without hovering: what clicks have chosen.
  std::int64_t locked_query() const;
  // The token whose way to the output people follow, as they chose it in the lens or locked it among the
  // candidates, and the one that it is held against; nothing where the model has no such token.
  std::optional<TokenId> target() const;
  std::optional<TokenId> distractor() const;
  // The current head, clamped to the model.
  std::int64_t layer() const;
  std::int64_t head() const;
  // "·Paris", for chips, axes and lists; of the trace's token at a position.
  std::string token_text(std::int64_t position) const;
  bool highlighted(const std::string& panel) const { return highlights.contains(panel); }
};

// What a user can do that is not a change of the document.
struct Undo {};
struct Redo {};
struct ChangeSettings {
  Settings settings;
};
struct Generate {
  std::int64_t tokens;
};
struct StopGenerating {};
struct PauseGenerating {
  bool pause;
};
// To the model that learns in the window.
struct Learn {
  enum class Order { start, pause, go_on, one_update, stop, open, learn_on } order;
  std::int64_t step = -1;  // open in every view, learn_on: the kept state, else the newest
};
struct ShowPalette {};  // Ctrl+K
struct ShowLessons {};
struct ShowModel {};
struct ShowCatalog {};
struct ShowHelp {};  // ?
struct FocusPrompt {};
struct ResetLayout {};
struct TogglePresenter {};  // F5
struct UseDevice {
  std::string name;  // a DeviceChoice's
};
struct RetryLoading {};
struct CancelLoading {};
struct Quit {};
using Action = std::variant<Undo, Redo, ChangeSettings, Generate, StopGenerating, PauseGenerating, Learn,
                            ShowPalette, ShowLessons, ShowModel, ShowCatalog, ShowHelp, FocusPrompt,
                            ResetLayout, TogglePresenter, UseDevice, RetryLoading, CancelLoading, Quit>;

// What views emit while they draw; the program applies it after the frame.
class Commands {
 public:
  void edit(Command command);  // undoable
  void act(Action action);

  // What the mouse is over now; views call these while they draw, and see the union in the next frame.
  Hover& hover() { return hover_; }

  // Something moves: another frame is wanted right after this one.
  void animate() { animating_ = true; }
  bool animating() const { return animating_; }
  // A view's worker has not made yet what it should show: draw again soon, and let pictures wait for it.
  void pending() { pending_ = animating_ = true; }
  bool is_pending() const { return pending_; }
  // The same of something that may take longer than a moment: the status bar shows how far it is.
  void progress(std::string name, float fraction) {
    pending();
    tasks_.push_back({std::move(name), fraction});
  }
  const std::vector<LongTask>& tasks() const { return tasks_; }

  const std::vector<Command>& edits() const { return edits_; }
  const std::vector<Action>& actions() const { return actions_; }

 private:
  std::vector<Command> edits_;
  std::vector<Action> actions_;
  Hover hover_;
  bool animating_ = false;
  bool pending_ = false;
  std::vector<LongTask> tasks_;
};

}  // namespace headlight
