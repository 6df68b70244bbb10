// What the face cannot draw is written as numbers.
#include "gui/widgets/token_piece.h"

#include <fmt/format.h>

#include "core/text/graphemes.h"
#include "core/text/tokenizer.h"
#include "imgui.h"

namespace headlight {

std::string hex_bytes(std::string_view bytes) {
  std::string found;
  for (const char byte : bytes) {
    found += fmt::format("{}{:02X}", found.empty() ? "" : " ", static_cast<unsigned char>(byte));
  }
  return found;
}

std::string token_piece(std::string_view bytes) {
  std::string words = visible_bytes(bytes);
  if (ImGui::CalcTextSize(words.c_str()).x > ImGui::GetFontSize() * 0.08F) return words;
  words.clear();
  for (const char byte : bytes) words += fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte));
  return words;
}

std::string part_piece(std::string_view bytes) {
  std::string found;
  bool after_byte = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string_view rest = bytes.substr(at);
    const std::size_t valid = invalid_utf8_offset(rest).value_or(rest.size());
    found += visible_bytes(rest.substr(0, valid));
    at += valid;
    if (at >= bytes.size()) break;
    if (valid == 0 && after_byte) found += " ";
    found += hex_bytes(bytes.substr(at++, 1));
    after_byte = true;
  }
  return found;
}

std::string label_piece(std::string_view bytes) {
  return invalid_utf8_offset(bytes) ? part_piece(bytes) : token_piece(bytes);
}

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

}  // namespace headlight
