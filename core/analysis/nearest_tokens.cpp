// One product with the whole table in the backend's own precision, then the best again in double.
#include "core/analysis/nearest_tokens.h"

#include <algorithm>
#include <cmath>

namespace headlight {
namespace {

// Beyond those that are wanted: a quantised product may misplace a token by a few ranks.
constexpr std::int64_t looked_at_besides = 44;
constexpr std::int64_t rows_a_report = 4096;

double dot_product(std::span<const float> a, std::span<const float> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

double value_of(const NearToken& token, bool by_dot) { return by_dot ? token.dot : token.cosine; }

void rank(std::vector<NearToken>& tokens, bool by_dot, std::int64_t count) {
  const auto before = [by_dot](const NearToken& a, const NearToken& b) {
    const double one = value_of(a, by_dot), other = value_of(b, by_dot);
    return one != other ? one > other : a.id < b.id;
  };
  const std::int64_t kept = std::min<std::int64_t>(count, static_cast<std::int64_t>(tokens.size()));
  std::partial_sort(tokens.begin(), tokens.begin() + kept, tokens.end(), before);
  tokens.resize(static_cast<std::size_t>(kept));
}

// Sharpened and put in order again.
std::vector<NearToken> best_of(std::vector<NearToken> rough, bool by_dot, std::int64_t count,
                               const Weight& table, std::span<const double> lengths,
                               std::span<const float> vector, double length) {
  rank(rough, by_dot, count + looked_at_besides);
  for (NearToken& token : rough) {
    token.dot = dot_product(weight_row(table, token.id), vector);
    token.cosine = std::clamp(token.dot / (length * lengths[static_cast<std::size_t>(token.id)]), -1.0, 1.0);
  }
  rank(rough, by_dot, count);
  return rough;
}

}  // namespace

std::vector<double> row_lengths(const Weight& table, std::int64_t rows,
                                const std::function<void(float)>& report) {
  std::vector<double> lengths;
  lengths.reserve(static_cast<std::size_t>(rows));
  for (std::int64_t row = 0; row < rows; ++row) {
    if (row % rows_a_report == 0) report(static_cast<float>(row) / static_cast<float>(rows));
    const std::vector<float> values = weight_row(table, row);
    lengths.push_back(std::sqrt(dot_product(values, values)));
  }
  return lengths;
}

NearestTokens nearest_tokens(Backend& backend, const Weight& table, std::span<const double> lengths,
                             std::span<const float> vector, std::span<const TokenId> left_out,
                             std::int64_t count) {
  NearestTokens nearest;
  nearest.length = std::sqrt(dot_product(vector, vector));
  if (!std::isfinite(nearest.length) || nearest.length <= 0.0) return nearest;
  const Tensor products =
      backend.linear(Tensor({1, static_cast<std::int64_t>(vector.size())}, vector), table);
  std::vector<NearToken> rough;
  rough.reserve(lengths.size());
  for (std::size_t row = 0; row < lengths.size(); ++row) {
    const auto id = static_cast<TokenId>(row);
    const double dot = static_cast<double>(products.data()[row]);
    if (!(lengths[row] > 0.0) || !std::isfinite(dot)) continue;
    if (std::find(left_out.begin(), left_out.end(), id) != left_out.end()) continue;
    rough.push_back({id, dot / (nearest.length * lengths[row]), dot});
  }
  nearest.by_cosine = best_of(rough, false, count, table, lengths, vector, nearest.length);
  nearest.by_dot = best_of(std::move(rough), true, count, table, lengths, vector, nearest.length);
  return nearest;
}

}  // namespace headlight
