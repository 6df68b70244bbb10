// Three stages, one under the other; the arrow keys walk through the steps of the last.
#include "gui/views/token_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/token_ways.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/muted_text.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"

namespace headlight {
namespace {

constexpr float seconds_a_step = 0.55F;

float em() { return ImGui::GetFontSize(); }

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

std::string bytes_of(const ShownExplanation& shown, const NormalizedPart& part) {
  return shown.key.text.substr(part.begin, part.end - part.begin);
}

std::size_t last_step_of(const TokenizedWord& word) { return word.history.steps.size() - 1; }

// The word with the longest way: the most to see.
std::size_t richest_word(const Tokenization& all) {
  std::size_t best = 0;
  const auto steps = [&](std::size_t word) {
    const std::size_t pieces =
        all.words[word].lattice ? all.lattices[*all.words[word].lattice].pieces.size() : 0;
    return all.words[word].history.steps.size() + pieces;
  };
  for (std::size_t word = 1; word < all.words.size(); ++word) {
    if (steps(word) > steps(best)) best = word;
  }
  return best;
}

float stage_width() {
  const ScopedFont strong(fonts().strong, smallest_words);
  float width = 0.0F;
  for (const char* key : {"prompt.stage.normalise", "prompt.stage.split", "prompt.stage.merge",
                          "prompt.stage.match", "prompt.stage.choose", "prompt.stage.look_up"})
    width = std::max(width, ImGui::CalcTextSize(text(key).c_str()).x);
  return width + ImGui::GetFontSize() * 1.4F;
}

const char* stage_of(TokenMethod method) {
  switch (method) {
    case TokenMethod::byte_pair:
      return "prompt.stage.merge";
    case TokenMethod::word_piece:
      return "prompt.stage.match";
    case TokenMethod::unigram:
      return "prompt.stage.choose";
    case TokenMethod::word_list:
      break;
  }
  return "prompt.stage.look_up";
}

}  // namespace

void TokenHistory::show_word(const ShownExplanation& shown, std::size_t word) {
  word_ = word;
  step_ = last_step_of(shown.explained.tokenization.words[word]);
  is_playing_ = false;
}

// Which word: that of the token under the mouse, or of the newly locked one; else it stays.
void TokenHistory::follow(const ShownExplanation& shown) {
  const Tokenization& all = shown.explained.tokenization;
  if (text_ != shown.key.text || tokenizer_ != shown.key.tokenizer.get()) {
    text_ = shown.key.text;
    tokenizer_ = shown.key.tokenizer.get();
    locked_.reset();
    show_word(shown, richest_word(all));
  }
  const auto locked = shown.locked();
  const auto wanted = shown.hovered() ? shown.hovered() : locked != locked_ ? locked : std::nullopt;
  if (!shown.stale) locked_ = locked;
  const auto word = wanted ? all.word_of(*wanted) : std::nullopt;
  if (word && *word != word_) show_word(shown, *word);
  word_ = std::min(word_, all.words.size() - 1);
  step_ = std::min(step_, last_step_of(all.words[word_]));
}

void TokenHistory::begin_stage(const ShownExplanation&, const char* key) const {
  const float left = ImGui::GetCursorPosX();
  {
    const ScopedFont strong(fonts().strong, smallest_words);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() + ImGui::GetFontSize() * 0.15F);
    ImGui::TextUnformatted(text(key).c_str());
    ImGui::PopStyleColor();
  }
  ImGui::SameLine(left + stage_width());
}

void TokenHistory::draw(const ShownExplanation& shown) {
  if (shown.explained.tokenization.words.empty()) {
    muted_text(text("prompt.history_empty"));
    return;
  }
  follow(shown);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(em() * 0.5F, em() * 0.4F));
  draw_normalized(shown);
  draw_words(shown);
  draw_steps(shown);
  ImGui::PopStyleVar();
}

