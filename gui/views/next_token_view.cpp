// Header and search, measures, list, transport, sampling: from top to bottom.
#include "gui/views/next_token_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/analysis/class_scores.h"
#include "core/session/continuations.h"
#include "core/session/text_tokens.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/tree_layout.h"
#include "gui/widgets/chip.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/icon_button.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/thin_slider.h"
#include "gui/widgets/token_piece.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

constexpr std::int64_t tokens_of_generate = 20;
constexpr double fastest = 31.0;  // of the slider: as fast as the model is

float em() { return ImGui::GetFontSize(); }

void muted(const std::string& words) {
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
}

void draw_empty_state(const std::string& headline, const std::string& sentence) {
  ImGui::Dummy(ImVec2(0.0F, em() * 0.8F));
  ImGui::PushTextWrapPos(0.0F);
  {
    const ScopedFont large(fonts().large, 1.3F);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(headline.c_str());
    ImGui::PopStyleColor();
  }
  muted(sentence);
  ImGui::PopTextWrapPos();
}

// A measure: muted name, number. On a new line when the rest of this one is too short.
void draw_measure(const std::string& name, const std::string& number, const std::string& tooltip, bool first,
                  float scale = 0.9F) {
  const float gap = em() * 0.35F;
  const auto width_of = [scale](ImFont* font, const std::string& words) {
    const ScopedFont scoped(font, scale);
    return ImGui::CalcTextSize(words.c_str()).x;
  };
  const float width = width_of(fonts().body, name) + gap + width_of(fonts().mono, number);
  if (!first) {
    ImGui::SameLine(0.0F, em() * 0.7F);
    if (ImGui::GetContentRegionAvail().x < width) ImGui::NewLine();
  }
  ImGui::BeginGroup();
  if (!name.empty()) {
    const ScopedFont body(fonts().body, scale);
    muted(name);
    ImGui::SameLine(0.0F, gap);
  }
  {
    const ScopedFont mono(fonts().mono, scale);
    ImGui::TextUnformatted(number.c_str());
  }
  ImGui::EndGroup();
  ImGui::SetItemTooltip("%s", tooltip.c_str());
}

// A line a class: name, probability (of a single class its number), and a bar.
void draw_class_list(const std::vector<ClassScore>& classes) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const bool single = classes.size() == 1;
  for (const ClassScore& one : classes) {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x;
    const float line = em() * 2.4F;
    ImGui::PushID(static_cast<int>(one.label));
    ImGui::InvisibleButton("##class", ImVec2(std::max(1.0F, width), line), ImGuiButtonFlags_EnableNav);
    ImGui::PopID();
    ImGui::SetItemTooltip("%s", format_text("next.class_tip", fmt::arg("name", one.name),
                                            fmt::arg("logit", rounded_text(one.logit, 4)))
                                    .c_str());
    const std::string number = single ? rounded_text(one.logit, 4) : percent_text(one.probability);
    float taken = 0.0F;
    {
      const ScopedFont mono(fonts().mono, 0.95F);
      taken = ImGui::CalcTextSize(number.c_str()).x;
      list->AddText(ImVec2(corner.x + width - taken, corner.y + em() * 0.3F), palette().text, number.c_str());
    }
    list->AddText(ImVec2(corner.x, corner.y + em() * 0.3F), palette().text,
                  shortened(one.name, std::max(0.0F, width - taken - em())).c_str());
    if (single) continue;
    const float top = corner.y + em() * 1.6F;
    const float height = em() * 0.35F;
    const auto share = static_cast<float>(std::clamp(one.probability, 0.0, 1.0));
    list->AddRectFilled(ImVec2(corner.x, top), ImVec2(corner.x + width, top + height),
                        with_alpha(palette().probability, 0.14F), height * 0.5F);
    list->AddRectFilled(ImVec2(corner.x, top),
                        ImVec2(corner.x + std::max(height, width * share), top + height),
                        palette().probability, height * 0.5F);
  }
}

}  // namespace

