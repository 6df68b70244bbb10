// Follows ImGui's own rules for lines (InputTextLineIndexBuild) and advances, byte by byte.
#include "gui/widgets/wrapped_text.h"

#include <algorithm>

#include "imgui_internal.h"

namespace headlight {

void WrappedText::update(std::string_view text, float wrap_width) {
  const float height = ImGui::GetFontSize();
  const ImFontBaked* font = ImGui::GetFontBaked();
  if (font == font_ && height == line_height_ && wrap_width == wrap_width_ && text == text_) return;
  font_ = font;
  line_height_ = height;
  wrap_width_ = wrap_width;
  text_ = text;
  starts_.clear();
  left_.assign(text_.size(), 0.0F);
  right_.assign(text_.size(), 0.0F);
  end_x_ = 0.0F;
  const char* const begin = text_.c_str();
  const char* const end = begin + text_.size();
  for (const char* line = begin; line < end;) {
    const char* stop = ImFontCalcWordWrapPositionEx(ImGui::GetFont(), height, line, end, wrap_width,
                                                    ImDrawTextFlags_WrapKeepBlanks);
    const char* next = *stop == '\n' && stop < end ? stop + 1 : stop;
    starts_.push_back(static_cast<std::size_t>(line - begin));
    measure_line(static_cast<std::size_t>(line - begin), static_cast<std::size_t>(next - begin));
    line = next;
  }
  if (text_.empty() || text_.back() == '\n') {
    starts_.push_back(text_.size());
    end_x_ = 0.0F;
  }
}

void WrappedText::measure_line(std::size_t begin, std::size_t end) {
  ImFontBaked* font = ImGui::GetFontBaked();
  const float scale = line_height_ / font->Size;
  float x = 0.0F;
  for (std::size_t at = begin; at < end;) {
    unsigned int character = 0;
    const int read = ImTextCharFromUtf8(&character, text_.c_str() + at, text_.c_str() + end);
    const auto length = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(read, 1)), 1, end - at);
    float advance = 0.0F;
    if (character == '\n') {
      advance = line_height_ * 0.5F;  // room for the mark of a line break
    } else if (character != '\r') {
      advance = font->GetCharAdvance(static_cast<ImWchar>(character)) * scale;
    }
    for (std::size_t byte = 0; byte < length; ++byte) {
      const auto part = static_cast<float>(length);
      left_[at + byte] = x + advance * static_cast<float>(byte) / part;
      right_[at + byte] = x + advance * static_cast<float>(byte + 1) / part;
    }
    x += advance;
    at += length;
  }
  end_x_ = x;
}

void WrappedText::pieces(std::size_t begin, std::size_t end, std::vector<Piece>& found) const {
  found.clear();
  end = std::min(end, text_.size());
  while (begin < end) {
    const auto above = std::upper_bound(starts_.begin(), starts_.end(), begin);
    const auto line = static_cast<std::size_t>(above - starts_.begin()) - 1;
    const std::size_t stop = above == starts_.end() ? end : std::min(end, *above);
    found.push_back({static_cast<int>(line), left_[begin], right_[stop - 1]});
    begin = stop;
  }
}

std::pair<std::size_t, std::size_t> WrappedText::range_of_lines(int first, int last) const {
  const auto count = static_cast<int>(starts_.size());
  if (count == 0 || last < first || first >= count) return {0, 0};
  const auto from = static_cast<std::size_t>(std::clamp(first, 0, count - 1));
  const auto after = static_cast<std::size_t>(std::clamp(last + 1, 0, count));
  return {starts_[from], after < starts_.size() ? starts_[after] : text_.size()};
}

}  // namespace headlight
