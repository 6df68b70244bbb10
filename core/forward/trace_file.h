// A trace as a file that Python reads: .npz, .safetensors, .csv or .json, one entry a hook.
#pragma once

#include <string>

#include "core/forward/trace.h"

namespace headlight {

// Writes every value whose hook name matches the glob ("*": all; commas separate several), float32 under
// hook_name(), and always `tokens`, int64 [pos]. Attention maps that the trace did not keep are derived, one
// layer at a time. The extension of `path` chooses the format: numpy.load, safetensors.numpy.load_file, CSV
// with one value a line (name, up to three indices, value; pandas.read_csv), or JSON of nested lists in which
// infinities and NaN are the strings "-inf", "inf" and "nan". The file appears whole or not at all; the same
// trace gives the same bytes. Throws UserError: another extension, a glob that matches nothing, a place that
// cannot be written.
void write_trace(const Trace& trace, const std::string& path, const std::string& hooks_glob);

}  // namespace headlight