NextTokenView::NextTokenView()
    : elsewhere_([](const Request& request, const Progress&) {
        return distribution(request.trace->row(Hook::logits, 0, request.position), request.sampling);
      }) {}

void NextTokenView::take(const Frame& frame, Commands& commands) {
  if (!frame.model) shown_.reset();
  // Typing everything away is a result, too.
  if (frame.tokens.empty() && frame.document.text.empty()) shown_.reset();
  if (frame.model && !frame.result.trace) shown_.reset();
  const std::shared_ptr<const Distribution>& newest = frame.result.next;
  if (!newest || !frame.trace() || newest->ranked.empty() || frame.tokens.empty()) return;
  find_masks(frame);
  const std::int64_t wanted = frame.query();
  const bool known = wanted == frame.result.next_position || frame.generating || !frame.trace()->complete() ||
                     !frame.trace()->has(Hook::logits);
  if (known) return show(frame, newest, frame.result.next_position);
  elsewhere_.want({frame.result.trace, wanted, frame.document.sampling});
  if (elsewhere_.pending()) commands.pending();
  const auto done = elsewhere_.done();
  if (!done || !done->value || done->key.trace != frame.result.trace) {
    if (!shown_) show(frame, newest, frame.result.next_position);
    return;
  }
  show(frame, done->value, done->key.position);
}

void NextTokenView::show(const Frame& frame, std::shared_ptr<const Distribution> newest,
                         std::int64_t position) {
  if (newest == shown_) return;
  shown_ = std::move(newest);
  model_ = frame.trace()->shared_model();
  position_ = position;
  before_.clear();
  const bool masked = model_->architecture.head == OutputHead::masked_lm;
  for (std::int64_t i = std::max<std::int64_t>(0, position_ - 3); i < position_ && !masked; ++i) {
    before_ += model_->tokenizer->bytes(frame.trace()->tokens()[static_cast<std::size_t>(i)]);
  }
  // With spaces visible, and as the character that it completes.
  const std::string& last =
      model_->tokenizer->bytes(frame.trace()->tokens()[static_cast<std::size_t>(position_)]);
  after_ = step_label(before_, last);
  before_ = masked ? "" : before_ + last;
  tail_ = 0.0;
  // From the small end, so that nothing is lost in the sum.
  for (std::size_t rank = shown_->ranked.size(); rank > 10; --rank) {
    const double probability = shown_->ranked[rank - 1].probability;
    if (!std::isnan(probability)) tail_ += probability;
  }
}

// The mask tokens of the text, and what the model would put there.
void NextTokenView::find_masks(const Frame& frame) {
  const Trace& trace = *frame.trace();
  if (masks_of_ == frame.result.trace || !trace.complete()) return;
  masks_of_ = frame.result.trace;
  masks_.clear();
  const Model& model = trace.model();
  if (model.architecture.head != OutputHead::masked_lm || !model.tokenizer) return;
  const std::optional<TokenId> mask = model.tokenizer->mask_token();
  for (std::int64_t position = 0; mask && position < trace.positions(); ++position) {
    if (trace.tokens()[static_cast<std::size_t>(position)] != *mask) continue;
    const std::span<const float> logits = trace.row(Hook::logits, 0, position);
    const auto best = std::max_element(logits.begin(), logits.end());
    masks_.push_back({position, static_cast<TokenId>(best - logits.begin())});
  }
}

std::int64_t NextTokenView::rank_of(TokenId id) const {
  const auto found = std::find_if(shown_->ranked.begin(), shown_->ranked.end(),
                                  [&](const Candidate& candidate) { return candidate.id == id; });
  return found == shown_->ranked.end() ? -1 : found - shown_->ranked.begin();
}

