// The program behind the window: from commands to documents to requests, once a frame.
#include "gui/app.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/session/document_names.h"
#include "core/session/learning.h"
#include "core/session/text_tokens.h"
#include "gui/bars.h"
#include "gui/fonts.h"
#include "gui/layout.h"
#include "gui/open_part.h"
#include "gui/settings.h"
#include "gui/strings.h"
#include "gui/widgets/canvas.h"
#include "imgui.h"

namespace headlight {
namespace {

std::string folder_beside_assets(const char* name) { return (assets_folder().parent_path() / name).string(); }

std::vector<LessonOrError> lessons_or_none() {
  try {
    return load_lessons(folder_beside_assets("lessons"));
  } catch (const UserError& error) {
    return {LessonError{"lessons", 0, said(error)}};
  }
}

void set_view(Document& document, const std::string& name) {
  if (const auto view = find_named(center_views, name)) document.view = *view;
  if (const auto mode = find_named(attention_modes, name)) {
    document.view = CenterView::attention;
    document.attention_mode = *mode;
  }
  if (const auto picture = find_named(embedding_pictures, name)) {
    document.view = CenterView::embeddings;
    document.embedding.picture = *picture;
  }
  if (const auto part = find_named(lens_parts, name)) {
    document.view = CenterView::lens;
    document.lens.part = *part;
  }
}

Document first_document(const StartOptions& options, const std::vector<Example>& examples) {
  Document document;
  if (!examples.empty()) document = with_example(document, examples.front());
  document.model = options.compute.model;
  if (options.text) document.text = *options.text;
  document.source_text = options.source_text.value_or("");
  if (options.view) set_view(document, *options.view);
  document.layer = options.layer.value_or(document.layer);
  if (options.layer) document.embedding_layer = *options.layer + 1;  // what this block left
  document.head = options.head.value_or(document.head);
  return document;
}

// A "?" that nobody types into a text.
bool asks_for_help() {
  const ImVector<ImWchar>& typed = ImGui::GetIO().InputQueueCharacters;
  return std::find(typed.begin(), typed.end(), ImWchar('?')) != typed.end();
}

// Whoever says what to show does not want what was open the last time.
bool asks_for_something(const StartOptions& options) {
  return options.model_given || options.text || options.source_text || options.view || options.lesson ||
         options.layer || options.head || !options.file.empty() || !options.screenshot.empty();
}

// What the computation depends on; views' other choices need no new pass.
bool needs_new_result(const Document& a, const Document& b) {
  return a.text != b.text || a.source_text != b.source_text || a.attention_part != b.attention_part ||
         a.interventions != b.interventions || a.query != b.query || a.sampling != b.sampling;
}

}  // namespace

App::App(const StartOptions& options, std::filesystem::path config, std::function<void()> wake,
         std::filesystem::path state)
    : config_(std::move(config)),
      wake_(std::move(wake)),
      desk_(std::move(state)),
      history_(Document{}),
      settings_(load_settings(config_)),
      examples_(load_examples((assets_folder() / "examples.json").string())),
      lessons_(lessons_or_none()),
      views_(make_views()),
      exporter_([this](const std::string& words, bool is_error) {
        desk_.say({words, is_error});
        wake_();
      }),
      computation_(options.compute.device, options.compute.threads, wake_) {
  if (options.theme) settings_.theme = *options.theme == "light" ? Theme::light : Theme::dark;
  if (options.language) settings_.language = *options.language;
  if (options.zoom) settings_.zoom = *options.zoom;
  settings_.reduced_motion = settings_.reduced_motion || !options.screenshot.empty();
  if (options.presenter) presenter_.toggle();
  apply_look();
  std::optional<Document> last;
  if (!asks_for_something(options)) last = desk_.restore();
  history_ = History(last ? std::move(*last) : first_document(options, examples_));
  dialog_ = options.dialog;
  if (!options.part.empty()) open_part(views_, options.part);
  const std::string model = document().model;
  if (!options.file.empty()) {
    open_file(options.file);
    if (waits_for_traced_text_ && options.model_given) {
      open_trace(options.file, options.compute.model);
    } else if (options.model_given) {
      run({OpenModel{options.compute.model}}, 0.0);
    }
  }
  if (document().model == model) computation_.open_model(model);  // else it is being opened
  if (options.train_steps > 0) learn_until(options.train_steps);
  if (options.lesson) {
    if (!find_lesson(lessons_, *options.lesson)) {
      throw UserError(
          fmt::format("there is no lesson '{}'; `headlight lessons list` names them.", *options.lesson));
    }
    show_lesson_step({*options.lesson, options.lesson_step}, 0.0);
  }
}

App::~App() = default;

bool App::wants_redraw() const { return computation_.busy() || (tokens_to_generate_ > 0 && !paused_); }

void App::set_scale(float scale) {
  scale_ = scale;
  apply_look();
}

void App::apply_look() {
  set_language(settings_.language == "ko" ? Language::korean : Language::english);
  choose_sequential_map(settings_.color_map);
  const float height = ImGui::GetIO().DisplaySize.y;
  const float larger = presenter_.is_on() && height > 0 ? Presenter::enlargement(height, scale_) : 1.0F;
  looks_at_height_ = height;
  apply_theme(settings_.theme, scale_, settings_.zoom * larger);
}

void App::change_settings(const Settings& settings) {
  settings_ = settings;
  apply_look();
  save_settings(settings_, config_);
}

void App::show_lesson_step(const LessonPlace& place, double seconds) {
  const Lesson* lesson = find_lesson(lessons_, place.id);
  if (!lesson) return;
  const auto step = static_cast<std::size_t>(
      std::clamp<std::int64_t>(place.step, 0, static_cast<std::int64_t>(lesson->steps.size()) - 1));
  Document wanted = document_at(document(), *lesson, step, nullptr);
  lesson_waits_for_tokens_ = !model_ || model_->name != wanted.model;
  if (!lesson_waits_for_tokens_) {
    wanted = document_at(document(), *lesson, step, model_->tokenizer.get());
  }
  run({ReplaceDocument{std::move(wanted)}}, seconds);
}

// A step that was shown before its model was there named tokens that nobody could find yet.
void App::lock_lesson_tokens() {
  if (!lesson_waits_for_tokens_ || !model_ || model_->name != document().model) return;
  lesson_waits_for_tokens_ = false;
  const Lesson* lesson = document().lesson ? find_lesson(lessons_, document().lesson->id) : nullptr;
  if (!lesson) return;
  const Document wanted = document_at(document(), *lesson, static_cast<std::size_t>(document().lesson->step),
                                      model_->tokenizer.get());
  Document locked = document();
  if (locked.text != wanted.text) return;  // the learner went on
  if (!locked.query) locked.query = wanted.query;
  if (!locked.key) locked.key = wanted.key;
  history_.amend(std::move(locked));
}

void App::run(const std::vector<Command>& commands, double seconds) {
  const std::string model_before = document().model;
  history_.run(commands, seconds);
  if (document().model != model_before) computation_.open_model(document().model);
}

void App::act(const Action& action) {
  const std::string model_before = document().model;
  struct Doer {
    App& app;
    void operator()(const Undo&) const { app.history_.undo(); }
    void operator()(const Redo&) const { app.history_.redo(); }
    void operator()(const ChangeSettings& change) const { app.change_settings(change.settings); }
    void operator()(const Generate& generate) const {
      app.tokens_to_generate_ = generate.tokens;
      app.paused_ = false;
    }
    void operator()(const StopGenerating&) const { app.tokens_to_generate_ = 0; }
    void operator()(const PauseGenerating& pause) const { app.paused_ = pause.pause; }
    void operator()(const Learn& learn) const { app.learn(learn); }
    void operator()(const ShowPalette&) const { app.palette_.open(); }
    void operator()(const ShowLessons&) const {
      for (const LessonOrError& entry : app.lessons_) {
        if (const auto* lesson = std::get_if<Lesson>(&entry)) {
          app.show_lesson_step({lesson->id, 0}, ImGui::GetTime());
          return;
        }
      }
    }
    void operator()(const ShowModel&) const { app.dialog_ = app.dialog_ == "model" ? "" : "model"; }
    void operator()(const ShowCatalog&) const { app.dialog_ = app.dialog_ == "catalog" ? "" : "catalog"; }
    void operator()(const ShowHelp&) const { app.dialog_ = app.dialog_ == "help" ? "" : "help"; }
    void operator()(const FocusPrompt&) const { app.focus_prompt_ = true; }
    void operator()(const ResetLayout&) const { app.reset_layout_ = true; }
    void operator()(const TogglePresenter&) const {
      app.presenter_.toggle();
      app.apply_look();
      app.focus_prompt_ = true;
    }
    void operator()(const UseDevice& use) const { app.computation_.use_device(use.name); }
    void operator()(const RetryLoading&) const { app.computation_.open_model(app.document().model); }
    void operator()(const CancelLoading&) const { app.computation_.cancel_loading(); }
    void operator()(const Quit&) const { app.quit_ = true; }
  };
  std::visit(Doer{*this}, action);
  if (document().model != model_before) computation_.open_model(document().model);
}

void App::update_tokens() {
  if (tokens_by_ == model_.get() && tokens_of_ == document().text) return;
  tokens_of_ = document().text;
  tokens_by_ = model_.get();
  tokens_ = model_ ? text_tokens(*model_, tokens_of_) : std::vector<Token>();
}

void App::request_if_changed() {
  if (requested_ && !needs_new_result(*requested_, document())) return;
  requested_ = document();
  computation_.request(document());
}

// One token at a time, each from the distribution that is on the screen.
void App::continue_generating(double seconds) {
  if (model_ && model_->architecture.head != OutputHead::language_model) tokens_to_generate_ = 0;
  if (tokens_to_generate_ == 0 || paused_ || !model_ || !result_.next || !result_.trace) return;
  const double speed = document().next.speed;
  if (speed > 0.0 && seconds - generated_at_ < 1.0 / speed) return;
  if (document().query) {
    run({SelectQuery{std::nullopt}}, seconds);  // the tail is what grows
    return;
  }
  const bool current = result_.trace->tokens() == runnable_tokens(*model_, tokens_) &&
                       result_.trace->complete() && result_.next_position == result_.trace->positions() - 1;
  if (!current || computation_.busy()) return;
  const bool full = result_.trace->positions() >= model_->architecture.context;
  const TokenId id = sample(*result_.next, document().seed, result_.trace->positions());
  if (full || id == model_->tokenizer->end_of_text()) {
    tokens_to_generate_ = 0;
    return;
  }
  --tokens_to_generate_;
  generated_at_ = seconds;
  run({AppendText{model_->tokenizer->bytes(id)}}, seconds);
}

Frame App::make_frame(double seconds) {
  highlights_.clear();
  if (document().lesson) {
    if (const Lesson* lesson = find_lesson(lessons_, document().lesson->id)) {
      const auto step = static_cast<std::size_t>(document().lesson->step);
      if (step < lesson->steps.size()) {
        for (const Panel panel : lesson->steps[step].highlights)
          highlights_.insert(std::string(panel_name(panel)));
      }
    }
  }
  return {document(),
          settings_,
          hover_,
          tokens_,
          model_.get(),
          result_,
          load_,
          error_,
          device_,
          computation_.busy(),
          tokens_to_generate_ > 0,
          tokens_to_generate_ > 0 && paused_,
          history_.can_undo(),
          history_.can_redo(),
          examples_,
          lessons_,
          highlights_,
          std::exchange(focus_prompt_, false),
          frame_seconds_,
          seconds,
          tasks_,
          learning_snapshot_.get()};
}

void App::shortcuts(Commands& commands) {
  const auto pressed = [](ImGuiKeyChord chord) {
    return ImGui::Shortcut(chord, ImGuiInputFlags_RouteGlobal | ImGuiInputFlags_RouteOverActive);
  };
  const auto repeated = [](ImGuiKeyChord chord) {
    return ImGui::Shortcut(
        chord, ImGuiInputFlags_RouteGlobal | ImGuiInputFlags_RouteOverActive | ImGuiInputFlags_Repeat);
  };
  if (repeated(ImGuiMod_Ctrl | ImGuiKey_Z)) commands.act(Undo{});
  if (repeated(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_Z) || repeated(ImGuiMod_Ctrl | ImGuiKey_Y))
    commands.act(Redo{});
  if (pressed(ImGuiMod_Ctrl | ImGuiKey_K)) commands.act(ShowPalette{});
  if (pressed(ImGuiMod_Ctrl | ImGuiKey_L)) commands.act(FocusPrompt{});
  for (std::size_t tab = 0; tab < center_views.size(); ++tab) {
    if (pressed(ImGuiMod_Ctrl | static_cast<ImGuiKey>(ImGuiKey_1 + static_cast<int>(tab))))
      commands.edit(ShowView{center_views[tab].value});
  }
  using File = FileRequest::Kind;
  if (pressed(ImGuiMod_Ctrl | ImGuiKey_O)) desk_.ask({File::choose_to_open, ""});
  if (pressed(ImGuiMod_Ctrl | ImGuiKey_S)) desk_.ask({File::save, ""});
  if (pressed(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_S)) desk_.ask({File::save_as, ""});
  if (pressed(ImGuiMod_Ctrl | ImGuiKey_Q)) commands.act(Quit{});
  if (pressed(ImGuiKey_F1) || (!ImGui::GetIO().WantTextInput && asks_for_help())) commands.act(ShowHelp{});
  if (pressed(ImGuiKey_F5)) commands.act(TogglePresenter{});
  Settings zoomed = settings_;
  if (repeated(ImGuiMod_Ctrl | ImGuiKey_Equal)) zoomed.zoom = std::min(2.5F, settings_.zoom * 1.1F);
  if (repeated(ImGuiMod_Ctrl | ImGuiKey_Minus)) zoomed.zoom = std::max(0.75F, settings_.zoom / 1.1F);
  if (pressed(ImGuiMod_Ctrl | ImGuiKey_0)) zoomed.zoom = 1.0F;
  if (!(zoomed == settings_)) commands.act(ChangeSettings{zoomed});
  if (ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopupId) || !ImGui::IsKeyPressed(ImGuiKey_Escape, false))
    return;
  if (!dialog_.empty()) {
    dialog_.clear();
  } else if (tokens_to_generate_ > 0) {
    commands.act(StopGenerating{});
  } else if (!presenter_.escape()) {
    commands.edit(ReleaseSelection{});
  }
}

