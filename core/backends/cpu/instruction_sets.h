// Which instruction sets the kernels exist for, which of them this processor has, and which one is used.
#pragma once

#include <string>
#include <vector>

#include "core/backends/cpu/kernels.h"

namespace headlight {

struct InstructionSet {
  std::string name;  // "baseline", "avx2", "avx512"; "neon" on ARM
  bool available = false;
  std::string reason;  // why it can or cannot be used here
  const Kernels* kernels = nullptr;
};

// From the plainest to the widest; the last available one is the fastest.
const std::vector<InstructionSet>& instruction_sets();

// The fastest that this processor has, or the one that the environment variable HEADLIGHT_ISA names.
// Throws UserError when it names one that does not exist or that this processor lacks.
const Kernels& chosen_kernels();

// As chosen_kernels, with the wish as an argument; empty for the fastest.
const Kernels& kernels_named(const std::string& wish);

}  // namespace headlight