// An old list is drawn a little fainter, once the new one takes its time.
float NextTokenView::fade(const Frame& frame, Commands& commands) {
  const float wanted = frame.busy && !frame.generating ? 1.0F : 0.0F;
  if (frame.settings.reduced_motion) dimmed_ = wanted;
  if (dimmed_ != wanted) {
    const float step = std::min(ImGui::GetIO().DeltaTime, 0.05F) / (wanted > dimmed_ ? 0.6F : 0.15F);
    dimmed_ = wanted > dimmed_ ? std::min(wanted, dimmed_ + step) : std::max(wanted, dimmed_ - step);
    commands.animate();
  }
  return 1.0F - 0.35F * dimmed_;
}

// Models that do not score tokens: classes, a vector for the whole text, or nothing that has a name.
void NextTokenView::draw_other_output(const Frame& frame, Commands& commands) {
  const ArchitectureDescription& a = frame.model->architecture;
  if (a.head != OutputHead::classifier) {
    if (a.pooling != Pooling::none) return sentences_.draw(frame, commands);
    return draw_empty_state(text("next.no_output"), text("next.no_output_note"));
  }
  const bool current = frame.trace() && frame.trace()->shared_model().get() == frame.model;
  const std::vector<ClassScore> classes = current ? class_scores(*frame.trace()) : std::vector<ClassScore>();
  if (classes.empty()) {
    const bool waiting = !frame.tokens.empty();
    return draw_empty_state(text(waiting ? "next.waiting" : "next.no_text"),
                            text(waiting ? "next.waiting_note" : "next.no_text_class_note"));
  }
  muted(text("next.classes"));
  draw_class_list(classes);
  ImGui::PushTextWrapPos(0.0F);
  muted(text(classes.size() == 1 ? "next.one_class_note" : "next.classes_note"));
  ImGui::PopTextWrapPos();
}

void NextTokenView::draw(const Frame& frame, Commands& commands) {
  take(frame, commands);
  if (ImGui::Shortcut(ImGuiMod_Ctrl | ImGuiKey_Enter, ImGuiInputFlags_RouteGlobal |
                                                          ImGuiInputFlags_RouteOverActive |
                                                          ImGuiInputFlags_Repeat) &&
      shown_ && model_->architecture.head == OutputHead::language_model) {
    commands.act(Generate{1});
  }
  if (!frame.model) return draw_empty_state(text("next.no_model"), text("next.no_model_note"));
  if (!has_hook(Hook::logits, frame.model->architecture)) return draw_other_output(frame, commands);
  if (!shown_) {
    const bool waiting = !frame.tokens.empty();
    if (waiting && frame.model->encoder && frame.document.source_text.empty()) {
      return draw_empty_state(text("next.no_source"), text("next.no_source_note"));
    }
    return draw_empty_state(text(waiting ? "next.waiting" : "next.no_text"),
                            text(waiting ? "next.waiting_note" : "next.no_text_note"));
  }
  const bool continues = model_->architecture.head == OutputHead::language_model;
  const float available = ImGui::GetContentRegionAvail().y;
  const float top = ImGui::GetCursorPosY();
  if (!sampling_open_) sampling_open_ = available > em() * 34.0F;
  ImGui::PushStyleVarY(ImGuiStyleVar_ItemSpacing, em() * 0.3F);
  draw_header(frame);
  draw_masks(frame, commands);
  draw_measures();
  draw_comparison(frame, commands);
  // The list takes what the other parts left over in the last frame, two rows at least: it scrolls by itself.
  const float rows =
      std::floor(std::clamp((available - others_) / CandidateList::row_height(), 2.0F, 100.0F));
  const float height = rows * CandidateList::row_height();
  ImGui::PushStyleVar(ImGuiStyleVar_Alpha, fade(frame, commands));
  const auto chosen = list_.draw(frame, commands, shown_, *model_->tokenizer, wanted_, height, continues,
                                 frame.document.next.tree, before_);
  ImGui::PopStyleVar();
  if (chosen) choose(frame, commands, *chosen);
  if (continues) {
    draw_transport(frame, commands);
    draw_sampling(frame, commands);
  }
  others_ = ImGui::GetCursorPosY() - ImGui::GetStyle().ItemSpacing.y - top - height;
  ImGui::PopStyleVar();
}

