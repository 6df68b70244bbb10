// What the face cannot draw is written as numbers.
#include "gui/widgets/token_piece.h"

#include <fmt/format.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <vector>

#include "core/analysis/characters.h"
#include "core/text/graphemes.h"
#include "core/text/tokenizer.h"
#include "gui/widgets/small_mark.h"
#include "gui/widgets/subscript.h"

namespace headlight {

std::string hex_bytes(std::string_view bytes) {
  std::string found;
  for (const char byte : bytes) {
    found += fmt::format("{}{:02X}", found.empty() ? "" : " ", static_cast<unsigned char>(byte));
  }
  return found;
}

namespace {

using Writing = std::string (*)(std::string_view);

// How many bytes the character has whose first byte this is.
std::size_t character_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0xC0U ? 1 : first < 0xE0U ? 2 : first < 0xF0U ? 3 : 4;
  return std::min(size, text.size());
}

// Bytes that are no character, and characters that `writing` would spell as bytes, as hex with spaces
// between.
std::string with_parts(std::string_view bytes, Writing writing) {
  std::string found;
  bool after_byte = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string_view rest = bytes.substr(at);
    const bool valid = invalid_utf8_offset(rest.substr(0, character_size(rest))) == std::nullopt;
    const std::string_view part = rest.substr(0, valid ? character_size(rest) : 1);
    std::string words = valid ? writing(part) : std::string();
    const bool as_hex = !valid || (words.size() > part.size() && words.starts_with("<0x"));
    if (as_hex) words = (after_byte ? " " : "") + hex_bytes(part);
    found += words;
    after_byte = as_hex;
    at += part.size();
  }
  return found;
}

bool has_plain_letter(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](char byte) { return byte > ' ' && byte < '\x7F'; });
}

}  // namespace

std::string token_piece(std::string_view bytes) {
  // A jamo alone would be drawn small, at its place in a syllable: its letter instead.
  if (const std::vector<std::string> jamo = jamo_of(bytes); jamo.size() == 1) return jamo.front();
  if (bytes == " ") return "␣";  // alone, the dot of a space would be taken for a full stop
  std::string words = with_parts(bytes, visible_bytes);
  if (has_plain_letter(bytes) || ImGui::CalcTextSize(words.c_str()).x > ImGui::GetFontSize() * 0.08F) {
    return words;
  }
  return hex_bytes(bytes);
}

std::string running_piece(std::string_view bytes) { return with_parts(bytes, readable_bytes); }

std::string shortened(const std::string& words, float width) {
  if (ImGui::CalcTextSize(words.c_str()).x <= width) return words;
  std::string kept;
  for (const auto& span : grapheme_spans(words)) {
    const std::string longer = words.substr(0, span.second);
    if (ImGui::CalcTextSize((longer + "…").c_str()).x > width) break;
    kept = longer;
  }
  return kept + "…";
}

float token_label_width(const std::string& token, std::optional<std::int64_t> position) {
  const float width = piece_width(token);
  if (!position) return width;
  const float digits =
      ImGui::GetFont()
          ->CalcTextSizeA(subscript_type(), FLT_MAX, 0.0F, fmt::format("{}", *position).c_str())
          .x;
  return width + digits + subscript_gap();
}

float add_token_label(ImDrawList& list, ImVec2 at, ImU32 color, const std::string& token,
                      std::optional<std::int64_t> position, float room, ImU32 position_color) {
  const float beside = token_label_width("", position);
  const std::string words = shortened(token, room - beside + 0.5F);
  add_piece(list, at, color, words);
  const float width = piece_width(words);
  if (!position) return width;
  list.AddText(ImGui::GetFont(), subscript_type(),
               ImVec2(std::round(at.x + width + subscript_gap()), std::round(at.y + subscript_drop())),
               position_color, fmt::format("{}", *position).c_str());
  return width + beside;
}

void draw_token_label(ImU32 color, const std::string& token, std::optional<std::int64_t> position,
                      float room) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float width = add_token_label(list, ImGui::GetCursorScreenPos(), color, token, position, room);
  ImGui::Dummy(ImVec2(width, ImGui::GetTextLineHeight()));
}

std::optional<std::int64_t> told_apart(std::span<const TokenId> tokens, std::int64_t position) {
  if (position < 0 || position >= static_cast<std::int64_t>(tokens.size())) return std::nullopt;
  const TokenId id = tokens[static_cast<std::size_t>(position)];
  if (std::count(tokens.begin(), tokens.end(), id) < 2) return std::nullopt;
  return position;
}

}  // namespace headlight
