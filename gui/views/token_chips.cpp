// Lays the chips out once for each text and draws the rows that are seen.
#include "gui/views/token_chips.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text/graphemes.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/small_mark.h"
#include "gui/widgets/token_piece.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float chip_height() { return em() * 2.35F; }
float bracket_height() { return em() * 1.2F; }
float gap() { return em() * 0.28F; }

}  // namespace

void TokenChips::make_chip(const Tokenizer& tokenizer, const Token& token, Chip& chip) const {
  const std::string& bytes = tokenizer.bytes(token.id);
  chip.special = tokenizer.is_special(token.id);
  chip.part = invalid_utf8_offset(bytes) == 0;
  chip.piece = shortened(token_piece(bytes), em() * 14.0F);
  chip.id = fmt::format("{}", token.id);
}

// Characters that are cut by a border between tokens.
void TokenChips::find_brackets() {
  brackets_.clear();
  std::size_t first = 0;
  for (const auto& [begin, end] : grapheme_spans(text_)) {
    while (first < tokens_.size() && tokens_[first].end <= begin) ++first;
    std::size_t last = first;
    while (last + 1 < tokens_.size() && tokens_[last + 1].begin < end) ++last;
    if (first >= tokens_.size() || last == first) continue;
    brackets_.push_back({visible_bytes(text_.substr(begin, end - begin)), first, last,
                         tokens_[first].begin<begin, tokens_[last].end> end});
  }
}

// Closer together where that saves a row that is seen, as of a last chip alone. Where not all rows are seen,
// the last one is full: the end of the text is what the views look from.
void TokenChips::place_chips(float width) {
  between_ = gap();
  place_rows(width);
  if (const int rows = rows_; rows > 1 && rows <= rows_shown_ + 1) {
    between_ = gap() * 0.5F;
    place_rows(width);
    if (rows_ == rows) {
      between_ = gap();
      place_rows(width);
    }
  }
  if (rows_ > rows_shown_) fill_last_row(width);
}

// Rows from left to right; the tokens of one character stay together where a row is wide enough.
void TokenChips::place_rows(float width) {
  std::vector<std::size_t> end_of_unit(chips_.size());
  for (std::size_t at = 0; at < chips_.size(); ++at) end_of_unit[at] = at;
  for (const Bracket& bracket : brackets_) end_of_unit[bracket.first] = bracket.last;
  float x = 0.0F;
  int row = 0;
  std::size_t unit_end = 0;
  for (std::size_t at = 0; at < chips_.size(); ++at) {
    float needed = chips_[at].width;
    if (at == 0 || at > unit_end) {
      unit_end = end_of_unit[at];
      for (std::size_t i = at; i <= unit_end; ++i) {
        unit_end = std::max(unit_end, end_of_unit[i]);
        if (i > at) needed += between_ + chips_[i].width;
      }
      if (needed > width) needed = chips_[at].width;
    }
    if (x > 0.0F && x + needed > width) {
      x = 0.0F;
      ++row;
    }
    chips_[at].left = x;
    chips_[at].row = row;
    x += chips_[at].width + between_;
  }
  rows_ = chips_.empty() ? 0 : row + 1;
}

// The first chips of a row go to the row before it as long as what follows fills the last one.
void TokenChips::fill_last_row(float width) {
  std::vector<bool> begins(chips_.size(), true);  // a row may begin with it
  for (const Bracket& bracket : brackets_) {
    float needed = -between_;
    for (std::size_t at = bracket.first; at <= bracket.last; ++at) needed += chips_[at].width + between_;
    if (needed > width) continue;
    for (std::size_t at = bracket.first + 1; at <= bracket.last; ++at) begins[at] = false;
  }
  std::vector<std::size_t> starts;  // of the rows, the last row first
  float taken = 0.0F;               // by the row so far
  float unit = 0.0F;                // by chips that must stay together
  std::size_t start = chips_.size();
  for (std::size_t at = chips_.size(); at-- > 0;) {
    unit += chips_[at].width + between_;
    if (!begins[at]) continue;
    if (start < chips_.size() && taken + unit - between_ > width) {
      starts.push_back(start);
      taken = 0.0F;
    }
    taken += unit;
    unit = 0.0F;
    start = at;
  }
  if (start != 0) return;  // one character over several rows: as they were
  starts.push_back(0);
  rows_ = static_cast<int>(starts.size());
  for (std::size_t row = 0; row < starts.size(); ++row) {
    const std::size_t end = row == 0 ? chips_.size() : starts[row - 1];
    float x = 0.0F;
    for (std::size_t at = starts[row]; at < end; ++at) {
      chips_[at].left = x;
      chips_[at].row = rows_ - 1 - static_cast<int>(row);
      x += chips_[at].width + between_;
    }
  }
}

