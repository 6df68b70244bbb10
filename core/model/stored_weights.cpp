// Shapes are checked here, with numbers in the message.
#include "core/model/stored_weights.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

constexpr std::string_view ending = ".weight";

Weight owning(NumberFormat format, std::int64_t rows, std::int64_t columns,
              std::shared_ptr<std::vector<std::byte>> bytes) {
  Weight weight{format, rows, columns, bytes->data(), nullptr};
  weight.owner = std::move(bytes);
  return weight;
}

std::shared_ptr<std::vector<std::byte>> buffer(std::int64_t bytes) {
  return std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(bytes));
}

}  // namespace

std::string in_layer(std::string name, std::int64_t layer) {
  const std::size_t place = name.find("{l}");
  return place == std::string::npos ? name : name.replace(place, 3, std::to_string(layer));
}

std::string bias_name(std::string weight_name) {
  if (weight_name.ends_with(ending)) weight_name.resize(weight_name.size() - ending.size());
  return weight_name + ".bias";
}

StoredWeights::StoredWeights(std::shared_ptr<const ModelFile> file) : file_(std::move(file)) {}

const StoredTensor& StoredWeights::present(const std::string& name) const {
  const StoredTensor* stored = file_->find(name);
  if (!stored) {
    throw told<FileError>("{}: the tensor '{}' is missing; the model is incomplete, fetch it again.",
                          "{}: '{}' 텐서가 없습니다. 모델이 온전하지 않으니 다시 내려받아 주세요.",
                          file_->path(), name);
  }
  return *stored;
}

void StoredWeights::refuse_shape(const StoredTensor& stored, const Shape& expected) const {
  const ArchitectureDescription& a = *architecture_;
  throw told<FileError>(
      "{}: the tensor '{}' has shape {}, but {} layers of width {} with {} and {} heads need {}. The weights "
      "and their description do not belong together; fetch the model again.",
      "{}: '{}' 텐서의 모양이 {}입니다. 층 {}개, 너비 {}, 헤드 {}개와 {}개에 맞는 모양은 {}입니다. 가중치와 "
      "설명이 서로 맞지 않으니 모델을 다시 내려받아 주세요.",
      file_->path(), stored.name, shape_text(stored.shape), a.layers, a.d_model, a.heads, a.kv_heads,
      shape_text(expected));
}

const StoredTensor& StoredWeights::checked(const std::string& name, const Shape& expected) {
  const StoredTensor& stored = present(name);
  if (stored.shape != expected) refuse_shape(stored, expected);
  if (!is_weight_format(stored.format)) {
    throw told<FileError>(
        "{}: the tensor '{}' holds {}, which are no weights; export the model in F32, F16 or BF16.",
        "{}: '{}' 텐서의 수 형식은 가중치로 쓸 수 없습니다: {}. F32, F16, BF16으로 내보내 주세요.",
        file_->path(), name, number_format_name(stored.format));
  }
  used_.insert(name);
  return stored;
}

Weight StoredWeights::matrix(const std::string& name, std::int64_t rows, std::int64_t columns) {
  const StoredTensor& stored = checked(name, {rows, columns});
  return {stored.format, rows, columns, stored.bytes.data(), file_};
}

Tensor StoredWeights::vector(const std::string& name, std::int64_t length) {
  const bool is_row = present(name).shape.size() == 2;
  const StoredTensor& stored = checked(name, is_row ? Shape{1, length} : Shape{length});
  if (const float* floats = floats_in_place(stored.format, stored.bytes.data())) {
    return Tensor::view({length}, file_, floats);
  }
  Tensor values({length});
  decode_row(stored.format, stored.bytes.data(), length, values.writable());
  return values;
}

std::string StoredWeights::norm_name(const std::string& name, const char* older) const {
  if (file_->find(name) != nullptr) return name;
  const std::string other = name.substr(0, name.rfind('.') + 1) + older;
  return file_->find(other) != nullptr ? other : name;
}

Tensor StoredWeights::norm_gain(const std::string& name, std::int64_t length, bool is_offset) {
  const Tensor stored = vector(norm_name(name, "gamma"), length);
  if (!is_offset) return stored;
  Tensor gain = stored.copy();
  float* values = gain.writable();
  for (std::int64_t i = 0; i < length; ++i) values[i] += 1.0F;
  return gain;
}

Tensor StoredWeights::norm_bias(const std::string& name, std::int64_t length) {
  return vector(norm_name(bias_name(name), "beta"), length);
}

