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

class Tensor;

// Values that lie somewhere else, in the memory of a GPU, until somebody here reads them.
class FarValues {
 public:
  virtual ~FarValues() = default;
  // All that are written, fetched when they are first asked for; safe from any thread. A device that gives
  // them no more leaves NaN, which views draw as what it is, and says so to whoever computes next.
  virtual const float* fetched() const = 0;
  // Room in the same place for [group, row, number], to be written row by row, the first ones first, while
  // others read the rows before them. Throws DeviceError.
  virtual std::shared_ptr<FarValues> room(std::int64_t groups, std::int64_t rows,
                                          std::int64_t width) const = 0;
  // Of such room: the rows [first, first + count) of each group become the first `count` of the `from_rows`
  // rows that `from` has in it; where the lengths of rows differ, the shorter one counts. Throws DeviceError.
  virtual void write(std::int64_t first, std::int64_t count, const Tensor& from, std::int64_t from_rows) = 0;
};

class Tensor {
 public:
  Tensor() = default;                                  // no value at all: empty() is true
  explicit Tensor(Shape shape);                        // uninitialised values, to be written by its maker
  Tensor(Shape shape, std::span<const float> values);  // copies; throws std::logic_error on a wrong count

  // `values`, which `owner` keeps alive, without copying them. The owner may change them between two uses, as
  // a trainer does.
  static Tensor view(Shape shape, std::shared_ptr<const void> owner, const float* values);

  // Values that lie elsewhere; they are fetched when somebody reads them here.
  static Tensor far(Shape shape, std::shared_ptr<const FarValues> values);
  const std::shared_ptr<const FarValues>& far_values() const { return far_; }  // null: they lie here

  std::weak_ptr<const void> owner() const { return data_; }  // of what lies here

  bool empty() const { return data_ == nullptr && far_ == nullptr; }
  bool shares_values_with(const Tensor& other) const { return data_ == other.data_ && far_ == other.far_; }
  const Shape& shape() const { return shape_; }
  std::int64_t axis(std::size_t index) const { return shape_.at(index); }
  std::int64_t size() const { return size_; }  // number of values
  const float* data() const& { return far_ ? far_->fetched() : data_.get(); }
  std::span<const float> values() const& { return {data(), static_cast<std::size_t>(size_)}; }
  const float* data() const&& = delete;  // what nobody else holds is gone before the pointer is used
  std::span<const float> values() const&& = delete;

  // For the maker of a tensor, before anyone else holds it. Throws std::logic_error when it is shared.
  float* writable();

  Tensor reshaped(Shape shape) const;  // the same values, shared; sizes must agree
  Tensor copy() const;                 // the same values, not shared
  // Rows [first, last) along axis 0, copied.
  Tensor rows(std::int64_t first, std::int64_t last) const;
  // The first `count` rows along axis 0, shared.
  Tensor leading(std::int64_t count) const;

 private:
  Shape shape_;
  std::int64_t size_ = 0;
  std::shared_ptr<float[]> data_;
  std::shared_ptr<const FarValues> far_;  // instead of data_
};

// Rows that lie in several tensors, one behind the other, which agree in all axes but the first: the keys of
// a text whose beginning was computed earlier. Immutable, and cheap to copy.
class TensorRows {
 public:
  TensorRows(Tensor whole);                         // not explicit: one tensor is rows in one piece
  explicit TensorRows(std::vector<Tensor> pieces);  // throws std::logic_error when they do not fit together

  std::int64_t axis(std::size_t index) const { return index == 0 ? rows_ : pieces_.front().axis(index); }
  Shape shape() const;
  std::int64_t size() const { return rows_ * row_size_; }

  // body(piece, rows of it [first, last), row of the whole that `first` is) for what lies in [first, last).
  template <class Body>
  void for_pieces(std::int64_t first, std::int64_t last, const Body& body) const {
    std::int64_t begin = 0;
    for (const Tensor& piece : pieces_) {
      const std::int64_t end = begin + piece.axis(0);
      const std::int64_t from = first > begin ? first : begin, to = last < end ? last : end;
      if (from < to) body(piece, from - begin, to - begin, from);
      begin = end;
    }
  }

  Tensor joined() const;  // the one piece itself, or a copy of all

 private:
  std::vector<Tensor> pieces_;
  std::int64_t rows_ = 0, row_size_ = 0;
};

}  // namespace headlight