void TokenChips::update(const Frame& frame, const std::string& text, const std::vector<Token>& tokens,
                        float width) {
  const std::shared_ptr<const Tokenizer>& tokenizer = tokenizer_of(which_, *frame.model);
  const bool same_text = text == text_ && tokens == tokens_ && tokenizer == tokenizer_;
  if (same_text && width == width_ && em() == font_ && rows_shown_ == placed_for_) return;
  const auto changed = std::mismatch(tokens.begin(), tokens.end(), tokens_.begin(), tokens_.end()).first;
  const bool first_time = tokens_.empty();
  text_ = text;
  tokens_ = tokens;
  tokenizer_ = tokenizer;
  width_ = width;
  font_ = em();
  placed_for_ = rows_shown_;
  chips_.assign(tokens_.size(), {});
  for (std::size_t at = 0; at < tokens_.size(); ++at) make_chip(*tokenizer_, tokens_[at], chips_[at]);
  find_brackets();
  for (Chip& chip : chips_) {
    const float inside = piece_width(chip.piece);
    const ScopedFont small(fonts().mono, smallest_mono);
    chip.width = std::max(inside + font_ * 0.9F, ImGui::CalcTextSize(chip.id.c_str()).x + font_ * 0.6F);
  }
  place_chips(width);
  if (same_text || tokens_.empty()) return;
  // The last token is what the views look from; later, where the text was changed.
  const std::size_t last = tokens_.size() - 1;
  show_row_of(first_time ? last : std::min(static_cast<std::size_t>(changed - tokens.begin()), last));
}

void TokenChips::show_row_of(std::size_t position) {
  const int row = chips_[position].row;
  first_row_ = std::clamp(first_row_, row - rows_shown_ + 1, row);
}

void TokenChips::scroll_with_wheel(ImVec2 corner, ImVec2 opposite) {
  first_row_ = std::clamp(first_row_, 0, std::max(0, rows_ - rows_shown_));
  if (!ImGui::IsWindowHovered() || !ImGui::IsMouseHoveringRect(corner, opposite)) return;
  const float wheel = ImGui::GetIO().MouseWheel;
  if (wheel == 0.0F) return;
  first_row_ =
      std::clamp(first_row_ - static_cast<int>(std::copysign(std::max(1.0F, std::abs(wheel)), wheel)), 0,
                 std::max(0, rows_ - rows_shown_));
}

ImVec2 TokenChips::corner_of(const Chip& chip) const {
  const float bracket = brackets_.empty() ? 0.0F : bracket_height();
  const float row = chip_height() + bracket + gap();
  return ImVec2(origin_.x + chip.left, origin_.y + bracket + static_cast<float>(chip.row - first_row_) * row);
}

