// How far two computations of the same values are apart, hook by hook.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/forward/npz_file.h"
#include "core/forward/trace.h"

namespace headlight {

// The largest differences of one hook over all its layers.
struct HookDifference {
  std::string name;         // without the layer: "blocks.{l}.attn.hook_pattern"
  std::int64_t values = 0;  // compared
  double absolute = 0.0;    // infinite where one is not a number, or an infinity stands against a number
  double relative = 0.0;    // to the largest finite magnitude of the expected tensor
  std::int64_t layer = 0;   // of the largest relative one
};

// Two traces of the same model and text. Throws std::logic_error when they are not.
std::vector<HookDifference> compare_traces(const Trace& tested, const Trace& expected);

// Against arrays under hook names ("encoder." and "decoder." in front in an encoder-decoder). Names that are
// no hooks of this model are returned in `unknown`. Throws UserError: another shape than the trace's, or no
// hook at all.
std::vector<HookDifference> compare_with_arrays(const Trace& tested,
                                                const std::map<std::string, NumpyArray>& expected,
                                                std::vector<std::string>& unknown);

}  // namespace headlight
