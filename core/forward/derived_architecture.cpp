// Sizes first, then kinds: each kind is the one of few whose formula the arrays obey.
#include "core/forward/derived_architecture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/base/said_in_both.h"

namespace headlight {
namespace {

// How many numbers of an array are looked at.
constexpr std::int64_t looked_at = 20'000;
// float32 against a formula in double; another formula differs by far more.
constexpr double close_enough = 1e-3;

const char* axis_name(Axis axis) {
  switch (axis) {
    case Axis::position:
    case Axis::query:
    case Axis::key:
      return "tokens";
    case Axis::source:
      return "tokens of the encoder";
    case Axis::d_model:
      return "d_model";
    case Axis::one:
      return "1";
    case Axis::head:
      return "heads";
    case Axis::kv_head:
      return "key/value heads";
    case Axis::d_head:
      return "d_head";
    case Axis::d_mlp:
      return "d_mlp";
    case Axis::vocabulary:
      return "the vocabulary";
    case Axis::label:
      return "labels";
  }
  return "?";
}

// The length of every axis, and which array said so first.
class Sizes {
 public:
  explicit Sizes(const Refuse& refuse) : refuse_(refuse) {}

  void know(Axis axis, std::int64_t length, const std::string& from) { known_[same(axis)] = {length, from}; }

  void take(const NamedArrays::Value& value, const HookInfo& info) {
    const Shape& shape = value.tensor.shape();
    for (int i = 0; i < info.axis_count; ++i) {
      const auto place = static_cast<std::size_t>(i);
      const Axis axis = same(info.axes[i]);
      const auto [known, is_new] = known_.try_emplace(axis, shape[place], value.name);
      if (known->second.first == shape[place]) continue;
      refuse_(in_both("'{0}' has the shape {1}, in which axis {2} ({3}) should have {4}, as '{5}' has it",
                      "'{0}' 배열의 모양이 {1}인데, {2}번 축({3})의 크기는 '{5}' 배열처럼 {4}여야 합니다",
                      value.name, shape_text(shape), i, axis_name(axis), known->second.first,
                      known->second.second));
    }
  }

  std::optional<std::int64_t> of(Axis axis) const {
    const auto found = known_.find(same(axis));
    return found == known_.end() ? std::nullopt : std::optional(found->second.first);
  }

 private:
  static Axis same(Axis axis) { return axis == Axis::query || axis == Axis::key ? Axis::position : axis; }

