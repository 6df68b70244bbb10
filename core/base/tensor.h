// A block of float32 values with a shape, row-major, shared and immutable once it is published.
// Copying a Tensor shares its values: capturing an activation costs nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace headlight {

using Shape = std::vector<std::int64_t>;

// "[9, 5, 5]", for messages and tooltips.
std::string shape_text(const Shape& shape);

class Tensor {
 public:
  Tensor() = default;                              // no value at all: empty() is true
  explicit Tensor(Shape shape);                    // uninitialised values, to be written by its maker
  Tensor(Shape shape, std::span<const float> values);  // copies; throws std::logic_error on a wrong count

  bool empty() const { return data_ == nullptr; }
  const Shape& shape() const { return shape_; }
  std::int64_t axis(std::size_t index) const { return shape_.at(index); }
  std::int64_t size() const { return size_; }      // number of values
  const float* data() const { return data_.get(); }
  std::span<const float> values() const { return {data_.get(), static_cast<std::size_t>(size_)}; }

  // For the maker of a tensor, before anyone else holds it. Throws std::logic_error when it is shared.
  float* writable();

  Tensor reshaped(Shape shape) const;              // the same values, shared; sizes must agree
  Tensor copy() const;                             // the same values, not shared
  // Rows [first, last) along axis 0, copied.
  Tensor rows(std::int64_t first, std::int64_t last) const;

 private:
  Shape shape_;
  std::int64_t size_ = 0;
  std::shared_ptr<float[]> data_;
};

}  // namespace headlight
