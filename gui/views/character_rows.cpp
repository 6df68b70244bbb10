// One column for each byte.
#include "gui/views/character_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float names_width() { return em() * 5.2F; }

// Heights of the rows, from the top.
constexpr float character_row = 1.75F, jamo_row = 1.45F, byte_row = 1.25F, token_row = 1.65F,
                between_lines = 0.8F;

void add_centered(ImVec2 corner, float width, float height, ImU32 color, const std::string& words) {
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  ImGui::GetWindowDrawList()->AddText(
      ImVec2(corner.x + (width - size.x) * 0.5F, corner.y + (height - size.y) * 0.5F), color, words.c_str());
}

std::string code_points(std::string_view bytes) {
  std::string found;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (invalid_utf8_offset(bytes.substr(at, length))) return {};
    std::uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t next = 1; next < length; ++next)
      code = (code << 6U) | (static_cast<unsigned char>(bytes[at + next]) & 0x3FU);
    found += fmt::format("{}U+{:04X}", found.empty() ? "" : " ", code);
    at += length;
  }
  return found;
}

const char* form_key(TextForm form) {
  switch (form) {
    case TextForm::both:
      return "prompt.form.both";
    case TextForm::composed:
      return "prompt.form.nfc";
    case TextForm::decomposed:
      return "prompt.form.nfd";
    case TextForm::neither:
      break;
  }
  return "prompt.form.mixed";
}

void badge(const std::string& words, const std::string& tooltip, ImU32 color) {
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 opposite(corner.x + size.x + em() * 0.9F, corner.y + size.y + em() * 0.3F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(corner, opposite, with_alpha(color, 0.16F), em() * 0.7F);
  list->AddText(ImVec2(corner.x + em() * 0.45F, corner.y + em() * 0.15F),
                readable_small(color, mix(palette().panel, color, 0.16F)), words.c_str());
  ImGui::Dummy(ImVec2(opposite.x - corner.x, opposite.y - corner.y));
  ImGui::SetItemTooltip("%s", tooltip.c_str());
}

// Around a character that several tokens share.
void add_shared_frame(ImVec2 from, ImVec2 to, float alpha) {
  ImGui::GetWindowDrawList()->AddRect(from, to, with_alpha(palette().probability, 0.8F * alpha), em() * 0.25F,
                                      std::max(1.0F, em() * 0.07F));
}

// What the frames mean, behind the counts or in the next line.
void draw_shared_legend() {
  const std::string& words = text("prompt.shared_legend");
  const float swatch = em() * 1.3F, gap = em() * 0.4F;
  const ImVec2 size(swatch + gap + ImGui::CalcTextSize(words.c_str()).x, em());
  const float line = ImGui::GetItemRectMin().y;
  ImGui::SameLine(0.0F, em() * 1.6F);
  if (ImGui::GetContentRegionAvail().x >= size.x) {
    ImGui::SetCursorScreenPos(ImVec2(ImGui::GetCursorScreenPos().x, line));
  } else {
    ImGui::NewLine();
  }
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::Dummy(size);
  ImGui::SetItemTooltip("%s", text("prompt.shared_note").c_str());
  add_shared_frame(at, ImVec2(at.x + swatch, at.y + em()), 1.0F);
  ImGui::GetWindowDrawList()->AddText(ImVec2(at.x + swatch + gap, at.y), palette().muted, words.c_str());
}

}  // namespace

float CharacterRows::line_height() const {
  return em() * (character_row + (has_jamo_ ? jamo_row : 0.0F) + byte_row + token_row + between_lines);
}

void CharacterRows::lay_out(const ShownExplanation& shown, float width) {
  if (of_ == &shown.explained && bytes_ == shown.key.text.size() && width_ == width && font_ == em()) return;
  of_ = &shown.explained;
  bytes_ = shown.key.text.size();
  width_ = width;
  font_ = em();
  lines_.clear();
  has_jamo_ = has_shared_ = false;
  // Somewhat narrower where that leaves all in one line.
  byte_width_ =
      std::clamp(width / static_cast<float>(std::max<std::size_t>(1, bytes_)), em() * 1.15F, em() * 1.3F);
  if (byte_width_ * static_cast<float>(bytes_) > width + 0.5F) byte_width_ = em() * 1.3F;
  const auto most = static_cast<std::size_t>(std::max(4.0F, width / byte_width_ + 0.01F));
  const auto& characters = shown.explained.characters;
  std::size_t safe = 0;  // the last place in the line where no token is cut
  const auto finish = [&](std::size_t from, std::size_t to) {
    lines_.push_back({from, to, characters[from].begin, characters[to - 1].end});
  };
  std::size_t first = 0;
  for (std::size_t at = 0; at < characters.size(); ++at) {
    has_jamo_ = has_jamo_ || !characters[at].jamo.empty();
    has_shared_ = has_shared_ || characters[at].token_count > 1;
    const auto& tokens = shown.tokens();
    const std::size_t token = characters[at].first_token;
    const bool begins_token = token >= tokens.size() || tokens[token].begin >= characters[at].begin;
    if (begins_token) safe = at;
    if (at > first && characters[at].end - characters[first].begin > most) {
      const std::size_t cut = safe > first ? safe : at;
      finish(first, cut);
      first = cut;
    }
  }
  if (first < characters.size()) finish(first, characters.size());
}

