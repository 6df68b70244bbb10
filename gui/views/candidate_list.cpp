// Only the rows that are seen are drawn; a click appends the token to the text.
#include "gui/views/candidate_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/tree_layout.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr std::int64_t most_rows = 100;
constexpr double bar_seconds = 0.18;

float em() { return ImGui::GetFontSize(); }

void draw_right(ImDrawList* list, ImVec2 corner, float right, const std::string& words, ImU32 color) {
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  list->AddText(ImVec2(corner.x + right - size.x, corner.y + (CandidateList::row_height() - size.y) * 0.5F),
                color, words.c_str());
}

bool plain(const SamplingSettings& settings) { return settings == SamplingSettings{}; }

void draw_tooltip(const Frame& frame, const Candidate& candidate, std::int64_t rank,
                  const Tokenizer& tokenizer, const char* click) {
  const std::string& bytes = tokenizer.bytes(candidate.id);
  Facts facts = {{text("next.rank"), "#" + grouped_text(rank + 1)},
                 {text("next.id"), fmt::format("{}", candidate.id)},
                 {text("next.bytes"), hex_bytes(bytes.substr(0, 16)) + (bytes.size() > 16 ? " …" : "")},
                 {text("next.logit"), rounded_text(candidate.logit, 4)},
                 {text("next.probability"), significant_text(candidate.probability, 5)}};
  const SamplingSettings& settings = frame.document.sampling;
  if (!plain(settings)) {
    facts.emplace_back(text("next.tempered"), significant_text(candidate.tempered, 5));
    facts.emplace_back(text("next.sampled"),
                       candidate.cut == Candidate::Cut::none
                           ? significant_text(candidate.sampled, 5)
                           : format_text("next.cut_by", fmt::arg("stage", cut_name(candidate, settings))));
  }
  facts_tooltip("|" + token_piece(bytes) + "|", facts, text(click));
}

}  // namespace

namespace {

// A thin edge in the colour of its part: target or distractor of the lens.
void draw_role(const Frame& frame, TokenId id, ImVec2 corner) {
  const bool target = frame.document.lens.target == id;
  if (!target && frame.document.lens.distractor != id) return;
  const float width = em() * 0.18F;
  ImGui::GetWindowDrawList()->AddRectFilled(
      ImVec2(corner.x, corner.y + em() * 0.1F),
      ImVec2(corner.x + width, corner.y + CandidateList::row_height() - em() * 0.1F),
      target ? palette().value : palette().key, width * 0.5F);
}

}  // namespace

std::string cut_name(const Candidate& candidate, const SamplingSettings& settings) {
  switch (candidate.cut) {
    case Candidate::Cut::none:
      break;
    case Candidate::Cut::top_k:
      return settings.temperature <= 0.0 ? "T = 0" : "top-k";
    case Candidate::Cut::top_p:
      return "top-p";
    case Candidate::Cut::min_p:
      return "min-p";
  }
  return {};
}

float CandidateList::row_height() { return em() * 1.42F; }

CandidateList::Columns CandidateList::columns(const Frame& frame, float width) const {
  Columns at{};
  at.width = width;
  float right = width - em() * 0.3F;
  const bool sampled = !plain(frame.document.sampling);
  if (width > em() * 28.0F) {
    at.id = right;
    right -= em() * 3.6F;
    at.logit = right;
    right -= em() * 3.6F;
  }
  if (sampled) {
    at.sampled = right;
    right -= em() * 3.9F;
  }
  at.probability = right;
  right -= em() * 3.9F;
  const bool narrow = width < em() * 11.0F;  // the order says the rank, and the number how long a bar is
  at.token = narrow ? em() * 0.3F : em() * 2.5F;
  at.bar = at.token + std::clamp((right - at.token) * 0.52F, em() * 4.0F, em() * 8.0F);
  if (narrow) at.bar = std::max(at.token + em() * 2.0F, right);
  return at;
}

void CandidateList::take(const Frame& frame, const std::shared_ptr<const Distribution>& shown) {
  if (shown == shown_) return;
  std::map<TokenId, float> lengths;
  if (shown_ && !frame.settings.reduced_motion) {
    const auto moved = static_cast<float>(std::clamp((frame.seconds - came_) / bar_seconds, 0.0, 1.0));
    const std::int64_t count =
        std::min<std::int64_t>(most_rows, static_cast<std::int64_t>(shown_->ranked.size()));
    for (std::int64_t rank = 0; rank < count; ++rank) {
      const Candidate& candidate = shown_->ranked[static_cast<std::size_t>(rank)];
      const auto found = before_.find(candidate.id);
      const float from = found == before_.end() ? 0.0F : found->second;
      lengths[candidate.id] = from + (static_cast<float>(candidate.probability) - from) * moved;
    }
  }
  before_ = std::move(lengths);
  came_ = frame.seconds;
  shown_ = shown;
}