std::int64_t StoredWeights::rows_of(const std::string& name) const {
  const StoredTensor& stored = present(name);
  if (stored.shape.size() != 2) {
    throw told<FileError>("{}: the tensor '{}' has shape {}, but two axes are expected.",
                          "{}: '{}' 텐서의 모양이 {}입니다. 축이 두 개여야 합니다.", file_->path(), name,
                          shape_text(stored.shape));
  }
  return stored.shape[0];
}

void StoredWeights::refuse_leftovers(const std::vector<std::string>& ignored) const {
  for (const StoredTensor& stored : file_->tensors()) {
    if (used_.contains(stored.name)) continue;
    const bool is_ignored = std::any_of(ignored.begin(), ignored.end(), [&](const std::string& glob) {
      return fnmatch(glob.c_str(), stored.name.c_str(), 0) == 0;
    });
    if (is_ignored) continue;
    throw told<FileError>("{}: the tensor '{}' {} is not part of the {} models that this version computes.",
                          "{}: 남는 텐서: '{}' {}. 이 버전이 계산하는 {} 모델에는 없는 텐서입니다.",
                          file_->path(), stored.name, shape_text(stored.shape), architecture_->family);
  }
}

RowOrder half_split_rows(std::int64_t heads, std::int64_t d_head, std::int64_t turning) {
  RowOrder order;
  for (std::int64_t row = 0; row < heads * d_head; ++row) {
    const std::int64_t inside = row % d_head;
    std::int64_t source = inside;
    if (inside < turning) source = inside < turning / 2 ? 2 * inside : 2 * (inside - turning / 2) + 1;
    order.push_back(row - inside + source);
  }
  return order;
}

RowOrder rows_by_part(std::int64_t heads, std::int64_t d_head) {
  RowOrder order;
  for (std::int64_t part = 0; part < 3; ++part) {
    for (std::int64_t head = 0; head < heads; ++head) {
      for (std::int64_t i = 0; i < d_head; ++i) order.push_back((head * 3 + part) * d_head + i);
    }
  }
  return order;
}

Weight reordered(const Weight& weight, const RowOrder& order) {
  const auto row_size = static_cast<std::size_t>(row_bytes(weight.format, weight.columns));
  auto bytes = buffer(weight.byte_size());
  for (std::size_t row = 0; row < order.size(); ++row) {
    std::memcpy(bytes->data() + row * row_size,
                weight.bytes + static_cast<std::size_t>(order[row]) * row_size, row_size);
  }
  return owning(weight.format, weight.rows, weight.columns, std::move(bytes));
}

Tensor reordered(const Tensor& values, const RowOrder& order) {
  Tensor result(values.shape());
  float* out = result.writable();
  for (const std::int64_t source : order) *out++ = values.data()[source];
  return result;
}

Weight some_rows(const Weight& weight, std::int64_t first, std::int64_t last) {
  Weight some = weight;
  some.rows = last - first;
  some.bytes = weight.bytes + first * row_bytes(weight.format, weight.columns);
  return some;
}

Weight transposed(const Weight& weight, const std::string& name) {
  if (block_values(weight.format) != 1) {
    throw told<FileError>(
        "the tensor '{}' is stored transposed in {}, which cannot be turned round; export the model in F32, "
        "F16 or BF16.",
        "'{}' 텐서가 {} 형식으로 전치되어 있어 되돌릴 수 없습니다. F32, F16, BF16으로 내보내 주세요.", name,
        number_format_name(weight.format));
  }
  const auto size = static_cast<std::size_t>(block_bytes(weight.format));
  auto bytes = buffer(weight.byte_size());
  const auto rows = static_cast<std::size_t>(weight.rows), columns = static_cast<std::size_t>(weight.columns);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      std::memcpy(bytes->data() + (column * rows + row) * size,
                  weight.bytes + (row * columns + column) * size, size);
    }
  }
  return owning(weight.format, weight.columns, weight.rows, std::move(bytes));
}

Weight sinusoidal_positions(std::int64_t positions, std::int64_t d_model) {
  auto bytes = buffer(positions * d_model * static_cast<std::int64_t>(sizeof(float)));
  const std::int64_t half = (d_model + 1) / 2;
  for (std::int64_t position = 0; position < positions; ++position) {
    for (std::int64_t i = 0; i < d_model; ++i) {
      const std::int64_t pair = i < half ? i : i - half;
      const double angle = static_cast<double>(position) /
                           std::pow(10000.0, 2.0 * static_cast<double>(pair) / static_cast<double>(d_model));
      const auto value = static_cast<float>(i < half ? std::sin(angle) : std::cos(angle));
      std::memcpy(bytes->data() + static_cast<std::size_t>(position * d_model + i) * sizeof(float), &value,
                  sizeof(float));
    }
  }
  return owning(NumberFormat::f32, positions, d_model, std::move(bytes));
}

}  // namespace headlight
