// Header, search and buttons, list, measures, sampling: from top to bottom.
#include "gui/views/next_token_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/analysis/class_scores.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

constexpr std::int64_t tokens_of_generate = 20;

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

float button_width(const std::string& words) {
  return ImGui::CalcTextSize(words.c_str()).x + ImGui::GetStyle().FramePadding.x * 2.0F;
}

// A measure: muted name, number. On a new line when the rest of this one is too short.
void draw_measure(const std::string& name, const std::string& number, const std::string& tooltip,
                  bool first) {
  ImVec2 size = ImGui::CalcTextSize(name.c_str());
  const ScopedFont mono(fonts().mono, 0.92F);
  const float gap = em() * 0.45F;
  size.x += gap + ImGui::CalcTextSize(number.c_str()).x;
  if (!first) {
    ImGui::SameLine(0.0F, em() * 1.1F);
    if (ImGui::GetContentRegionAvail().x < size.x) ImGui::NewLine();
  }
  ImGui::BeginGroup();
  {
    const ScopedFont small(fonts().body);
    muted(name);
  }
  ImGui::SameLine(0.0F, gap);
  ImGui::TextUnformatted(number.c_str());
  ImGui::EndGroup();
  const ScopedFont body(fonts().body);
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
    ImGui::InvisibleButton("##class", ImVec2(std::max(1.0F, width), line));
    ImGui::PopID();
    ImGui::SetItemTooltip("%s", format_text("next.class_tip", fmt::arg("name", one.name),
                                            fmt::arg("logit", fmt::format("{:.4f}", one.logit)))
                                    .c_str());
    const std::string number = single ? fmt::format("{:.4f}", one.logit) : percent_text(one.probability);
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

void NextTokenView::take(const Frame& frame) {
  if (!frame.model) shown_.reset();
  // Typing everything away is a result, too.
  if (frame.tokens.empty() && frame.document.text.empty()) shown_.reset();
  if (frame.model && !frame.result.trace) shown_.reset();
  const std::shared_ptr<const Distribution>& newest = frame.result.next;
  if (!newest || !frame.trace() || newest == shown_ || newest->ranked.empty() || frame.tokens.empty()) return;
  shown_ = newest;
  model_ = frame.trace()->shared_model();
  position_ = frame.result.next_position;
  after_ = frame.token_text(position_);  // with spaces visible
  tail_ = 0.0;
  // From the small end, so that nothing is lost in the sum.
  for (std::size_t rank = newest->ranked.size(); rank > 10; --rank) {
    const double probability = newest->ranked[rank - 1].probability;
    if (!std::isnan(probability)) tail_ += probability;
  }
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
void NextTokenView::draw_other_output(const Frame& frame) const {
  const ArchitectureDescription& a = frame.model->architecture;
  if (a.head != OutputHead::classifier) {
    const bool sentence = a.pooling != Pooling::none;
    return draw_empty_state(text(sentence ? "next.sentence_vector" : "next.no_output"),
                            text(sentence ? "next.sentence_vector_note" : "next.no_output_note"));
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
  take(frame);
  if (ImGui::Shortcut(ImGuiMod_Ctrl | ImGuiKey_Enter, ImGuiInputFlags_RouteGlobal |
                                                          ImGuiInputFlags_RouteOverActive |
                                                          ImGuiInputFlags_Repeat) &&
      shown_ && model_->architecture.head == OutputHead::language_model) {
    commands.act(Generate{1});
  }
  if (!frame.model) return draw_empty_state(text("next.no_model"), text("next.no_model_note"));
  if (!has_hook(Hook::logits, frame.model->architecture)) return draw_other_output(frame);
  if (!shown_) {
    const bool waiting = !frame.tokens.empty();
    if (waiting && frame.model->encoder && frame.document.source_text.empty()) {
      return draw_empty_state(text("next.no_source"), text("next.no_source_note"));
    }
    return draw_empty_state(text(waiting ? "next.waiting" : "next.no_text"),
                            text(waiting ? "next.waiting_note" : "next.no_text_note"));
  }
  const float available = ImGui::GetContentRegionAvail().y;
  const float top = ImGui::GetCursorPosY();
  if (!sampling_open_) sampling_open_ = available > em() * 31.0F;
  draw_header(frame);
  draw_tools(frame, commands, model_->architecture.head == OutputHead::language_model);
  // The list takes what the other parts left over in the last frame, six rows at least.
  const float rows =
      std::floor(std::clamp((available - others_) / CandidateList::row_height(), 6.0F, 100.0F));
  const float height = rows * CandidateList::row_height();
  ImGui::PushStyleVar(ImGuiStyleVar_Alpha, fade(frame, commands));
  list_.draw(frame, commands, shown_, *model_->tokenizer, wanted_, height);
  draw_measures();
  ImGui::PopStyleVar();
  if (model_->architecture.head == OutputHead::language_model) draw_sampling(frame, commands);
  others_ = ImGui::GetCursorPosY() - top - height;
}

void NextTokenView::draw_header(const Frame&) const {
  const bool masked = model_->architecture.head == OutputHead::masked_lm;
  muted(text(masked ? "next.at" : "next.after"));
  ImGui::SameLine(0.0F, em() * 0.5F);
  const std::string words = after_;
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float pad = em() * 0.25F;
  const float width = std::min(size.x, em() * 9.0F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(corner, ImVec2(corner.x + width + 2.0F * pad, corner.y + size.y),
                      token_color(static_cast<std::size_t>(position_)), em() * 0.25F);
  list->PushClipRect(corner, ImVec2(corner.x + width + 2.0F * pad, corner.y + size.y), true);
  list->AddText(ImVec2(corner.x + pad, corner.y), palette().token_text, words.c_str());
  list->PopClipRect();
  ImGui::Dummy(ImVec2(width + 2.0F * pad, size.y));
  ImGui::SetItemTooltip("%s", format_text(masked ? "next.at_tip" : "next.after_tip", fmt::arg("token", words),
                                          fmt::arg("position", position_))
                                  .c_str());
  const std::string base = format_text(
      "next.base", fmt::arg("tokens", grouped_text(static_cast<std::int64_t>(shown_->ranked.size()))));
  ImGui::SameLine(0.0F, em() * 0.5F);
  if (ImGui::GetContentRegionAvail().x < ImGui::CalcTextSize(base.c_str()).x) ImGui::NewLine();
  muted(base);
}

void NextTokenView::draw_tools(const Frame& frame, Commands& commands, bool continues) {
  const std::string& one = text("next.one");
  const std::string many = frame.generating ? text("next.stop") : text("next.generate");
  const float gap = em() * 0.4F;
  const float buttons = button_width(one) + button_width(many) + 2.0F * gap;
  const float available = ImGui::GetContentRegionAvail().x;
  const bool one_line = continues && available - buttons > em() * 5.0F;
  ImGui::SetNextItemWidth(one_line ? available - buttons : available);
  ImGui::InputTextWithHint("##find", text("next.find").c_str(), &wanted_);
  ImGui::SetItemTooltip("%s", text("next.find_tip").c_str());
  if (!continues) return;
  if (one_line) ImGui::SameLine(0.0F, gap);
  if (ImGui::Button((one + "###one").c_str())) commands.act(Generate{1});
  ImGui::SetItemTooltip("%s", text("next.one_tip").c_str());
  ImGui::SameLine(0.0F, gap);
  ImGui::PushStyleColor(ImGuiCol_Button,
                        with_alpha(frame.generating ? palette().key : palette().probability, 0.25F));
  if (ImGui::Button((many + "###many").c_str())) {
    if (frame.generating) {
      commands.act(StopGenerating{});
    } else {
      commands.act(Generate{tokens_of_generate});
    }
  }
  ImGui::PopStyleColor();
  ImGui::SetItemTooltip("%s", text(frame.generating ? "next.stop_tip" : "next.generate_tip").c_str());
}

void NextTokenView::draw_measures() {
  const double bits = shown_->entropy / std::log(2.0);
  draw_measure(text("next.entropy"), format_text("next.bits", fmt::arg("bits", fmt::format("{:.2f}", bits))),
               text("next.entropy_tip"), true);
  draw_measure(text("next.perplexity"), fmt::format("{:.1f}", std::exp(shown_->entropy)),
               text("next.perplexity_tip"), false);
  if (shown_->ranked.size() > 10) {
    draw_measure(text("next.tail"), percent_text(tail_), text("next.tail_tip"), false);
  }
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
  // In a narrow panel the temperature goes first: its slider says it, too.
  if (ImGui::CalcTextSize(summary.c_str()).x > room) summary = summary.substr(summary.find("·") + 4);
  summary = shortened(summary, std::max(0.0F, room));
  const ImVec2 size = ImGui::CalcTextSize(summary.c_str());
  list->AddText(ImVec2(corner.x + width - size.x, middle - size.y * 0.5F), palette().muted, summary.c_str());
  const ScopedFont body(fonts().body);
  if (*sampling_open_) sampling_.draw(frame, commands, shown_);
}

}  // namespace headlight