float CandidateList::length_of(const Frame& frame, Commands& commands, const Candidate& candidate) {
  const auto target = static_cast<float>(candidate.probability);
  const double passed = (frame.seconds - came_) / bar_seconds;
  if (std::isnan(target) || frame.settings.reduced_motion || passed >= 1.0) return target;
  commands.animate();
  const auto found = before_.find(candidate.id);
  const float from = found == before_.end() || std::isnan(found->second) ? 0.0F : found->second;
  const auto left = static_cast<float>(1.0 - std::clamp(passed, 0.0, 1.0));
  return target + (from - target) * left * left;  // fast first, then it settles
}

// The vocabulary is looked through once for each query, and its ranks once for each distribution.
void CandidateList::search(const Tokenizer& tokenizer, const std::string& wanted) {
  if (matched_in_ != &tokenizer || wanted != wanted_) {
    matched_in_ = &tokenizer;
    wanted_ = wanted;
    searched_.reset();
    const bool number = wanted.find_first_not_of("0123456789") == std::string::npos;
    std::string bytes = wanted;  // a visible space stands for a space
    for (std::size_t at = 0; (at = bytes.find("·", at)) != std::string::npos;) bytes.replace(at, 2, " ");
    matches_.assign(static_cast<std::size_t>(tokenizer.vocabulary_size()), false);
    for (std::size_t id = 0; id < matches_.size(); ++id) {
      const bool same_id = number && fmt::format("{}", id) == wanted;
      matches_[id] = same_id || tokenizer.bytes(static_cast<TokenId>(id)).find(bytes) != std::string::npos;
    }
  }
  if (searched_ == shown_) return;
  searched_ = shown_;
  found_.clear();
  for (std::size_t rank = 0; rank < shown_->ranked.size(); ++rank) {
    const auto id = static_cast<std::size_t>(shown_->ranked[rank].id);
    if (id < matches_.size() && matches_[id]) found_.push_back(static_cast<std::int64_t>(rank));
  }
}

std::optional<CandidateList::Chosen> CandidateList::draw(const Frame& frame, Commands& commands,
                                                         const std::shared_ptr<const Distribution>& shown,
                                                         const Tokenizer& tokenizer,
                                                         const std::string& wanted, float height,
                                                         bool continues, bool branches,
                                                         const std::string& before) {
  chosen_.reset();
  continues_ = continues;
  branches_ = branches;
  before_bytes_ = before;
  take(frame, shown);
  if (!wanted.empty()) search(tokenizer, wanted);
  draw_headings(columns(frame, ImGui::GetContentRegionAvail().x - ImGui::GetStyle().ScrollbarSize));
  const ImGuiWindowFlags flags = ImGuiWindowFlags_NoBackground;
  if (ImGui::BeginChild("##rows", ImVec2(0.0F, height), ImGuiChildFlags_NavFlattened, flags)) {
    const Columns at = columns(frame, ImGui::GetWindowWidth() - ImGui::GetStyle().ScrollbarSize);
    const auto all = static_cast<std::int64_t>(shown_->ranked.size());
    const std::int64_t rows =
        wanted.empty() ? std::min(all, most_rows) : static_cast<std::int64_t>(found_.size());
    if (rows == 0) {
      ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
      ImGui::TextWrapped("%s",
                         format_text("next.not_found", fmt::arg("text", visible_bytes(wanted))).c_str());
      ImGui::PopStyleColor();
    }
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0.0F, 0.0F));
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(rows), row_height());
    while (clipper.Step()) {
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
        draw_row(frame, commands, at, wanted.empty() ? row : found_[static_cast<std::size_t>(row)],
                 tokenizer);
      }
    }
    ImGui::PopStyleVar();
  }
  ImGui::EndChild();
  return chosen_;
}