// A candidate goes behind the text, into the tree, or into the place of the mask.
void NextTokenView::choose(const Frame& frame, Commands& commands, const CandidateList::Chosen& chosen) {
  const Tokenizer& tokenizer = *model_->tokenizer;
  const std::string& bytes = tokenizer.bytes(chosen.id);
  const auto at = static_cast<std::size_t>(position_);
  // What is on the screen may be older than the text.
  const bool current = at < frame.tokens.size() && frame.positions() > position_ &&
                       frame.tokens[at].id == frame.trace()->tokens()[at];
  if (model_->architecture.head != OutputHead::language_model) {
    if (!current || frame.tokens[at].begin == frame.tokens[at].end) return;
    std::string text = frame.document.text;
    const std::string piece = bytes.starts_with(' ') ? bytes.substr(1) : bytes;
    text.replace(frame.tokens[at].begin, frame.tokens[at].end - frame.tokens[at].begin, piece);
    commands.edit(SetText{std::move(text)});
    return;
  }
  if (!chosen.branches) return commands.edit(AppendText{bytes});
  if (!current) return;
  TokenPath here;
  for (std::size_t i = 0; i <= at; ++i) here.push_back(frame.tokens[i].id);
  NextChoices choices = frame.document.next;
  const bool all = at + 1 == frame.tokens.size();
  const std::string before = all ? frame.document.text : frame.document.text.substr(0, frame.tokens[at].end);
  std::optional<TokenPath> path;
  if (choices.root == before) {
    path = TokenPath();
  } else if (!choices.branches.empty()) {
    TokenPath root;
    for (const Token& token : text_tokens(*model_, choices.root)) root.push_back(token.id);
    path = path_behind(root, here);
  }
  if (!path) {  // the tree belongs to another text: a new one begins
    choices.root = before;
    choices.branches.clear();
    path = TokenPath();
  }
  path->push_back(chosen.id);
  choices = with_branch(std::move(choices), *path);
  choices.tree = true;
  commands.edit(SetChoices{std::move(choices)});
}

void NextTokenView::draw_header(const Frame&) {
  const bool masked = model_->architecture.head == OutputHead::masked_lm;
  const float room = ImGui::GetContentRegionAvail().x;
  const std::string count = grouped_text(static_cast<std::int64_t>(shown_->ranked.size()));
  const std::string hint = format_text("next.find_in", fmt::arg("tokens", count));
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(em() * 0.5F, em() * 0.22F));
  ImGui::AlignTextToFramePadding();
  muted(text(masked ? "next.at" : "next.after"));
  ImGui::SameLine(0.0F, em() * 0.4F);
  ImGui::BeginGroup();
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() + ImGui::GetStyle().FramePadding.y);
  draw_chip(after_, token_color(static_cast<std::size_t>(position_)), palette().token_text,
            std::min(em() * 9.0F, room * 0.26F));
  ImGui::EndGroup();
  ImGui::SetItemTooltip("%s", format_text(masked ? "next.at_tip" : "next.after_tip",
                                          fmt::arg("token", after_), fmt::arg("position", position_))
                                  .c_str());
  next_in_line(em() * 4.0F, em() * 0.6F);
  ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x);
  const bool fits = ImGui::CalcTextSize(hint.c_str()).x + em() * 1.2F < ImGui::GetContentRegionAvail().x;
  ImGui::InputTextWithHint("##find", fits ? hint.c_str() : text("next.find").c_str(), &wanted_);
  ImGui::SetItemTooltip("%s", text("next.find_tip").c_str());
  ImGui::PopStyleVar();
}