void TokenChips::draw(const Frame& frame, Commands& commands, const std::string& text,
                      const std::vector<Token>& tokens, const ShownScores& scores, int rows) {
  origin_ = ImGui::GetCursorScreenPos();
  rows_shown_ = rows;
  scores_ = &scores;
  context_ = run_tokens(which_, *frame.model);
  has_focus_ = false;
  const float width = ImGui::GetContentRegionAvail().x;
  update(frame, text, tokens, width);
  if (const auto locked = locked_token(which_, frame); locked_ != locked) {
    locked_ = locked;
    if (locked_ && *locked_ >= 0 && *locked_ < static_cast<std::int64_t>(chips_.size())) {
      show_row_of(static_cast<std::size_t>(*locked_));
    }
  }
  const int seen = std::clamp(rows_, 1, rows_shown_);
  const float bracket = brackets_.empty() ? 0.0F : bracket_height();
  const float height = static_cast<float>(seen) * (chip_height() + bracket + gap());
  scroll_with_wheel(origin_, ImVec2(origin_.x + width, origin_.y + height));
  const auto first = std::partition_point(chips_.begin(), chips_.end(),
                                          [this](const Chip& chip) { return chip.row < first_row_; });
  for (auto chip = first; chip != chips_.end() && chip->row < first_row_ + rows_shown_; ++chip)
    draw_chip(frame, commands, static_cast<std::size_t>(chip - chips_.begin()));
  for (const Bracket& each : brackets_) {
    const int row = chips_[each.first].row;
    if (row >= first_row_ && row < first_row_ + rows_shown_) draw_bracket(each);
  }
  if (has_focus_) walk(frame, commands);
  ImGui::SetCursorScreenPos(ImVec2(origin_.x, origin_.y + height));
  const auto context = static_cast<std::size_t>(context_);
  if (rows_ > rows_shown_ || tokens_.size() > context) draw_footer(frame, context);
  ImGui::Dummy(ImVec2(0.0F, 0.0F));
}

std::int64_t TokenChips::last_that_runs() const {
  return std::min<std::int64_t>(static_cast<std::int64_t>(chips_.size()), context_) - 1;
}

// The chip above or below that is the nearest.
std::size_t TokenChips::in_other_row(std::size_t position, int by) const {
  const int row = std::clamp(chips_[position].row + by, 0, rows_ - 1);
  const auto middle = [this](std::size_t at) { return chips_[at].left + chips_[at].width * 0.5F; };
  const auto first =
      std::partition_point(chips_.begin(), chips_.end(), [row](const Chip& chip) { return chip.row < row; });
  auto nearest = static_cast<std::size_t>(first - chips_.begin());
  for (std::size_t at = nearest; at < chips_.size() && chips_[at].row == row; ++at) {
    if (std::abs(middle(at) - middle(position)) < std::abs(middle(nearest) - middle(position))) nearest = at;
  }
  return row == chips_[position].row ? position : nearest;
}

// The arrow keys lock the next token; the rows follow.
void TokenChips::walk(const Frame& frame, Commands& commands) {
  const ImGuiID owner = ImGui::GetID("##walk");
  for (const ImGuiKey key : {ImGuiKey_LeftArrow, ImGuiKey_RightArrow, ImGuiKey_UpArrow, ImGuiKey_DownArrow,
                             ImGuiKey_Home, ImGuiKey_End})
    ImGui::SetKeyOwner(key, owner);
  const auto pressed = [owner](ImGuiKey key) {
    return ImGui::IsKeyPressed(key, ImGuiInputFlags_Repeat, owner);
  };
  const std::int64_t last = last_that_runs();
  if (last < 0) return;
  const std::int64_t from = std::clamp<std::int64_t>(locked_token(which_, frame).value_or(last), 0, last);
  const auto at = static_cast<std::size_t>(from);
  std::int64_t to = from;
  if (pressed(ImGuiKey_LeftArrow)) --to;
  if (pressed(ImGuiKey_RightArrow)) ++to;
  if (pressed(ImGuiKey_UpArrow)) to = static_cast<std::int64_t>(in_other_row(at, -1));
  if (pressed(ImGuiKey_DownArrow)) to = static_cast<std::int64_t>(in_other_row(at, 1));
  if (pressed(ImGuiKey_Home)) to = 0;
  if (pressed(ImGuiKey_End)) to = last;
  to = std::clamp<std::int64_t>(to, 0, last);
  if (to == from) return;
  lock_token(which_, commands, to);
  take_focus_ = to;
}

