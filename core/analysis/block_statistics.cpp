// Sums in double, medians by selection, and one product with the output layer for all chosen neurons
// together.
#include "core/analysis/block_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "core/analysis/logit_attribution.h"

namespace headlight {
namespace {

constexpr double normal_factor = 1.4826;  // 1 / (the normal distribution's upper quartile)
constexpr double most_spreads = 6.0;

// |x|, with what is no number above everything.
double magnitude(float x) {
  return std::isfinite(x) ? std::abs(static_cast<double>(x)) : std::numeric_limits<double>::infinity();
}

double median_of(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

LayerLengths lengths_of(const Trace& trace, Hook hook, std::int64_t layer) {
  LayerLengths result;
  result.lengths.reserve(static_cast<std::size_t>(trace.positions()));
  for (std::int64_t position = 0; position < trace.positions(); ++position) {
    double squares = 0.0;
    for (const float x : trace.row(hook, layer, position)) {
      if (std::isfinite(x)) {
        squares += static_cast<double>(x) * static_cast<double>(x);
      } else {
        ++result.not_finite;
      }
    }
    const double length = std::sqrt(squares);
    result.mean += length / static_cast<double>(trace.positions());
    result.lengths.push_back(static_cast<float>(length));
    if (result.lengths.back() > result.lengths[static_cast<std::size_t>(result.largest_at)]) {
      result.largest_at = position;
    }
  }
  return result;
}

std::vector<std::int64_t> largest_first(std::span<const float> values, std::size_t most) {
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t kept = std::min(most, order.size());
  const auto larger = [&](std::int64_t one, std::int64_t other) {
    const double a = magnitude(values[static_cast<std::size_t>(one)]);
    const double b = magnitude(values[static_cast<std::size_t>(other)]);
    return a != b ? a > b : one < other;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(), larger);
  order.resize(kept);
  return order;
}

// The tokens with the largest number times `sign`, largest first.
std::array<NeuronWriting::Push, 5> strongest(std::span<const float> logits, float sign) {
  std::array<NeuronWriting::Push, 5> top;
  std::size_t count = 0;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    const float logit = logits[id];
    if (std::isnan(logit) || (count == top.size() && !(sign * logit > sign * top.back().logit))) continue;
    std::size_t at = std::min(count, top.size() - 1);
    for (; at > 0 && sign * logit > sign * top[at - 1].logit; --at) top[at] = top[at - 1];
    top[at] = {static_cast<TokenId>(id), logit};
    count = std::min(count + 1, top.size());
  }
  return top;
}

// activation · column of W_out, behind all norms, as the output layer reads it: [neuron, d_model].
Tensor carried_rows(const Trace& trace, const NeuronWritings& writings) {
  const ArchitectureDescription& a = trace.model().architecture;
  const Weight& w_out = trace.model().blocks[static_cast<std::size_t>(writings.layer)].w_out;
  const std::size_t count = writings.neurons.size();
  std::vector<std::vector<double>> columns(count, std::vector<double>(static_cast<std::size_t>(a.d_model)));
  for (std::int64_t row = 0; row < w_out.rows; ++row) {
    const std::vector<float> weights = weight_row(w_out, row);
    for (std::size_t i = 0; i < count; ++i) {
      const NeuronWriting& neuron = writings.neurons[i];
      columns[i][static_cast<std::size_t>(row)] =
          neuron.activation * static_cast<double>(weights[static_cast<std::size_t>(neuron.neuron)]);
    }
  }
  Tensor rows({static_cast<std::int64_t>(count), a.d_model});
  float* out = rows.writable();
  for (std::vector<double>& column : columns) {
    column = carried_to_output(trace, writings.layer, writings.position, std::move(column));
    for (const double x : column) *out++ = static_cast<float>(x * a.output_scale);
  }
  return rows;
}

}  // namespace

StreamLengths stream_lengths(const std::shared_ptr<const Trace>& trace,
                             const std::function<void()>& check_cancelled) {
  StreamLengths result;
  result.trace = trace;
  for (const Hook hook :
       {Hook::resid_pre, Hook::attn_out, Hook::cross_attn_out, Hook::mlp_out, Hook::resid_post}) {
    if (has_hook(hook, trace->model().architecture)) result.hooks.push_back(hook);
  }
  result.of.resize(result.hooks.size());
  for (std::int64_t layer = 0; layer < trace->layers_done(); ++layer) {
    check_cancelled();
    for (std::size_t i = 0; i < result.hooks.size(); ++i) {
      if (!trace->has(result.hooks[i], layer)) return result;
      result.of[i].push_back(lengths_of(*trace, result.hooks[i], layer));
    }
  }
  return result;
}

VectorFacts vector_facts(std::span<const float> values) {
  VectorFacts facts;
  facts.count = static_cast<std::int64_t>(values.size());
  double sum = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float x = values[i];
    if (magnitude(x) > magnitude(values[static_cast<std::size_t>(facts.largest_at)])) {
      facts.largest_at = static_cast<std::int64_t>(i);
    }
    if (!std::isfinite(x)) {
      ++facts.not_finite;
      continue;
    }
    sum += static_cast<double>(x);
    squares += static_cast<double>(x) * static_cast<double>(x);
  }
  const std::int64_t finite = facts.count - facts.not_finite;
  if (finite == 0) return facts;
  facts.mean = sum / static_cast<double>(finite);
  facts.length = std::sqrt(squares);
  double distances = 0.0;
  for (const float x : values) {
    if (!std::isfinite(x)) continue;
    const double distance = static_cast<double>(x) - facts.mean;
    distances += distance * distance;
  }
  facts.deviation = std::sqrt(distances / static_cast<double>(finite));
  return facts;
}