// One pill a mask: where it is, and the token that fits best.
void NextTokenView::draw_masks(const Frame& frame, Commands& commands) {
  if (masks_.size() < 2 || masks_of_ != frame.result.trace) return;
  for (const Mask& mask : masks_) {
    const std::string piece = token_piece(model_->tokenizer->bytes(mask.likeliest));
    const std::string words = fmt::format("{}  {}", mask.position, shortened(piece, em() * 7.0F));
    const ImVec2 size(ImGui::CalcTextSize(words.c_str()).x + em() * 0.9F, em() * 1.6F);
    if (&mask != &masks_.front()) {
      ImGui::SameLine(0.0F, em() * 0.3F);
      if (ImGui::GetContentRegionAvail().x < size.x) ImGui::NewLine();
    }
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    ImGui::PushID(static_cast<int>(mask.position));
    const bool clicked = ImGui::InvisibleButton("##mask", size, ImGuiButtonFlags_EnableNav);
    ImGui::PopID();
    const bool locked = frame.locked_query() == mask.position;
    if (ImGui::IsItemHovered()) commands.hover().query = mask.position;
    ImGui::SetItemTooltip("%s", format_text("next.mask_tip", fmt::arg("position", mask.position)).c_str());
    if (clicked) {
      const bool again = frame.document.query == mask.position;
      commands.edit(SelectQuery{again ? std::nullopt : std::optional(mask.position)});
    }
    ImDrawList* list = ImGui::GetWindowDrawList();
    const ImVec2 opposite(corner.x + size.x, corner.y + size.y);
    list->AddRectFilled(corner, opposite, palette().raised, em() * 0.3F);
    if (locked || position_ == mask.position) {
      list->AddRect(corner, opposite, locked ? palette().lock : palette().hover, em() * 0.3F,
                    std::max(1.0F, em() * 0.08F));
    }
    list->AddText(ImVec2(corner.x + em() * 0.45F, corner.y + em() * 0.25F), palette().text, words.c_str());
  }
}

// Back, one token, play or pause, stop, tree, and how fast.
void NextTokenView::draw_transport(const Frame& frame, Commands& commands) {
  const float gap = em() * 0.25F;
  const std::int64_t last = static_cast<std::int64_t>(frame.tokens.size()) - 1;
  const bool can_go_back = last >= 0 && frame.tokens[static_cast<std::size_t>(last)].begin > 0;
  ImGui::PushItemFlag(ImGuiItemFlags_ButtonRepeat, true);
  if (icon_button("###back", Icon::back, text("next.back_tip"), can_go_back)) {
    if (frame.generating) commands.act(PauseGenerating{true});
    commands.edit(SetText{frame.document.text.substr(0, frame.tokens[static_cast<std::size_t>(last)].begin)});
  }
  ImGui::SameLine(0.0F, gap);
  // Stop has the place of what is of no use meanwhile.
  if (frame.generating) {
    if (icon_button("###stop", Icon::stop, text("next.stop_tip"))) commands.act(StopGenerating{});
  } else if (icon_button("###one", Icon::one, text("next.one_tip"))) {
    commands.act(Generate{1});
  }
  ImGui::PopItemFlag();
  ImGui::SameLine(0.0F, gap);
  const bool running = frame.generating && !frame.paused;
  if (icon_button("###many", running ? Icon::pause : Icon::play,
                  text(running        ? "next.pause_tip"
                       : frame.paused ? "next.resume_tip"
                                      : "next.generate_tip"),
                  true, frame.generating)) {
    if (frame.generating) {
      commands.act(PauseGenerating{running});
    } else {
      commands.act(Generate{tokens_of_generate});
    }
  }
  ImGui::SameLine(0.0F, gap * 3.0F);
  const bool tree = frame.document.next.tree;
  if (icon_button("###tree", Icon::branch, text(tree ? "next.close_tree_tip" : "next.tree_tip"), true,
                  tree)) {
    NextChoices choices = frame.document.next;
    choices.tree = !tree;
    if (choices.branches.empty()) choices.root = frame.document.text;
    commands.edit(SetChoices{std::move(choices)});
  }
  ImGui::SameLine(0.0F, gap * 2.0F);
  draw_speed(frame, commands);
}