void TokenChips::draw_chip(const Frame& frame, Commands& commands, std::size_t position) {
  const Chip& chip = chips_[position];
  const auto at = static_cast<std::int64_t>(position);
  const ImVec2 corner = corner_of(chip);
  const ImVec2 opposite(corner.x + chip.width, corner.y + chip_height());
  const bool runs = at < context_;
  ImGui::SetCursorScreenPos(corner);
  ImGui::PushID(static_cast<int>(position));
  // Tab goes to one of them, the arrows to the others.
  const bool is_stop = at == std::clamp<std::int64_t>(locked_token(which_, frame).value_or(last_that_runs()),
                                                      0, last_that_runs());
  const bool clicked = ImGui::InvisibleButton("##chip", ImVec2(chip.width, chip_height()),
                                              is_stop ? ImGuiButtonFlags_EnableNav : ImGuiButtonFlags_None);
  const bool hovered = ImGui::IsItemHovered();
  if (take_focus_ == at) {
    move_keyboard_here();
    take_focus_.reset();
  }
  has_focus_ = has_focus_ || ImGui::IsItemFocused();
  ImGui::PopID();
  const bool locked = locked_token(which_, frame) == at;
  const bool lit = hovered_token(which_, frame) == at;
  if (hovered) hover_token(which_, commands, at);
  if (clicked && runs) lock_token(which_, commands, locked ? std::nullopt : std::optional(at));

  ImDrawList* list = ImGui::GetWindowDrawList();
  const float rounding = em() * (chip.special ? 0.9F : 0.3F);
  std::optional<ImU32> ground = token_ground(which_, frame, *scores_, at);
  if (chip.special) ground = mix(palette().panel, palette().attention, 0.22F);
  if (!runs) ground = palette().masked;
  add_token_ground(*list, corner, opposite, ground, rounding);
  if (chip.special)
    list->AddRect(corner, opposite, with_alpha(palette().attention, 0.7F), rounding, em() * 0.06F);
  const bool by_surprisal = is_by_surprisal(which_, frame);
  const ImU32 ink = !runs ? palette().muted : by_surprisal && ground ? ink_on(*ground) : palette().token_text;
  add_piece(*list, ImVec2((corner.x + opposite.x - piece_width(chip.piece)) * 0.5F, corner.y + em() * 0.14F),
            chip.part ? with_alpha(ink, 0.75F) : ink, chip.piece);
  {
    const ScopedFont small(fonts().mono, smallest_mono);
    const ImVec2 id_size = ImGui::CalcTextSize(chip.id.c_str());
    list->AddText(ImVec2((corner.x + opposite.x - id_size.x) * 0.5F, opposite.y - id_size.y - font_ * 0.26F),
                  by_surprisal ? ink : with_alpha(ink, 0.85F), chip.id.c_str());
  }
  if (runs) draw_surprisal(position, ImVec2(corner.x, opposite.y), chip.width);
  if (locked || lit) {
    list->AddRect(corner, opposite, lit ? palette().hover : palette().lock, rounding,
                  std::max(1.5F, em() * 0.11F));
  }
  if (hovered) draw_tooltip(frame, position);
}

void TokenChips::draw_surprisal(std::size_t position, ImVec2 corner, float width) const {
  const TokenScore* found = score(position);
  if (!found) return;
  const float inset = em() * 0.3F;
  const float thickness = std::max(2.0F, em() * 0.14F);
  const ImVec2 from(corner.x + inset, corner.y - thickness - em() * 0.1F);
  const ImVec2 to(corner.x + width - inset, from.y + thickness);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(from, to, with_alpha(palette().token_text, 0.12F), thickness);
  const double bits = bits_of(*found);
  if (std::isnan(bits)) return;
  const float part = surprisal_part(bits);
  list->AddRectFilled(from, ImVec2(from.x + std::max(thickness, (to.x - from.x) * part), to.y),
                      palette().probability, thickness);
}

const TokenScore* TokenChips::score(std::size_t position) const {
  return which_ == PromptText::own ? scores_->at(position) : nullptr;
}