// What can be done with a candidate besides taking it.
void CandidateList::draw_menu(const Frame& frame, Commands& commands, const Candidate& candidate,
                              const Tokenizer& tokenizer) {
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(em() * 0.5F, em() * 0.4F));
  if (ImGui::BeginPopup("##menu")) {
    {
      const ScopedFont strong(fonts().strong);
      ImGui::TextUnformatted(token_piece(tokenizer.bytes(candidate.id)).c_str());
    }
    const auto item = [](const char* key, const char* id, bool on) {
      const bool pressed = ImGui::MenuItem((text(key) + id).c_str(), nullptr, on);
      ImGui::SetItemTooltip("%s", text(std::string(key) + "_tip").c_str());
      return pressed;
    };
    if (continues_ && item("next.menu_append", "###append", false)) chosen_ = Chosen{candidate.id, false};
    if (continues_ && item("next.menu_branch", "###branch", false)) chosen_ = Chosen{candidate.id, true};
    const bool locked = frame.document.candidate == candidate.id;
    if (item("next.menu_mark", "###mark", locked)) {
      commands.edit(SelectCandidate{locked ? std::nullopt : std::optional(candidate.id)});
    }
    LensChoices lens = frame.document.lens;
    const auto toggle = [&](std::optional<TokenId>& field) {
      field = field == candidate.id ? std::nullopt : std::optional(candidate.id);
      commands.edit(SetChoices{lens});
    };
    if (item("next.menu_target", "###target", lens.target == candidate.id)) toggle(lens.target);
    if (item("next.menu_distractor", "###distractor", lens.distractor == candidate.id)) {
      toggle(lens.distractor);
    }
    ImGui::EndPopup();
  }
  ImGui::PopStyleVar();
}

void CandidateList::draw_headings(const Columns& at) const {
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() + em() * 0.25F);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float height = em();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().body, smallest_words);
  const float room = at.probability - at.token - ImGui::CalcTextSize(text("next.token").c_str()).x - em();
  const auto right_aligned = [&](float right, const char* key) {
    const std::string words = shortened(text(key), std::max(em(), room));
    list->AddText(ImVec2(corner.x + right - ImGui::CalcTextSize(words.c_str()).x, corner.y), palette().muted,
                  words.c_str());
  };
  list->AddText(ImVec2(corner.x + at.token, corner.y), palette().muted, text("next.token").c_str());
  right_aligned(at.probability, "next.probability");
  if (at.sampled > 0.0F) right_aligned(at.sampled, "next.sampled_short");
  if (at.logit > 0.0F) {
    right_aligned(at.logit, "next.logit");
    right_aligned(at.id, "next.id");
  }
  ImGui::Dummy(ImVec2(at.width, height * 0.8F));
}

