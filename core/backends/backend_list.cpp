// The explicit list: a new backend is one entry in backend_choices and one line in make_backend.
#include "core/backends/backend_list.h"

#include <fmt/format.h>

#include "core/backends/cpu/instruction_sets.h"
#include "core/base/errors.h"

namespace headlight {
namespace {

BackendChoice cpu_choice() {
  try {
    std::string found;
    for (const InstructionSet& set : instruction_sets()) {
      if (set.available) found += (found.empty() ? "" : ", ") + set.name;
    }
    return {"cpu", true,
            fmt::format("Uses the {} kernels; this processor can run {}.", chosen_kernels().name, found)};
  } catch (const UserError& error) {
    return {"cpu", false, error.what()};
  }
}

}  // namespace

std::vector<BackendChoice> backend_choices() {
  return {{"cuda", false, "This build has no CUDA backend."},
          cpu_choice(),
          {"reference", true, "Plain loops in double precision: exact and slow, for checking the others."}};
}

std::unique_ptr<Backend> make_backend(std::string_view device, int threads) {
  if (device == "reference") return make_reference_backend();
  // Also for "auto", as long as nothing faster exists: its error then says what is wrong with the processor.
  if (device == "cpu" || device == "auto") return make_cpu_backend(threads);
  std::string usable;
  for (const BackendChoice& choice : backend_choices()) {
    if (choice.name == device) {
      throw UserError(
          fmt::format("The device '{}' cannot be used: {} Choose 'auto' or 'cpu'.", device, choice.reason));
    }
    if (choice.available) usable += fmt::format(", '{}'", choice.name);
  }
  throw UserError(fmt::format("There is no device '{}'. Choose one of 'auto'{}.", device, usable));
}

}  // namespace headlight
