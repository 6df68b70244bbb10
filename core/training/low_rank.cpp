#include "core/training/low_rank.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/backends/cpu/instruction_sets.h"
#include "core/base/errors.h"
#include "core/forward/hooks.h"
#include "core/training/random_numbers.h"

namespace headlight {

LowRank::LowRank(const std::vector<Parameter>& list, std::span<float> values, LowRankSettings settings,
                 std::uint64_t seed)
    : adapted_(values), kernels_(chosen_kernels()), settings_(std::move(settings)) {
  RandomNumbers random(seed);
  for (const Parameter& parameter : list) {
    const bool is_named =
        std::any_of(settings_.matrices.begin(), settings_.matrices.end(),
                    [&](const std::string& glob) { return glob_matches(glob, parameter.name); });
    if (is_named && parameter.shape.size() == 2) add(parameter, random);
  }
  if (adapters_.empty()) {
    throw UserError(fmt::format("no matrix of this model has a name like {}; there are {} and {} others.",
                                fmt::join(settings_.matrices, " or "), list.front().name, list.size() - 1));
  }
  gradients_.resize(values_.size());
}

void LowRank::add(const Parameter& matrix, RandomNumbers& random) {
  const std::int64_t rank = settings_.rank, rows = matrix.shape[0], columns = matrix.shape[1];
  if (rank < 1 || rank >= std::min(rows, columns)) {
    throw UserError(
        fmt::format("a rank of {} is no low rank for '{}', which is {}: a number from 1 to {} was expected.",
                    rank, matrix.name, shape_text(matrix.shape), std::min(rows, columns) - 1));
  }
  const auto first = static_cast<std::int64_t>(values_.size());
  list_.push_back({matrix.name + ".lora_A", {rank, columns}, first, rank * columns});
  list_.push_back({matrix.name + ".lora_B", {rows, rank}, first + rank * columns, rows * rank});
  const double deviation = 1.0 / std::sqrt(static_cast<double>(columns));  // A·x is as large as x
  for (std::int64_t i = 0; i < rank * columns; ++i) {
    values_.push_back(static_cast<float>(random.normal() * deviation));
  }
  values_.resize(values_.size() + static_cast<std::size_t>(rows * rank), 0.0F);
  const float* base = adapted_.data() + matrix.first;
  adapters_.push_back(
      {rows, columns, matrix.first, first, first + rank * columns, {base, base + matrix.size}});
}

void LowRank::apply() {
  const std::int64_t rank = settings_.rank;
  const auto scale = static_cast<float>(settings_.alpha / static_cast<double>(rank));
  for (const Adapter& adapter : adapters_) {
    float* weight = adapted_.data() + adapter.place;
    std::copy(adapter.base.begin(), adapter.base.end(), weight);
    scaled_.resize(static_cast<std::size_t>(adapter.rows * rank));
    kernels_.multiply_by(values_.data() + adapter.b, scale, adapter.rows * rank, scaled_.data());
    kernels_.add_product(scaled_.data(), rank, 1, {values_.data() + adapter.a, adapter.columns, rank},
                         adapter.rows, adapter.columns, weight, adapter.columns);
  }
}

// With D = d loss / d W: scale · Bᵀ·D by A, scale · D·Aᵀ by B.
std::span<const float> LowRank::gradients_from(std::span<const float> of_adapted) {
  const std::int64_t rank = settings_.rank;
  const auto scale = static_cast<float>(settings_.alpha / static_cast<double>(rank));
  std::fill(gradients_.begin(), gradients_.end(), 0.0F);
  for (const Adapter& adapter : adapters_) {
    const FloatRows d = {of_adapted.data() + adapter.place, adapter.columns, adapter.rows};
    kernels_.add_product(values_.data() + adapter.b, 1, rank, d, rank, adapter.columns,
                         gradients_.data() + adapter.a, adapter.columns);
    const PackedRows a = {NumberFormat::f32,
                          reinterpret_cast<const unsigned char*>(values_.data() + adapter.a),
                          adapter.columns * static_cast<std::int64_t>(sizeof(float)), rank};
    panel_.resize(static_cast<std::size_t>(panel_size(rank, adapter.columns)));
    kernels_.product(d, a, adapter.columns, panel_.data(), gradients_.data() + adapter.b, rank);
  }
  kernels_.multiply_by(gradients_.data(), scale, static_cast<std::int64_t>(gradients_.size()),
                       gradients_.data());
  return gradients_;
}

}  // namespace headlight