void CandidateList::draw_row(const Frame& frame, Commands& commands, const Columns& at, std::int64_t rank,
                             const Tokenizer& tokenizer) {
  const Candidate& candidate = shown_->ranked[static_cast<std::size_t>(rank)];
  if (candidate.id < 0 || candidate.id >= tokenizer.vocabulary_size()) return;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::PushID(static_cast<int>(candidate.id));
  const bool clicked =
      ImGui::InvisibleButton("##candidate", ImVec2(at.width, row_height()), ImGuiButtonFlags_EnableNav);
  const bool reached = ImGui::IsItemFocused() && ImGui::GetIO().NavVisible;  // by the keyboard
  const bool hovered = ImGui::IsItemHovered() || reached;
  const bool locked = frame.document.candidate == candidate.id;
  if (hovered) {
    commands.hover().candidate = candidate.id;
    draw_tooltip(frame, candidate, rank, tokenizer,
                 !continues_ ? "next.click_masked"
                 : branches_ ? "next.click_branch"
                             : "next.click");
    const bool by_key = reached && ImGui::IsKeyPressed(ImGuiKey_Menu);
    if ((ImGui::IsItemHovered() && ImGui::IsMouseReleased(ImGuiMouseButton_Right)) || by_key) {
      ImGui::OpenPopup("##menu");
    }
  }
  draw_menu(frame, commands, candidate, tokenizer);
  ImGui::PopID();
  if (clicked) chosen_ = Chosen{candidate.id, continues_ && branches_ != ImGui::GetIO().KeyShift};

  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(corner.x + at.width, corner.y + row_height());
  const bool lit = frame.hover.candidate == candidate.id;
  draw_role(frame, candidate.id, corner);
  if (lit) list->AddRectFilled(corner, opposite, with_alpha(palette().probability, 0.12F), em() * 0.3F);
  if (locked) list->AddRect(corner, opposite, palette().lock, em() * 0.3F, std::max(1.0F, em() * 0.08F));
  const bool cut = candidate.cut != Candidate::Cut::none;
  const ImU32 ink = cut ? palette().muted : palette().text;
  if (at.token > em()) {
    const ScopedFont mono(fonts().mono, 0.8F);
    // The edge of the rank column; ranks beyond 9,999 come only from a search.
    const std::string number = rank < 9999 ? fmt::format("#{}", rank + 1) : grouped_text(rank + 1);
    draw_right(list, ImVec2(corner.x, corner.y + em() * 0.08F), at.token - em() * 0.5F, number,
               palette().muted);
  }
  const float room = at.bar - at.token - em() * 0.7F;
  const std::string words = shortened(step_label(before_bytes_, tokenizer.bytes(candidate.id)), room);
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  const ImVec2 from(corner.x + at.token, corner.y + (row_height() - size.y) * 0.5F);
  const ImVec4 clip(corner.x + at.token, corner.y, corner.x + at.bar - em() * 0.3F, opposite.y);
  const float edge = em() * 0.22F;  // delimits the token, so that a leading space is seen
  list->AddRectFilled(
      ImVec2(from.x - edge, corner.y + em() * 0.12F),
      ImVec2(std::min(from.x + size.x + edge, clip.z), opposite.y - em() * 0.12F),
      tokenizer.is_special(candidate.id) ? with_alpha(palette().attention, 0.25F) : palette().raised,
      em() * 0.25F);
  list->AddText(ImGui::GetFont(), ImGui::GetFontSize(), from, ink, words.c_str(), nullptr, 0.0F, &clip);
  if (cut) {
    const float middle = corner.y + row_height() * 0.54F;
    list->AddLine(ImVec2(from.x, middle), ImVec2(std::min(from.x + size.x, clip.z), middle), palette().muted,
                  std::max(1.0F, em() * 0.08F));
  }
  draw_bar(frame, commands, at, candidate, corner);
  draw_sampled(frame, at, candidate, corner);
  const ScopedFont mono(fonts().mono, 0.92F);
  draw_right(list, corner, at.probability, percent_text(candidate.probability), ink);
  if (at.logit > 0.0F) {
    draw_right(list, corner, at.logit, rounded_text(candidate.logit, 2), palette().muted);
    draw_right(list, corner, at.id, fmt::format("{}", candidate.id), palette().muted);
  }
}

void CandidateList::draw_bar(const Frame& frame, Commands& commands, const Columns& at,
                             const Candidate& candidate, ImVec2 corner) {
  const float room = at.probability - em() * 4.1F - at.bar;
  const float length = length_of(frame, commands, candidate);
  if (room < em() || std::isnan(length)) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float top = corner.y + row_height() * 0.3F;
  const float bottom = corner.y + row_height() * 0.7F;
  const float left = corner.x + at.bar;
  const bool cut = candidate.cut != Candidate::Cut::none;
  const float rounding = em() * 0.15F;
  list->AddRectFilled(ImVec2(left, top), ImVec2(left + room, bottom), with_alpha(palette().grid, 0.6F),
                      rounding);
  const float end = left + std::max(1.5F, room * std::clamp(length, 0.0F, 1.0F));
  list->AddRectFilled(ImVec2(left, top), ImVec2(end, bottom),
                      with_alpha(palette().probability, cut ? 0.35F : 1.0F), rounding);
  if (at.sampled > 0.0F && !cut && !std::isnan(candidate.sampled)) {
    const float sampled = left + room * static_cast<float>(std::clamp(candidate.sampled, 0.0, 1.0));
    list->AddLine(ImVec2(sampled, top - em() * 0.12F), ImVec2(sampled, bottom + em() * 0.12F), palette().text,
                  std::max(1.0F, em() * 0.09F));
  }
}

void CandidateList::draw_sampled(const Frame& frame, const Columns& at, const Candidate& candidate,
                                 ImVec2 corner) const {
  if (at.sampled <= 0.0F) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (candidate.cut == Candidate::Cut::none) {
    const ScopedFont mono(fonts().mono, 0.92F);
    draw_right(list, corner, at.sampled, percent_text(candidate.sampled), readable(palette().probability));
  } else {
    const ScopedFont small(fonts().body, 0.8F);
    draw_right(list, corner, at.sampled, "× " + cut_name(candidate, frame.document.sampling),
               palette().muted);
  }
}

}  // namespace headlight