// "old → new" for each changed stretch, as many as there is room for.
void TokenHistory::draw_normalized(const ShownExplanation& shown) const {
  const Tokenization& all = shown.explained.tokenization;
  begin_stage(shown, "prompt.stage.normalise");
  if (!all.is_changed(shown.key.text)) {
    muted_text(text("prompt.not_normalised"));
    return;
  }
  ImGui::BeginGroup();
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x - em() * 7.0F;
  std::int64_t left_out = 0;
  bool is_first = true;
  for (const NormalizedPart& part : all.normalized) {
    const std::string old = bytes_of(shown, part);
    if (old == part.text) continue;
    if (!is_first && ImGui::GetItemRectMax().x > right) {
      ++left_out;
      continue;
    }
    if (!is_first) ImGui::SameLine(0.0F, em() * 1.1F);
    is_first = false;
    ImGui::BeginGroup();
    if (!old.empty()) {
      ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
      ImGui::TextUnformatted(shortened(token_piece(old), em() * 9.0F).c_str());
      ImGui::PopStyleColor();
      ImGui::SameLine(0.0F, em() * 0.35F);
    }
    const std::string now =
        part.text.empty() ? text("prompt.removed") : shortened(token_piece(part.text), em() * 9.0F);
    ImGui::PushStyleColor(ImGuiCol_Text, readable(palette().probability));
    ImGui::TextUnformatted(((old.empty() ? "+ " : "→ ") + now).c_str());
    ImGui::PopStyleColor();
    ImGui::EndGroup();
    if (ImGui::IsItemHovered()) {
      ImGui::SetTooltip("%s",
                        format_text("prompt.normalised_bytes", fmt::arg("old", hex_bytes(old.substr(0, 24))),
                                    fmt::arg("new", hex_bytes(part.text.substr(0, 24))))
                            .c_str());
    }
  }
  if (left_out > 0) {
    ImGui::SameLine(0.0F, em());
    muted_text(format_text("prompt.and_more", fmt::arg("count", grouped_text(left_out))));
  }
  ImGui::EndGroup();
}

bool TokenHistory::draw_word(const ShownExplanation& shown, std::size_t word, ImVec2 corner,
                             float width) const {
  const TokenizedWord& drawn = shown.explained.tokenization.words[word];
  const ImVec2 opposite(corner.x + width, corner.y + em() * 1.55F);
  const bool is_chosen = word == word_;
  ImGui::SetCursorScreenPos(corner);
  ImGui::PushID(static_cast<int>(word));
  const bool clicked =
      ImGui::InvisibleButton("##word", ImVec2(width, em() * 1.55F), ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  ImGui::PopID();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImU32 ground = is_chosen ? mix(palette().raised, palette().query, 0.30F)
                                 : mix(palette().panel, palette().raised, hovered ? 1.0F : 0.55F);
  list->AddRectFilled(corner, opposite, with_alpha(ground, shown.alpha()), em() * 0.25F);
  if (is_chosen) list->AddRect(corner, opposite, palette().query, em() * 0.25F, std::max(1.0F, em() * 0.07F));
  const std::string label = shortened(token_piece(joined(drawn.history.steps.front())), em() * 12.0F);
  list->AddText(ImVec2(corner.x + em() * 0.35F, corner.y + em() * 0.27F),
                with_alpha(palette().text, shown.alpha()), label.c_str());
  if (hovered && !drawn.history.tokens.empty()) shown.hover(drawn.first_token);
  if (hovered) {
    ImGui::SetTooltip("%s",
                      format_text("prompt.word_tip",
                                  fmt::arg("tokens", static_cast<std::int64_t>(drawn.history.tokens.size())))
                          .c_str());
  }
  if (clicked && !drawn.history.tokens.empty()) shown.click(drawn.first_token);
  return clicked;
}

// The words around the chosen one, as many as one line holds.
void TokenHistory::draw_words(const ShownExplanation& shown) {
  begin_stage(shown, "prompt.stage.split");
  const auto& words = shown.explained.tokenization.words;
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x - em() * 2.4F;
  const auto width_of = [&](std::size_t word) {
    const std::string label = shortened(token_piece(joined(words[word].history.steps.front())), em() * 12.0F);
    return std::max(em() * 1.1F, ImGui::CalcTextSize(label.c_str()).x + em() * 0.7F);
  };
  const float gap = em() * 0.25F;
  std::size_t first = word_;
  std::size_t last = word_ + 1;
  float taken = width_of(word_) + gap;
  for (bool grown = true; grown;) {
    grown = false;
    if (first > 0 && taken + width_of(first - 1) + gap <= room) {
      taken += width_of(--first) + gap;
      grown = true;
    }
    if (last < words.size() && taken + width_of(last) + gap <= room) {
      taken += width_of(last++) + gap;
      grown = true;
    }
  }
  ImDrawList* list = ImGui::GetWindowDrawList();
  float x = origin.x;
  const float text_top = origin.y + em() * 0.27F;
  if (first > 0) {
    list->AddText(ImVec2(x, text_top), palette().muted, "…");
    x += em() * 1.2F;
  }
  std::optional<std::size_t> clicked;
  for (std::size_t word = first; word < last; ++word) {
    const float width = width_of(word);
    if (draw_word(shown, word, ImVec2(x, origin.y), width)) clicked = word;
    x += width + gap;
  }
  if (last < words.size()) list->AddText(ImVec2(x, text_top), palette().muted, "…");
  ImGui::SetCursorScreenPos(origin);
  ImGui::Dummy(ImVec2(em(), em() * 1.55F));
  if (clicked) show_word(shown, *clicked);
}

void TokenHistory::take_keys(std::size_t last) {
  if (!panel_has_keys()) return;
  if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow) && step_ > 0) --step_, is_playing_ = false;
  if (ImGui::IsKeyPressed(ImGuiKey_RightArrow) && step_ < last) ++step_, is_playing_ = false;
}

