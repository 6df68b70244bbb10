#include "core/base/tensor.h"

#include <gtest/gtest.h>

#include <memory>

namespace headlight {
namespace {

const std::vector<float> six = {1, 2, 3, 4, 5, 6};

TEST(Tensor, CopiesShareUntilCopied) {
  Tensor original({2, 3}, six);
  Tensor shared = original;
  EXPECT_EQ(shared.data(), original.data());
  EXPECT_THROW(original.writable(), std::logic_error);
  Tensor own = original.copy();
  own.writable()[0] = 9;
  EXPECT_EQ(original.data()[0], 1.0F);
}

// What is looked at may be a file, which nobody can write to, also when nobody else holds it.
TEST(Tensor, AViewIsNeverWritable) {
  auto owner = std::make_shared<const std::vector<float>>(six);
  const std::weak_ptr<const std::vector<float>> watched = owner;
  const float* values = owner->data();
  Tensor view = Tensor::view({2, 3}, std::move(owner), values);
  EXPECT_EQ(view.data(), values);
  EXPECT_THROW(view.writable(), std::logic_error);
  EXPECT_THROW(view.reshaped({6}).writable(), std::logic_error);
  Tensor own = view.copy();
  own.writable()[0] = 9;
  EXPECT_EQ(view.data()[0], 1.0F);
  view = Tensor();
  EXPECT_TRUE(watched.expired());
}

TEST(Tensor, RowsAreCutAlongTheFirstAxis) {
  const Tensor tail = Tensor({3, 2}, six).rows(1, 3);
  EXPECT_EQ(tail.shape(), (Shape{2, 2}));
  EXPECT_EQ(tail.data()[0], 3.0F);
  EXPECT_THROW(tail.rows(1, 3), std::logic_error);
}

TEST(Tensor, RefusesWrongCountsAndOverflow) {
  EXPECT_THROW(Tensor({2, 2}, six), std::logic_error);
  EXPECT_THROW(Tensor({2, 3}, six).reshaped({7}), std::logic_error);
  EXPECT_THROW(Tensor({std::int64_t{1} << 40, std::int64_t{1} << 40}), std::logic_error);
  EXPECT_THROW(Tensor({-1}), std::logic_error);
}

}  // namespace
}  // namespace headlight