// Where there is no room for a slider: each press takes the next of some speeds.
void NextTokenView::draw_speed_button(const Frame& frame, Commands& commands, const std::string& words) {
  constexpr std::array<double, 5> speeds = {1.0, 2.0, 5.0, 10.0, 0.0};
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(em() * 0.3F, em() * 0.3F));
  if (ImGui::Button((words + "###speed_button").c_str())) {
    NextChoices choices = frame.document.next;
    const auto now = std::find(speeds.begin(), speeds.end(), choices.speed);
    choices.speed = now == speeds.end() || now + 1 == speeds.end() ? speeds.front() : *(now + 1);
    commands.edit(SetChoices{std::move(choices)});
  }
  ImGui::PopStyleVar();
  ImGui::SetItemTooltip("%s", text("next.speed_tip").c_str());
}

void NextTokenView::draw_speed(const Frame& frame, Commands& commands) {
  const double now = frame.document.next.speed;
  double place = now > 0.0 ? std::min(now, fastest - 1.0) : fastest;
  const std::string& name = text("next.speed_name");
  const std::string words = now > 0.0
                                ? format_text("next.speed", fmt::arg("tokens", fmt::format("{:.0f}", now)))
                                : text("next.fast");
  const float room = ImGui::GetContentRegionAvail().x;
  const float name_width = ImGui::CalcTextSize(name.c_str()).x + em() * 0.5F;
  if (room < em() * 7.5F + name_width) {
    const std::string both = name + " " + words;
    const bool fits = ImGui::CalcTextSize(both.c_str()).x <= room - em() * 0.6F;
    return draw_speed_button(frame, commands, fits ? both : words);
  }
  if (thin_slider("##speed", name, words, text("next.speed_tip"), {1.0, fastest, "%.0f"}, name_width,
                  place)) {
    NextChoices choices = frame.document.next;
    choices.speed = place >= fastest ? 0.0 : std::round(place);
    commands.edit(SetChoices{std::move(choices)});
  }
}

void NextTokenView::draw_measures() {
  const double bits = shown_->entropy / std::log(2.0);
  const std::string base = format_text(
      "next.base", fmt::arg("tokens", grouped_text(static_cast<std::int64_t>(shown_->ranked.size()))));
  const auto tip = [&](const char* key) { return text(key) + "\n" + base; };
  // On one line: a narrow panel leaves out the tail, which the list shows.
  const bool narrow = ImGui::GetContentRegionAvail().x < em() * 23.0F;
  const float scale = narrow ? 0.85F : 0.9F;
  draw_measure(text("next.entropy"), format_text("next.bits", fmt::arg("bits", fmt::format("{:.2f}", bits))),
               tip("next.entropy_tip"), true, scale);
  draw_measure(text("next.perplexity"), fmt::format("{:.1f}", std::exp(shown_->entropy)),
               tip("next.perplexity_tip"), false, scale);
  if (!narrow && shown_->ranked.size() > 10) {
    draw_measure(text("next.tail"), percent_text(tail_), tip("next.tail_tip"), false, scale);
  }
}