// Without a network the first start shows what comes with the program, and says so.
void App::fall_back(double seconds) {
  if (model_ || load_.phase != LoadPhase::failed || fell_back_) return;
  fell_back_ = true;
  try {
    const auto wanted = find_in_catalog(document().model), own = find_in_catalog(offline_model);
    if (!wanted || wanted->own() || !own || !installed_path(*own)) return;
    desk_.say({format_text("load.instead", fmt::arg("model", wanted->title), fmt::arg("own", own->title),
                           fmt::arg("error", in_language(load_.error))),
               true});
    run({OpenModel{own->name}}, seconds);
    const bool typed_none = !examples_.empty() && document().text == examples_.front().text;
    if (typed_none && own->first_text) run({SetText{in_language(*own->first_text)}}, seconds);
  } catch (const UserError&) {  // no catalog: the load's own error is on the screen
  }
}

void App::draw(double seconds) {
  let_tab_begin_anew();
  if (presenter_.is_on() && ImGui::GetIO().DisplaySize.y != looks_at_height_) apply_look();
  model_ = computation_.model();
  result_ = computation_.result();
  load_ = computation_.load_state();
  error_ = in_language(computation_.error());
  device_ = computation_.device_name();
  if (const Bilingual notice = computation_.take_notice(); !notice.empty())
    desk_.say({in_language(notice), true});
  fall_back(seconds);
  follow_learning(seconds);
  show_traced_text();
  update_tokens();
  lock_lesson_tokens();
  continue_generating(seconds);
  update_tokens();

  Commands commands;
  const Frame frame = make_frame(seconds);
  shortcuts(commands);
  if (presenter_.is_on()) presenter_.keys(frame, commands);
  draw_windows(frame, commands);
  palette_.draw(frame, commands, desk_);
  draw_files(commands, seconds);

  hover_ = commands.hover();
  pending_ = commands.is_pending() || waits_for_learning();
  tasks_ = commands.tasks();
  for (const Action& action : commands.actions()) act(action);
  std::vector<Command> gesture;  // what one frame asks for is one step to undo
  for (const Command& edit : commands.edits()) {
    if (std::holds_alternative<SetText>(edit) || std::holds_alternative<SetSourceText>(edit))
      tokens_to_generate_ = 0;  // who types takes over
    const auto* lesson = std::get_if<SetLesson>(&edit);
    if (lesson && lesson->place) {
      show_lesson_step(*lesson->place, seconds);
    } else {
      gesture.push_back(edit);
    }
  }
  if (!gesture.empty()) run(gesture, seconds);
  for (const FileRequest& request : desk_.take_requests()) do_file_request(request);
  request_if_changed();
  desk_.keep(document());
  // What was typed in this frame is tokenised and drawn in the next one, which comes at once.
  if (!commands.edits().empty() || !commands.actions().empty() || commands.animating() ||
      exporter_.wants_frames())
    wake_();
}

