// The self-check of an open model finds a model right, and notices a weight that is not what it should be.
#include "core/session/model_check.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

TEST(ModelCheck, FindsTheModelRightAndNamesItsLargestError) {
  float last = 0.0F;
  const ModelCheck check = check_model_numbers(tiny_model(), [&](float done) { last = done; });
  EXPECT_GT(last, 0.6F);
  EXPECT_TRUE(check.passed()) << check.worst_hook << " " << check.worst;
  EXPECT_GT(check.worst, 0.0);  // two backends never agree to the last bit in everything
  EXPECT_LT(check.worst, 1e-4);
  EXPECT_FALSE(check.worst_hook.empty());
  EXPECT_GT(check.tokens, 10);
  EXPECT_GT(check.hooks.size(), 15U);
  for (const HookDifference& hook : check.hooks) EXPECT_LE(hook.relative, check.worst);
}

TEST(ModelCheck, ANumberThatIsNoneFails) {
  ModelCheck check;
  check.worst = std::nan("");
  EXPECT_FALSE(check.passed());
  check.worst = 2e-3;
  EXPECT_FALSE(check.passed());
}

TEST(ModelCheck, CanBeStopped) {
  struct Stop {};
  EXPECT_THROW(check_model_numbers(tiny_model(), [](float) { throw Stop{}; }), Stop);
}

}  // namespace
}  // namespace headlight