  const Refuse& refuse_;
  std::map<Axis, std::pair<std::int64_t, std::string>> known_ = {{Axis::one, {1, "every norm"}}};
};

double largest_difference(const Tensor& one, const Tensor& other) {
  double largest = 0.0, size = 0.0;
  const std::int64_t count = std::min({one.size(), other.size(), looked_at});
  for (std::int64_t i = 0; i < count; ++i) {
    const auto a = static_cast<double>(one.data()[i]), b = static_cast<double>(other.data()[i]);
    largest = std::max(largest, std::abs(a - b));
    size = std::max(size, std::abs(a));
  }
  return size > 0.0 ? largest / size : largest;
}

double activated(Activation activation, double x) {
  switch (activation) {
    case Activation::silu:
      return x / (1.0 + std::exp(-x));
    case Activation::gelu:
      return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return 0.5 * x *
             (1.0 + std::tanh(std::sqrt(2.0 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return std::max(0.0, x);
    case Activation::tanh:
      return std::tanh(x);
  }
  return x;
}

// The one that makes `post` of `pre` (times `linear`, of a gated MLP).
Activation activation_of(const NamedArrays& arrays, bool gated) {
  constexpr std::array kinds = {Activation::gelu_tanh, Activation::gelu, Activation::silu, Activation::relu,
                                Activation::tanh};
  Activation best = gated ? Activation::silu : Activation::gelu_tanh;
  double least = std::numeric_limits<double>::infinity();
  const auto* pre = arrays.any(Hook::mlp_pre);
  const auto* post = arrays.any(Hook::mlp_post);
  const auto* linear = arrays.any(Hook::mlp_pre_linear);
  if (!pre || !post || (gated && !linear)) return best;
  const std::int64_t count = std::min(pre->tensor.size(), looked_at);
  for (const Activation kind : kinds) {
    double error = 0.0;
    for (std::int64_t i = 0; i < count; ++i) {
      double made = activated(kind, static_cast<double>(pre->tensor.data()[i]));
      if (gated) made *= static_cast<double>(linear->tensor.data()[i]);
      error = std::max(error, std::abs(made - static_cast<double>(post->tensor.data()[i])));
    }
    if (error < least) {
      least = error;
      best = kind;
    }
  }
  return best;
}

// LayerNorm's scale is the standard deviation, RMSNorm's the root mean square.
Norm norm_of(const NamedArrays& arrays) {
  const auto* scale = arrays.find(Hook::ln1_scale, 0);
  const auto* stream = arrays.find(Hook::resid_pre, 0);
  if (!scale || !stream) return arrays.has(Hook::pos_embed) ? Norm::layer : Norm::rms;
  const std::int64_t width = stream->tensor.axis(1);
  double to_layer = 0.0, to_rms = 0.0;
  for (std::int64_t row = 0; row < stream->tensor.axis(0); ++row) {
    const float* x = stream->tensor.data() + row * width;
    double sum = 0.0, squares = 0.0;
    for (std::int64_t i = 0; i < width; ++i) {
      sum += static_cast<double>(x[i]);
      squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
    const auto n = static_cast<double>(width), said = static_cast<double>(scale->tensor.data()[row]);
    to_rms += std::abs(said - std::sqrt(squares / n));
    to_layer += std::abs(said - std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n))));
  }
  return to_rms < to_layer ? Norm::rms : Norm::layer;
}

// Whether a sum of two arrays is a third.
bool adds_up(const NamedArrays::Value* one, const NamedArrays::Value* other, const NamedArrays::Value* sum) {
  if (!one || !other || !sum || one->tensor.size() != sum->tensor.size() ||
      other->tensor.size() != sum->tensor.size()) {
    return false;
  }
  Tensor added(sum->tensor.shape());
  float* out = added.writable();
  for (std::int64_t i = 0; i < added.size(); ++i) out[i] = one->tensor.data()[i] + other->tensor.data()[i];
  return largest_difference(sum->tensor, added) <= close_enough;
}

// With the norms behind the sums, the MLP's output is added to what the norm before it made.
Wiring wiring_of(const NamedArrays& arrays) {
  if (!arrays.has(Hook::resid_mid) && arrays.has(Hook::attn_out)) return Wiring::parallel;
  const bool crosses = arrays.has(Hook::resid_mid_cross);
  const auto* sum = arrays.find(Hook::resid_post, 0);
  const auto* mlp = arrays.find(Hook::mlp_out, 0);
  if (adds_up(arrays.find(crosses ? Hook::resid_mid_cross : Hook::resid_mid, 0), mlp, sum)) {
    return Wiring::sequential;
  }
  const bool is_behind =
      adds_up(arrays.find(crosses ? Hook::ln_cross_normalized : Hook::ln1_normalized, 0), mlp, sum);
  return is_behind ? Wiring::post_norm : Wiring::sequential;
}

bool looks_only_back(const NamedArrays& arrays) {
  const auto* pattern = arrays.any(Hook::pattern);
  if (!pattern) return true;
  const Tensor& map = pattern->tensor;
  const std::int64_t keys = map.axis(2);
  for (std::int64_t head = 0; head < map.axis(0); ++head) {
    for (std::int64_t query = 0; query < map.axis(1); ++query) {
      const float* row = map.data() + (head * map.axis(1) + query) * keys;
      for (std::int64_t key = query + 1; key < keys; ++key) {
        if (row[key] != 0.0F) return false;
      }
    }
  }
  return true;
}

// What q · k is multiplied with to give the scores, if one number does that everywhere; else NaN. Scores that
// are not there are taken from the pattern: its logarithms differ by the same as the scores of a row.
double attention_scale_of(const NamedArrays& arrays, const ArchitectureDescription& a, std::int64_t layer) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const auto* q = arrays.find(query_hook(a), layer);
  const auto* k = arrays.find(key_hook(a), layer);
  const auto* scores = arrays.find(Hook::attn_scores, layer);
  const auto* pattern = arrays.find(Hook::pattern, layer);
  if (!q || !k || (!scores && !pattern)) return unknown;
  const std::int64_t positions = q->tensor.axis(0);
  const double expected = 1.0 / std::sqrt(static_cast<double>(a.d_head));
  double cross = 0.0, squares = 0.0;  // least squares over differences to the first key of each row
  std::vector<std::pair<double, double>> pairs;
  for (std::int64_t head = 0; head < a.heads; ++head) {
    const std::int64_t kv_head = head / (a.heads / a.kv_heads);
    for (std::int64_t query = 1; query < positions && static_cast<std::int64_t>(pairs.size()) < looked_at;
         ++query) {
      std::vector<double> products, said;
      for (std::int64_t key = 0; key <= query; ++key) {
        double product = 0.0;
        for (std::int64_t i = 0; i < a.d_head; ++i) {
          product += static_cast<double>(q->tensor.data()[(query * a.heads + head) * a.d_head + i]) *
                     static_cast<double>(k->tensor.data()[(key * a.kv_heads + kv_head) * a.d_head + i]);
        }
        const std::int64_t cell = (head * positions + query) * positions + key;
        const double value = scores ? static_cast<double>(scores->tensor.data()[cell])
                                    : std::log(static_cast<double>(pattern->tensor.data()[cell]));
        if (!std::isfinite(value) || (!scores && value < -20.0)) continue;
        products.push_back(product);
        said.push_back(value);
      }
      for (std::size_t i = 1; i < said.size(); ++i) {
        pairs.emplace_back(products[i] - products[0], said[i] - said[0]);
        cross += pairs.back().first * pairs.back().second;
        squares += pairs.back().first * pairs.back().first;
      }
    }
  }
  if (pairs.empty() || squares == 0.0) return expected;  // one token: every factor gives the same weight
  double scale = cross / squares;
  if (std::abs(scale / expected - 1.0) < close_enough) scale = expected;
  double worst = 0.0, size = 0.0;
  for (const auto& [product, said] : pairs) {
    worst = std::max(worst, std::abs(scale * product - said));
    size = std::max(size, std::abs(said));
  }
  return worst <= close_enough * std::max(1.0, size) ? scale : unknown;
}

// The same for all layers, or divided by layer + 1 (scale_by_layer); else NaN.
void find_attention_scale(const NamedArrays& arrays, ArchitectureDescription& a) {
  a.attention_scale = attention_scale_of(arrays, a, 0);
  bool is_same = true, is_divided = a.layers > 1;
  for (std::int64_t layer = 1; layer < a.layers; ++layer) {
    const double scale = attention_scale_of(arrays, a, layer);
    const double divided = a.attention_scale / static_cast<double>(layer + 1);
    is_same = is_same && std::abs(scale - a.attention_scale) <= close_enough * std::abs(scale);
    is_divided = is_divided && std::abs(scale - divided) <= close_enough * std::abs(scale);
  }
  a.scale_by_layer = is_divided && !is_same;
  if (!is_same && !is_divided) a.attention_scale = std::numeric_limits<double>::quiet_NaN();
}

void take_sizes(const NamedArrays& arrays, const Sizes& sizes, std::int64_t positions,
                std::int64_t largest_id, const Refuse& refuse, ArchitectureDescription& a) {
  const auto need = [&](Axis axis, const char* which) {
    const std::optional<std::int64_t> length = sizes.of(axis);
    if (!length) {
      refuse(in_both("no array tells {}; add {}",
                     "{}의 크기를 알려 주는 배열이 없습니다. {} 배열을 넣어 주세요", axis_name(axis), which));
    }
    return length.value_or(1);
  };
  a.d_model = need(Axis::d_model, "'blocks.0.hook_resid_post'");
  a.heads = need(Axis::head, "'blocks.0.attn.hook_pattern'");
  a.kv_heads = sizes.of(Axis::kv_head).value_or(a.heads);
  a.d_head = sizes.of(Axis::d_head)
                 .value_or(std::max<std::int64_t>(1, a.d_model / std::max<std::int64_t>(1, a.heads)));
  a.d_mlp = sizes.of(Axis::d_mlp).value_or(a.d_model);
  a.vocabulary = std::max(sizes.of(Axis::vocabulary).value_or(0), largest_id + 1);
  a.labels = sizes.of(Axis::label).value_or(0);
  a.context = positions;
  a.layers = arrays.layers();
  if (a.d_model < 1 || a.heads < 1 || a.kv_heads < 1 || a.d_head < 1 || a.heads % a.kv_heads != 0) {
    refuse(in_both("{} heads, {} key/value heads, d_head {} and d_model {} make no model",
                   "헤드 {}개, 키·밸류 헤드 {}개, d_head {}, d_model {}인 모델은 없습니다", a.heads,
                   a.kv_heads, a.d_head, a.d_model));
  }
  if (sizes.of(Axis::vocabulary) && largest_id >= *sizes.of(Axis::vocabulary)) {
    refuse(in_both("'tokens' has the id {}, but the logits have {} columns",
                   "'tokens' 배열의 토큰 번호 {}에 맞는 열이 로짓에 없습니다(열은 {}개)", largest_id,
                   *sizes.of(Axis::vocabulary)));
  }
}

}  // namespace

const NamedArrays::Value* NamedArrays::any(Hook hook) const {
  const auto found = values_.lower_bound({hook, 0});
  return found != values_.end() && found->first.first == hook ? &found->second : nullptr;
}

std::int64_t NamedArrays::layers() const {
  std::int64_t layers = 0;
  for (const auto& [place, value] : values_) {
    if (hook_info(place.first).in_block) layers = std::max(layers, place.second + 1);
  }
  return layers;
}

ArchitectureDescription derived_architecture(const NamedArrays& arrays, std::int64_t positions,
                                             std::int64_t source, std::int64_t largest_id,
                                             const Refuse& refuse) {
  Sizes sizes(refuse);
  sizes.know(Axis::position, positions, "tokens");
  if (source > 0) sizes.know(Axis::source, source, "source_tokens");
  for (const auto& [place, value] : arrays.values()) sizes.take(value, hook_info(place.first));
  ArchitectureDescription a;
  a.family = "trace";
  take_sizes(arrays, sizes, positions, largest_id, refuse, a);
  a.positions = arrays.has(Hook::pos_embed) ? PositionTable::learned : PositionTable::none;
  a.token_types = arrays.has(Hook::token_type_embed);
  a.embedding_norm = arrays.has(Hook::ln_embed_normalized);
  a.norm = norm_of(arrays);
  a.wiring = wiring_of(arrays);
  a.sandwich_norms = arrays.has(Hook::attn_out_raw);
  a.final_norm = arrays.has(Hook::ln_final_normalized);
  a.causal = looks_only_back(arrays);
  if (arrays.has(Hook::rot_q)) a.rotary.dimensions = a.d_head;
  a.query_key_norm = arrays.has(Hook::q_norm_scale);
  a.cross_attention = arrays.has(Hook::cross_pattern) || arrays.has(Hook::cross_z);
  a.gated = arrays.has(Hook::mlp_pre_linear);
  a.activation = activation_of(arrays, a.gated);
  find_attention_scale(arrays, a);
  if (arrays.has(Hook::class_logits)) {
    a.head = OutputHead::classifier;
  } else if (arrays.has(Hook::logits)) {
    a.head = a.causal ? OutputHead::language_model : OutputHead::masked_lm;
  } else {
    a.head = OutputHead::none;
  }
  if (arrays.has(Hook::sentence_embedding)) a.pooling = Pooling::mean;
  return a;
}

}  // namespace headlight