void App::draw_windows(const Frame& frame, Commands& commands) {
  if (presenter_.is_on()) {
    presenter_.draw(views_, frame, commands, prompt_height_);
    draw_dialog(frame, commands);
    return;
  }
  const LayoutRequest request{document().lesson.has_value(), reset_layout_};
  reset_layout_ = false;
  draw_top_bar(frame, commands, desk_);
  draw_status_bar(frame, commands);
  if (View* prompt = find_view(views_, "prompt")) draw_prompt_strip(*prompt, frame, commands, prompt_height_);
  draw_dock_space(request);
  draw_center(frame, commands);
  for (const PlacedView& placed : views_) {
    const bool wanted = placed.place == Place::side || (placed.place == Place::lesson && document().lesson) ||
                        (placed.place == Place::drawer && document().next.tree);
    if (wanted) draw_panel(*placed.view, frame, commands);
  }
  draw_dialog(frame, commands);
}

void App::draw_center(const Frame& frame, Commands& commands) {
  std::vector<View*> tabs;
  for (const PlacedView& placed : views_) {
    if (placed.place == Place::center) tabs.push_back(placed.view.get());
  }
  draw_center_panel(find_view(views_, "prompt_detail"), tabs, frame, commands);
}

void App::draw_dialog(const Frame& frame, Commands& commands) {
  for (const PlacedView& placed : views_) {
    if (placed.place != Place::dialog || placed.view->name() != dialog_) continue;
    if (!draw_dialog_window(*placed.view, frame, commands)) dialog_.clear();
  }
}

}  // namespace headlight