bool CharacterRows::is_lit(const ShownExplanation& shown, std::size_t begin, std::size_t end) const {
  if (lit_begin_ < lit_end_) return begin < lit_end_ && end > lit_begin_;
  const auto token = shown.hovered();
  if (!token) return false;
  return begin < shown.tokens()[*token].end && end > shown.tokens()[*token].begin;
}

void CharacterRows::draw_facts(const ShownExplanation& shown) const {
  const Tokenization& all = shown.explained.tokenization;
  const std::string key = form_key(all.form);
  ImGui::BeginGroup();
  {
    const ScopedFont small(fonts().body, smallest_words);
    badge(text(key), text(key + ".tip"), all.form == TextForm::neither ? palette().warning : palette().query);
    ImGui::SameLine(0.0F, em() * 0.5F);
    if (all.is_changed(shown.key.text)) {
      badge(text("prompt.changed_badge"), text("prompt.changed_badge.tip"), palette().warning);
      ImGui::SameLine(0.0F, em() * 0.5F);
    }
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() + em() * 0.15F);
    const auto count = [](std::size_t number) { return grouped_text(static_cast<std::int64_t>(number)); };
    ImGui::TextUnformatted(format_text("prompt.counts",
                                       fmt::arg("characters", count(shown.explained.characters.size())),
                                       fmt::arg("bytes", count(shown.key.text.size())),
                                       fmt::arg("tokens", count(shown.tokens().size())))
                               .c_str());
    ImGui::PopStyleColor();
    if (has_shared_) draw_shared_legend();
  }
  ImGui::EndGroup();
}

void CharacterRows::draw(const ShownExplanation& shown) {
  if (shown.key.text.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(text("prompt.characters_empty").c_str());
    ImGui::PopStyleColor();
    return;
  }
  const float room = ImGui::GetContentRegionAvail().x;
  lay_out(shown, room - names_width() - em() * 0.5F);
  draw_facts(shown);
  ImGui::Dummy(ImVec2(0.0F, em() * 0.2F));
  next_begin_ = next_end_ = 0;
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(room, line_height() * static_cast<float>(lines_.size()) - em() * between_lines));
  const ImVec2 end = ImGui::GetCursorScreenPos();
  for (std::size_t at = 0; at < lines_.size(); ++at) {
    const ImVec2 corner(origin.x, origin.y + static_cast<float>(at) * line_height());
    // One more on both sides: the keyboard goes on to lines out of sight.
    if (!ImGui::IsRectVisible(ImVec2(corner.x, corner.y - line_height()),
                              ImVec2(corner.x + room, corner.y + 2 * line_height())))
      continue;
    draw_names(corner);
    draw_line(shown, lines_[at], ImVec2(corner.x + names_width(), corner.y));
  }
  ImGui::SetCursorScreenPos(end);
  ImGui::Dummy(ImVec2(0.0F, 0.0F));
  if (lit_begin_ != next_begin_ || lit_end_ != next_end_) shown.commands.animate();
  lit_begin_ = next_begin_;
  lit_end_ = next_end_;
}

void CharacterRows::draw_names(ImVec2 corner) const {
  const ScopedFont small(fonts().body, smallest_words);
  float y = corner.y;
  const auto add = [&](const char* key, float height) {
    ImGui::GetWindowDrawList()->AddText(ImVec2(corner.x, y + (font_ * height - em()) * 0.5F), palette().muted,
                                        text(key).c_str());
    y += font_ * height;
  };
  add("prompt.row.characters", character_row);
  if (has_jamo_) add("prompt.row.jamo", jamo_row);
  add("prompt.row.bytes", byte_row);
  add("prompt.row.tokens", token_row);
}

void CharacterRows::draw_line(const ShownExplanation& shown, const Line& line, ImVec2 corner) {
  for (std::size_t at = line.first_character; at < line.last_character; ++at)
    draw_character(shown, shown.explained.characters[at], line, corner);
  draw_tokens(shown, line, corner);
}