void TokenHistory::draw_controls(const ShownExplanation& shown, std::size_t last) {
  if (last == 0) return;
  const Segment back{"‹", text("prompt.step_back")};
  const Segment on{"›", text("prompt.step_on")};
  const Segment play{text(is_playing_ ? "prompt.pause" : "prompt.play"), text("prompt.play_tip")};
  if (toggle("back", back, false) && step_ > 0) --step_, is_playing_ = false;
  ImGui::SameLine(0.0F, em() * 0.2F);
  if (toggle("play", play, is_playing_)) {
    is_playing_ = !is_playing_;
    if (is_playing_ && step_ == last) step_ = 0;
    waited_ = 0.0F;
  }
  ImGui::SameLine(0.0F, em() * 0.2F);
  if (toggle("on", on, false) && step_ < last) ++step_, is_playing_ = false;
  ImGui::SameLine(0.0F, em() * 0.8F);
  if (!is_playing_) return;
  if (shown.frame.settings.reduced_motion) {
    step_ = last;
    is_playing_ = false;
    return;
  }
  shown.commands.animate();
  waited_ += std::min(ImGui::GetIO().DeltaTime, 0.1F);
  if (waited_ < seconds_a_step) return;
  waited_ = 0.0F;
  is_playing_ = ++step_ < last;
}

namespace {

std::string step_words(const Tokenization& all, const TokenizedWord& word, std::size_t step) {
  const WordSteps& history = word.history;
  const std::size_t last = last_step_of(word);
  if (all.method == TokenMethod::unigram && word.lattice) {
    const WordLattice& lattice = all.lattices[*word.lattice];
    const double ways = count_paths(lattice);
    const std::string count =
        ways < 1e6 ? grouped_text(static_cast<std::int64_t>(ways)) : significant_text(ways);
    return format_text("prompt.lattice_words", fmt::arg("pieces", lattice.pieces.size()),
                       fmt::arg("ways", count),
                       fmt::arg("sum", significant_text(lattice.best_log_probability)));
  }
  if (last == 0) {
    if (history.tokens.empty()) return text("prompt.no_token");
    return text(history.tokens.size() == 1 ? "prompt.at_once" : "prompt.no_merge");
  }
  if (all.method == TokenMethod::byte_pair && history.ranks.empty()) return text("prompt.too_long");
  if (step == 0)
    return text(all.method == TokenMethod::byte_pair ? "prompt.first_parts" : "prompt.first_word");
  if (all.method == TokenMethod::byte_pair) {
    const std::vector<MergeNode> nodes = merge_tree(history);
    const auto made =
        std::find_if(nodes.begin(), nodes.end(), [&](const MergeNode& node) { return node.step == step; });
    if (made == nodes.end()) return {};
    return format_text("prompt.merge_words", fmt::arg("step", step), fmt::arg("steps", last),
                       fmt::arg("left", token_piece(nodes[made->left].bytes)),
                       fmt::arg("right", token_piece(nodes[made->right].bytes)),
                       fmt::arg("result", token_piece(made->bytes)),
                       fmt::arg("rank", grouped_text(made->rank)));
  }
  if (history.steps[step].size() == 1 && step > 1) return text("prompt.match_failed");
  return format_text("prompt.match_words", fmt::arg("step", step), fmt::arg("steps", last),
                     fmt::arg("found", visible_bytes(history.steps[step].at(step - 1))));
}

}  // namespace

void TokenHistory::draw_steps(const ShownExplanation& shown) {
  const Tokenization& all = shown.explained.tokenization;
  const TokenizedWord& word = all.words[word_];
  const std::size_t last = last_step_of(word);
  begin_stage(shown, stage_of(all.method));
  ImGui::BeginGroup();
  const bool has_ranks = !word.history.ranks.empty();
  const bool has_steps = has_ranks || (all.method == TokenMethod::word_piece && last > 0);
  if (has_steps) {
    draw_controls(shown, last);
    take_keys(last);
    ImGui::AlignTextToFramePadding();
  }
  muted_text(step_words(all, word, step_));
  if (all.method == TokenMethod::unigram && word.lattice) {
    draw_lattice(shown, all.lattices[*word.lattice], word.first_token);
  } else if (has_ranks) {
    draw_merge_tree(shown, word, step_);
  } else if (has_steps) {
    draw_match_rows(shown, word, step_);
  } else {
    draw_tokens_alone(shown, word);
  }
  ImGui::EndGroup();
}

}  // namespace headlight
