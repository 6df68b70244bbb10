#include "core/backends/backend_list.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/backends/cpu/instruction_sets.h"
#include "core/backends/cuda/plugin.h"
#include "core/base/errors.h"

namespace headlight {
namespace {

// Sets HEADLIGHT_ISA for one test and puts back what was there.
class IsaVariable {
 public:
  explicit IsaVariable(const char* value) {
    const char* old = std::getenv("HEADLIGHT_ISA");
    had_ = old != nullptr;
    if (had_) before_ = old;
    setenv("HEADLIGHT_ISA", value, 1);
  }
  ~IsaVariable() {
    if (had_) {
      setenv("HEADLIGHT_ISA", before_.c_str(), 1);
    } else {
      unsetenv("HEADLIGHT_ISA");
    }
  }

 private:
  bool had_ = false;
  std::string before_;
};

std::string refusal(std::string_view device) {
  try {
    make_backend(device, 1);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(BackendList, MakesWhatItLists) {
  int available = 0;
  for (const BackendChoice& choice : backend_choices()) {
    EXPECT_FALSE(choice.reason.en.empty() || choice.reason.ko.empty()) << choice.name;
    if (!choice.available) {
      EXPECT_NE(refusal(choice.name).find(choice.reason.en), std::string::npos) << refusal(choice.name);
      continue;
    }
    ++available;
    EXPECT_EQ(make_backend(choice.name, 1)->name(), choice.name);
  }
  EXPECT_GE(available, 2);
  EXPECT_EQ(make_backend("auto", 0)->name(), cuda_device().memory ? "cuda" : "cpu");
}

TEST(BackendList, SaysWhatIsWrongWithAnotherName) {
  EXPECT_NE(refusal("tpu").find("'cpu'"), std::string::npos);
  if (cuda_device().memory) GTEST_SKIP() << "there is a GPU: " << cuda_device().reason.en;
  EXPECT_NE(refusal("cuda").find(cuda_device().reason.en), std::string::npos);
}

TEST(InstructionSets, TheVariableChoosesAndIsChecked) {
  const std::string plainest = instruction_sets().front().name;
  {
    const IsaVariable variable(plainest.c_str());
    EXPECT_EQ(chosen_kernels().name, plainest);
  }
  {
    const IsaVariable variable("sse9");
    EXPECT_THROW(chosen_kernels(), UserError);
    EXPECT_NE(refusal("auto").find(plainest), std::string::npos) << refusal("auto");
    for (const BackendChoice& choice : backend_choices()) {
      EXPECT_TRUE(choice.name != "cpu" || !choice.available);
    }
  }
  for (const InstructionSet& set : instruction_sets()) {
    if (set.available) {
      EXPECT_EQ(&kernels_named(set.name), set.kernels);
    } else {
      EXPECT_THROW(kernels_named(set.name), UserError);
    }
    EXPECT_EQ(set.name, set.kernels->name);
  }
}

// The properties tell tests/runner which sets there are and which of them it can force here.
TEST(InstructionSets, EachSaysWhetherItIsHereAndWhy) {
  for (const InstructionSet& set : instruction_sets()) {
    EXPECT_EQ(set.reason.starts_with("this processor has"), set.available) << set.name << ": " << set.reason;
    RecordProperty(set.name, (set.available ? "available: " : "missing: ") + set.reason);
  }
}

TEST(InstructionSets, TheWidestAvailableIsChosen) {
  const Kernels* widest = nullptr;
  for (const InstructionSet& set : instruction_sets()) {
    if (set.available) widest = set.kernels;
  }
  EXPECT_EQ(&kernels_named(""), widest);
}

}  // namespace
}  // namespace headlight