OutlierDimensions outlier_dimensions(std::span<const float> values) {
  OutlierDimensions result;
  std::vector<double> finite;
  for (const float x : values) {
    if (std::isfinite(x)) finite.push_back(static_cast<double>(x));
  }
  result.median = median_of(finite);
  for (double& x : finite) x = std::abs(x - result.median);
  result.spread = normal_factor * median_of(std::move(finite));
  result.limit = most_spreads * result.spread;
  const auto distance = [&](std::int64_t dimension) {
    const float x = values[static_cast<std::size_t>(dimension)];
    return std::isfinite(x) ? std::abs(static_cast<double>(x) - result.median)
                            : std::numeric_limits<double>::infinity();
  };
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(values.size()); ++i) {
    if (distance(i) > result.limit) result.dimensions.push_back(i);
  }
  std::stable_sort(result.dimensions.begin(), result.dimensions.end(),
                   [&](std::int64_t one, std::int64_t other) { return distance(one) > distance(other); });
  return result;
}

Histogram histogram(std::span<const std::span<const float>> rows, std::size_t bins) {
  Histogram result;
  result.counts.assign(bins, 0);
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (const std::span<const float> row : rows) {
    for (const float x : row) {
      if (!std::isfinite(x)) {
        ++result.not_finite;
        continue;
      }
      least = std::min(least, static_cast<double>(x));
      most = std::max(most, static_cast<double>(x));
    }
  }
  if (least > most) return result;
  result.least = least;
  result.most = most;
  const double width = (most - least) / static_cast<double>(bins);
  for (const std::span<const float> row : rows) {
    for (const float x : row) {
      if (!std::isfinite(x)) continue;
      const double bin = width > 0.0 ? (static_cast<double>(x) - least) / width : 0.0;
      ++result.counts[std::min(static_cast<std::size_t>(bin), bins - 1)];
    }
  }
  return result;
}

NeuronWritings neuron_writings(const std::shared_ptr<const Trace>& trace, Backend& backend,
                               std::int64_t layer, std::int64_t position, std::size_t most) {
  NeuronWritings result;
  result.trace = trace;
  result.layer = layer;
  result.position = position;
  const std::span<const float> activations = trace->row(Hook::mlp_post, layer, position);
  for (const std::int64_t neuron : largest_first(activations, most)) {
    NeuronWriting writing;
    writing.neuron = neuron;
    writing.activation = static_cast<double>(activations[static_cast<std::size_t>(neuron)]);
    result.neurons.push_back(writing);
  }
  const AttributionKind kind = attribution_kind(trace->model().architecture);
  const Model& model = trace->model();
  const bool has_weights =
      model.unembedding.bytes != nullptr && layer < static_cast<std::int64_t>(model.blocks.size());
  result.has_tokens = trace->complete() && has_weights &&
                      (kind == AttributionKind::final_norm || kind == AttributionKind::every_norm);
  if (!result.has_tokens) return result;
  const Tensor logits = backend.linear(carried_rows(*trace, result), model.unembedding);
  const auto width = static_cast<std::size_t>(logits.axis(1));
  for (std::size_t i = 0; i < result.neurons.size(); ++i) {
    const std::span<const float> row = logits.values().subspan(i * width, width);
    result.neurons[i].up = strongest(row, 1.0F);
    result.neurons[i].down = strongest(row, -1.0F);
  }
  return result;
}

}  // namespace headlight
