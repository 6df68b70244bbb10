// Tests that run on each instruction set that the kernels are made for.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/backends/cpu/instruction_sets.h"

namespace headlight {

inline std::vector<std::string> set_names() {
  std::vector<std::string> names;
  for (const InstructionSet& set : instruction_sets()) names.push_back(set.name);
  return names;
}

// The parameter is the name. What this processor lacks is skipped.
class EveryInstructionSet : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    for (const InstructionSet& set : instruction_sets()) {
      if (set.name != GetParam()) continue;
      if (!set.available) GTEST_SKIP() << set.reason;
      kernels_ = set.kernels;
    }
    ASSERT_NE(kernels_, nullptr);
  }

  const Kernels* kernels_ = nullptr;
};

}  // namespace headlight