void TokenChips::draw_bracket(const Bracket& bracket) const {
  const Chip& first = chips_[bracket.first];
  const Chip& last = chips_[bracket.last];
  const ImVec2 corner = corner_of(first);
  const float left = corner.x + (bracket.from_middle ? first.width * 0.55F : em() * 0.1F);
  // A row that is too narrow for all of them: the bracket ends with the row.
  const float end = last.row == first.row
                        ? corner_of(last).x + last.width * (bracket.to_middle ? 0.45F : 1.0F)
                        : origin_.x + width_;
  const float right = end - (bracket.to_middle ? 0.0F : em() * 0.1F);
  const float bottom = corner.y - em() * 0.12F;
  const float top = bottom - em() * 0.45F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 size = ImGui::CalcTextSize(bracket.character.c_str());
  const float middle = (left + right) * 0.5F;
  const float hole = size.x * 0.5F + em() * 0.25F;
  const float line = std::max(1.0F, em() * 0.07F);
  const ImU32 color = palette().muted;
  list->AddLine(ImVec2(left, bottom), ImVec2(left, top), color, line);
  list->AddLine(ImVec2(right, bottom), ImVec2(right, top), color, line);
  if (middle - hole > left) list->AddLine(ImVec2(left, top), ImVec2(middle - hole, top), color, line);
  if (middle + hole < right) list->AddLine(ImVec2(middle + hole, top), ImVec2(right, top), color, line);
  list->AddText(ImVec2(middle - size.x * 0.5F, top - size.y * 0.5F), palette().text,
                bracket.character.c_str());
}

void TokenChips::draw_tooltip(const Frame& frame, std::size_t position) const {
  const Token& token = tokens_[position];
  const std::string& bytes = tokenizer_->bytes(token.id);
  const Model& model = *frame.model;
  Facts facts = {{text("prompt.id"), fmt::format("{}", token.id)},
                 {text("prompt.position"), fmt::format("{}", position)},
                 {text("prompt.bytes"), hex_bytes(bytes.substr(0, 16)) + (bytes.size() > 16 ? " …" : "")},
                 {text("prompt.range"), fmt::format("{}–{}", token.begin, token.end)}};
  for (const Bracket& bracket : brackets_) {
    if (position < bracket.first || position > bracket.last) continue;
    facts.emplace_back(text("prompt.part_of"), bracket.character);
    break;
  }
  std::string sentence = chips_[position].special ? text("prompt.special") : std::string();
  if (const TokenScore* found = score(position)) {
    facts.emplace_back(text("prompt.surprisal"),
                       format_text("prompt.bits", fmt::arg("bits", fmt::format("{:.2f}", bits_of(*found)))));
    facts.emplace_back(text("prompt.probability"), percent_text(found->probability));
    facts.emplace_back(text("prompt.rank"), "#" + grouped_text(found->rank));
    if (sentence.empty()) sentence = text("prompt.surprisal_note");
  } else if (which_ == PromptText::source) {
    if (sentence.empty()) sentence = text("prompt.source_note");
  } else if (position == 0 && has_surprisal(model)) {
    sentence = text("prompt.first_note");
  } else if (!has_surprisal(model) && sentence.empty()) {
    sentence = text("prompt.no_surprisal");
  }
  if (static_cast<std::int64_t>(position) >= context_) {
    sentence = format_text("prompt.beyond", fmt::arg("context", grouped_text(context_)));
  }
  facts_tooltip("|" + token_piece(bytes) + "|", facts, sentence);
}

void TokenChips::draw_footer(const Frame&, std::size_t context) const {
  const ScopedFont small(fonts().body, 0.8F);
  if (rows_ > rows_shown_) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(
        format_text(rows_shown_ == 1 ? "prompt.row" : "prompt.rows",
                    fmt::arg("tokens", grouped_text(static_cast<std::int64_t>(tokens_.size()))),
                    fmt::arg("first", first_row_ + 1), fmt::arg("last", first_row_ + rows_shown_),
                    fmt::arg("rows", rows_))
            .c_str());
    ImGui::PopStyleColor();
    ImGui::SameLine(0.0F, font_);
  }
  if (tokens_.size() > context) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().warning);
    ImGui::TextUnformatted(
        format_text("prompt.beyond_count",
                    fmt::arg("tokens", grouped_text(static_cast<std::int64_t>(tokens_.size() - context))),
                    fmt::arg("context", grouped_text(static_cast<std::int64_t>(context))))
            .c_str());
    ImGui::PopStyleColor();
  } else {
    ImGui::NewLine();
  }
}

}  // namespace headlight
