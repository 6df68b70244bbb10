// How fast models learn here is remembered, and nonsense is not.
#include "core/session/learning_pace.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

namespace headlight {
namespace {

class LearningPaceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* data = std::getenv("XDG_DATA_HOME")) before_ = data;
    std::filesystem::remove_all(folder_);
    setenv("XDG_DATA_HOME", folder_.c_str(), 1);
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    if (before_) {
      setenv("XDG_DATA_HOME", before_->c_str(), 1);
    } else {
      unsetenv("XDG_DATA_HOME");
    }
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / "headlight_learning_pace_test";
  std::optional<std::string> before_;
};

TEST_F(LearningPaceTest, IsWhatARunTookForWhatItsPlanExpected) {
  LearningSnapshot snapshot;
  snapshot.choices.steps = 200;
  snapshot.plan.seconds = 60.0;
  snapshot.seconds = 45.0;
  snapshot.step = 9;
  EXPECT_EQ(learning_pace(snapshot), 0.0);  // too few to tell
  snapshot.step = 100;
  EXPECT_EQ(learning_pace(snapshot), 1.5);
}

TEST_F(LearningPaceTest, IsRememberedAndDamageIsNot) {
  EXPECT_EQ(remembered_learning_pace(), 0.0);
  remember_learning_pace(1.25);
  EXPECT_EQ(remembered_learning_pace(), 1.25);
  remember_learning_pace(0.0);  // tells nothing
  EXPECT_EQ(remembered_learning_pace(), 1.25);
  for (const char* damaged : {"", "fast", "-3", "1e300", "nan"}) {
    std::ofstream(folder_ / "headlight/learning_pace") << damaged;
    EXPECT_EQ(remembered_learning_pace(), 0.0) << damaged;
  }
}

}  // namespace
}  // namespace headlight
