// How far what comes before the first step is.
#pragma once

#include <functional>

namespace headlight {

// Told a name ("reading", "vocabulary", "tokens") and the share done. May throw to stop.
using Preparation = std::function<void(const char* what, float share)>;

// The same for one name; `preparation` outlives it.
inline std::function<void(float)> told(const Preparation& preparation, const char* what) {
  if (!preparation) return {};
  preparation(what, 0.0F);
  return [&preparation, what](float share) { preparation(what, share); };
}

}  // namespace headlight
