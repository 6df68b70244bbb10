// Shapes are checked here once, so that backends can index without checking again.
#include "core/base/tensor.h"

#include <algorithm>
#include <stdexcept>

#include "core/base/float_pool.h"

namespace headlight {
namespace {

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t length : shape) {
    if (length < 0 || __builtin_mul_overflow(count, length, &count)) {
      throw std::logic_error("impossible tensor shape " + shape_text(shape));
    }
  }
  return count;
}

// Holds on to what a view looks at, and tells that nobody may write there: it may be a file.
struct Owned {
  std::shared_ptr<const void> owner;
  void operator()(const float*) const {}
};

}  // namespace

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Tensor::Tensor(Shape shape) : shape_(std::move(shape)), size_(element_count(shape_)) {
  // No zero-fill: every operation writes its whole result, and clearing would cost a pass over memory.
  data_ = pooled_floats(static_cast<std::size_t>(size_));
}

Tensor::Tensor(Shape shape, std::span<const float> values) : Tensor(std::move(shape)) {
  if (static_cast<std::int64_t>(values.size()) != size_) {
    throw std::logic_error(std::to_string(values.size()) + " values for shape " + shape_text(shape_));
  }
  std::copy(values.begin(), values.end(), data_.get());
}

Tensor Tensor::view(Shape shape, std::shared_ptr<const void> owner, const float* values) {
  Tensor result;
  result.size_ = element_count(shape);
  result.shape_ = std::move(shape);
  result.data_ = std::shared_ptr<float[]>(const_cast<float*>(values), Owned{std::move(owner)});  // NOLINT
  return result;
}

Tensor Tensor::far(Shape shape, std::shared_ptr<const FarValues> values) {
  Tensor result;
  result.size_ = element_count(shape);
  result.shape_ = std::move(shape);
  result.far_ = std::move(values);
  return result;
}

float* Tensor::writable() {
  if (far_) throw std::logic_error("values of a device are immutable; copy() them first");
  if (std::get_deleter<Owned>(data_) != nullptr)
    throw std::logic_error("a view is immutable; copy() it first");
  if (data_.use_count() > 1) throw std::logic_error("a shared tensor is immutable; copy() it first");
  return data_.get();
}

Tensor Tensor::reshaped(Shape shape) const {
  if (element_count(shape) != size_) {
    throw std::logic_error("cannot view " + shape_text(shape_) + " as " + shape_text(shape));
  }
  Tensor view = *this;
  view.shape_ = std::move(shape);
  return view;
}

Tensor Tensor::copy() const { return empty() ? Tensor() : Tensor(shape_, values()); }

Tensor Tensor::rows(std::int64_t first, std::int64_t last) const {
  if (shape_.empty() || first < 0 || last < first || last > shape_[0]) {
    throw std::logic_error("rows " + std::to_string(first) + " to " + std::to_string(last) + " of " +
                           shape_text(shape_));
  }
  Shape shape = shape_;
  shape[0] = last - first;
  const std::int64_t row_size = shape_[0] ? size_ / shape_[0] : 0;
  return Tensor(std::move(shape), values().subspan(static_cast<std::size_t>(first * row_size),
                                                   static_cast<std::size_t>((last - first) * row_size)));
}

Tensor Tensor::leading(std::int64_t count) const {
  if (shape_.empty() || count < 0 || count > shape_[0]) {
    throw std::logic_error(std::to_string(count) + " rows of " + shape_text(shape_));
  }
  Tensor view = *this;
  view.size_ = shape_[0] ? size_ / shape_[0] * count : 0;
  view.shape_[0] = count;
  return view;
}

TensorRows::TensorRows(Tensor whole) : TensorRows(std::vector<Tensor>{std::move(whole)}) {}

TensorRows::TensorRows(std::vector<Tensor> pieces) : pieces_(std::move(pieces)) {
  if (pieces_.empty() || pieces_.front().shape().empty()) {
    throw std::logic_error("rows need at least one tensor with an axis");
  }
  row_size_ = element_count(Shape(pieces_.front().shape().begin() + 1, pieces_.front().shape().end()));
  for (const Tensor& piece : pieces_) {
    if (piece.shape().size() != pieces_.front().shape().size() ||
        !std::equal(piece.shape().begin() + 1, piece.shape().end(), pieces_.front().shape().begin() + 1)) {
      throw std::logic_error("rows of " + shape_text(piece.shape()) + " do not go on from " +
                             shape_text(pieces_.front().shape()));
    }
    rows_ += piece.axis(0);
  }
}

Shape TensorRows::shape() const {
  Shape shape = pieces_.front().shape();
  shape[0] = rows_;
  return shape;
}

Tensor TensorRows::joined() const {
  if (pieces_.size() == 1) return pieces_.front();
  Tensor all(shape());
  float* out = all.writable();
  for (const Tensor& piece : pieces_) out = std::copy_n(piece.data(), piece.size(), out);
  return all;
}

}  // namespace headlight