// Target against distractor, where somebody has chosen one: what the lens view explains.
void NextTokenView::draw_comparison(const Frame& frame, Commands& commands) {
  const LensChoices& lens = frame.document.lens;
  if (!lens.target && !lens.distractor) return;
  const std::int64_t target = lens.target ? rank_of(*lens.target) : 0;  // the likeliest
  const std::int64_t other = lens.distractor ? rank_of(*lens.distractor) : -1;
  if (target < 0 || (lens.distractor && other < 0)) return;
  const auto chip = [&](std::int64_t rank, ImU32 color) {
    const Candidate& candidate = shown_->ranked[static_cast<std::size_t>(rank)];
    draw_chip(token_piece(model_->tokenizer->bytes(candidate.id)), with_alpha(color, 0.3F), palette().text,
              em() * 5.0F);
    ImGui::SetItemTooltip("#%s  %s", grouped_text(rank + 1).c_str(),
                          percent_text(candidate.probability).c_str());
  };
  chip(target, palette().value);
  ImGui::SameLine(0.0F, em() * 0.35F);
  if (other >= 0) {
    muted("−");
    ImGui::SameLine(0.0F, em() * 0.35F);
    chip(other, palette().key);
    ImGui::SameLine(0.0F, em() * 0.6F);
    const double difference = shown_->ranked[static_cast<std::size_t>(target)].logit -
                              shown_->ranked[static_cast<std::size_t>(other)].logit;
    draw_measure(
        "Δ", significant_text(difference),
        format_text("next.difference_tip", fmt::arg("factor", significant_text(std::exp(difference), 3))),
        true);
  } else {
    const Candidate& candidate = shown_->ranked[static_cast<std::size_t>(target)];
    draw_measure(format_text("next.ranked", fmt::arg("rank", grouped_text(target + 1))),
                 percent_text(candidate.probability), text("next.target_tip"), true);
  }
  ImGui::SameLine(0.0F, em() * 0.5F);
  if (ImGui::SmallButton("×##comparison")) {
    LensChoices none = lens;
    none.target.reset();
    none.distractor.reset();
    commands.edit(SetChoices{none});
  }
  ImGui::SetItemTooltip("%s", text("next.no_comparison_tip").c_str());
}

void NextTokenView::draw_sampling(const Frame& frame, Commands& commands) {
  ImGui::Dummy(ImVec2(0.0F, em() * 0.1F));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const float height = em() * 1.7F;
  if (ImGui::InvisibleButton("##sampling", ImVec2(width, height), ImGuiButtonFlags_EnableNav)) {
    sampling_open_ = !*sampling_open_;
  }
  const bool hovered = ImGui::IsItemHovered();
  ImGui::SetItemTooltip("%s", text("next.sampling_tip").c_str());
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddLine(corner, ImVec2(corner.x + width, corner.y), palette().grid, std::max(1.0F, em() * 0.06F));
  const float y = corner.y + (height - em()) * 0.5F;
  const float middle = corner.y + height * 0.5F;
  const float arrow = em() * 0.24F;
  const ImU32 color = hovered ? palette().text : palette().muted;
  const float x = corner.x + arrow;
  if (*sampling_open_) {
    list->AddTriangleFilled(ImVec2(x - arrow, middle - arrow * 0.6F),
                            ImVec2(x + arrow, middle - arrow * 0.6F), ImVec2(x, middle + arrow * 0.8F),
                            color);
  } else {
    list->AddTriangleFilled(ImVec2(x - arrow * 0.6F, middle - arrow), ImVec2(x + arrow * 0.8F, middle),
                            ImVec2(x - arrow * 0.6F, middle + arrow), color);
  }
  float label_width = 0.0F;
  {
    const ScopedFont strong(fonts().strong);
    label_width = ImGui::CalcTextSize(text("next.sampling").c_str()).x;
    list->AddText(ImVec2(corner.x + em(), y), palette().text, text("next.sampling").c_str());
  }
  const ScopedFont mono(fonts().mono, 0.88F);
  std::string summary = sampling_.summary(frame, shown_);
  const float room = width - em() * 1.8F - label_width;
  if (ImGui::CalcTextSize(summary.c_str()).x > room) summary = sampling_.short_summary(frame, shown_);
  summary = shortened(summary, std::max(0.0F, room));
  const ImVec2 size = ImGui::CalcTextSize(summary.c_str());
  list->AddText(ImVec2(corner.x + width - size.x, middle - size.y * 0.5F), palette().muted, summary.c_str());
  const ScopedFont body(fonts().body);
  const bool at_end = position_ == frame.positions() - 1;
  if (*sampling_open_) sampling_.draw(frame, commands, shown_, *model_->tokenizer, at_end);
}

}  // namespace headlight