// The character, its letters and its bytes; a bracket where several tokens share it.
void CharacterRows::draw_character(const ShownExplanation& shown, const SeenCharacter& character,
                                   const Line& line, ImVec2 corner) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::string bytes = shown.key.text.substr(character.begin, character.end - character.begin);
  const float left = corner.x + byte_width_ * static_cast<float>(character.begin - line.begin);
  const float width = byte_width_ * static_cast<float>(bytes.size());
  const float inset = em() * 0.07F;
  const bool lit = is_lit(shown, character.begin, character.end);
  const float rows = em() * (character_row + (has_jamo_ ? jamo_row : 0.0F) + byte_row);
  const ImVec2 from(left + inset, corner.y);
  const ImVec2 to(left + width - inset, corner.y + rows - inset);
  list->AddRectFilled(from, to,
                      with_alpha(lit ? mix(palette().raised, palette().query, 0.30F) : palette().raised,
                                 0.75F * shown.alpha()),
                      em() * 0.25F);
  const ImU32 ink = with_alpha(palette().text, shown.alpha());
  {
    const ScopedFont large(fonts().body, 1.15F);
    add_centered(ImVec2(left, corner.y), width, font_ * character_row, ink,
                 shortened(token_piece(bytes), width));
  }
  float y = corner.y + em() * character_row;
  if (has_jamo_) {
    const float each = width / static_cast<float>(std::max<std::size_t>(character.jamo.size(), 1));
    for (std::size_t at = 0; at < character.jamo.size(); ++at) {
      add_centered(ImVec2(left + each * static_cast<float>(at), y), each, em() * jamo_row,
                   with_alpha(palette().attention, shown.alpha()), character.jamo[at]);
    }
    y += em() * jamo_row;
  }
  {
    const ScopedFont small(fonts().mono, smallest_mono);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const float x = left + byte_width_ * static_cast<float>(at);
      add_centered(ImVec2(x, y), byte_width_, font_ * byte_row, with_alpha(palette().muted, shown.alpha()),
                   hex_bytes(bytes.substr(at, 1)));
    }
  }
  if (character.token_count > 1) add_shared_frame(from, to, shown.alpha());
  if (shown.stale) return;
  ImGui::PushID(static_cast<int>(character.begin));
  const bool pressed = pressed_at("##character", from, to);
  ImGui::PopID();
  if (!ImGui::IsItemHovered()) return;
  next_begin_ = character.begin;
  next_end_ = character.end;
  if (character.token_count > 0) shown.hover(character.first_token);
  if (character.token_count > 0 && pressed) shown.click(character.first_token);
  std::string ids;
  for (std::size_t i = 0; i < character.token_count; ++i)
    ids += fmt::format("{}{}", i == 0 ? "" : ", ", shown.tokens()[character.first_token + i].id);
  Facts facts = {{text("prompt.code_points"), code_points(bytes)}, {text("prompt.bytes"), hex_bytes(bytes)}};
  if (facts.front().second.empty()) facts.erase(facts.begin());
  facts.emplace_back(text("prompt.ids"), ids.empty() ? "–" : ids);
  facts_tooltip("|" + token_piece(bytes) + "|", facts,
                text(character.token_count > 1    ? "prompt.shared_note"
                     : character.token_count == 0 ? "prompt.no_token"
                                                  : ""));
}

void CharacterRows::draw_tokens(const ShownExplanation& shown, const Line& line, ImVec2 corner) {
  const float top = corner.y + em() * (character_row + (has_jamo_ ? jamo_row : 0.0F) + byte_row);
  const auto& tokens = shown.tokens();
  auto first = shown.explained.characters[line.first_character].first_token;
  for (std::size_t at = first; at < tokens.size() && tokens[at].begin < line.end; ++at) {
    const Token& token = tokens[at];
    const std::size_t begin = std::max(token.begin, line.begin);
    const std::size_t end = std::min(token.end, line.end);
    if (end <= begin) continue;
    const ImVec2 from(corner.x + byte_width_ * static_cast<float>(begin - line.begin) + em() * 0.07F, top);
    const ImVec2 to(corner.x + byte_width_ * static_cast<float>(end - line.begin) - em() * 0.07F,
                    top + em() * (token_row - 0.1F));
    ImDrawList* list = ImGui::GetWindowDrawList();
    const std::size_t place = at + static_cast<std::size_t>(shown.shift);
    list->AddRectFilled(from, to, with_alpha(token_color(place), shown.alpha()), em() * 0.25F);
    const std::string& bytes = shown.key.tokenizer->bytes(token.id);
    std::string label = token_piece(bytes);
    {
      const ScopedFont small(fonts().body, smallest_words);
      label = shortened(label, to.x - from.x);
      add_centered(from, to.x - from.x, to.y - from.y, with_alpha(palette().token_text, shown.alpha()),
                   label);
    }
    const bool lit = is_lit(shown, token.begin, token.end);
    if (lit || shown.locked() == at) {
      list->AddRect(from, to, lit ? palette().hover : palette().lock, em() * 0.25F,
                    std::max(1.5F, em() * 0.09F));
    }
    if (shown.stale) continue;
    ImGui::PushID(static_cast<int>(at));
    ImGui::PushID(static_cast<int>(begin));
    const bool pressed = pressed_at("##token", from, to);
    ImGui::PopID();
    ImGui::PopID();
    if (!ImGui::IsItemHovered()) continue;
    next_begin_ = token.begin;
    next_end_ = token.end;
    shown.hover(at);
    if (pressed) shown.click(at);
    facts_tooltip("|" + token_piece(bytes) + "|",
                  {{text("prompt.id"), fmt::format("{}", token.id)},
                   {text("prompt.position"), fmt::format("{}", place)},
                   {text("prompt.piece"), visible_bytes(shown.key.tokenizer->piece(token.id))},
                   {text("prompt.bytes"), hex_bytes(bytes.substr(0, 16)) + (bytes.size() > 16 ? " …" : "")}},
                  "");
  }
}

}  // namespace headlight
