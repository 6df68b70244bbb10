// A slider as one quiet line: label, track, value.
#pragma once

#include <string>

namespace headlight {

struct SliderRange {
  double least = 0.0;
  double most = 1.0;
  const char* format = "%.2f";  // also the step: what it prints is what is set
};

// True when the value changed. `shown` is drawn instead of the number where it is not empty ("off").
// `tooltip` explains. Arrows move it when it has the keyboard, Ctrl+click types a number.
bool thin_slider(const char* id, const std::string& label, const std::string& shown,
                 const std::string& tooltip, const SliderRange& range, float label_width, double& value);

}  // namespace headlight
