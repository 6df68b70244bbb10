// A row of words of which one is chosen: modes, scales.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace headlight {

struct Segment {
  std::string label;
  std::string tooltip;
};

// The segment that was clicked in this frame, if one was and it is not the selected one.
std::optional<std::size_t> segmented(const char* id, std::span<const Segment> segments, std::size_t selected);

// How wide it is drawn, to wrap a tool bar.
float segmented_width(std::span<const Segment> segments);

// The next item goes on in the same line when `width` still fits.
void next_in_line(float width, float gap);

// A small switch with a word: the same look, on or off. True when it was clicked.
bool toggle(const char* id, const Segment& segment, bool on);
float toggle_width(const Segment& segment);

}  // namespace headlight
