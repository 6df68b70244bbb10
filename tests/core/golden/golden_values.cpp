// Reads golden files and compares traces with them.
#include "tests/core/golden/golden_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include "tests/core/source_dir.h"

namespace headlight {
namespace {

// The .bin file, in 4-byte words.
class Words {
 public:
  explicit Words(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw std::runtime_error(path + " cannot be read");
    bytes_.assign(std::istreambuf_iterator<char>(stream), {});
  }
  std::size_t size() const { return bytes_.size() / 4; }

  template <typename Value>
  std::vector<Value> at(std::size_t place, std::size_t count) const {
    static_assert(sizeof(Value) == 4);
    if (place > size() || count > size() - place)
      throw std::runtime_error("a golden entry points past its .bin");
    std::vector<Value> values(count);
    std::memcpy(values.data(), bytes_.data() + place * 4, count * 4);
    return values;
  }

  std::vector<std::int64_t> indices(std::size_t place, std::size_t count) const {
    const std::vector<std::int32_t> narrow = at<std::int32_t>(place, count);
    return {narrow.begin(), narrow.end()};
  }

 private:
  std::vector<char> bytes_;
};

GoldenHook read_hook(const nlohmann::json& entry, const Words& words) {
  std::string name = entry.at("hook").get<std::string>();
  if (const std::size_t layer = name.find("{l}"); layer != std::string::npos) name.replace(layer, 3, 1, '0');
  const std::optional<HookPlace> place = find_hook(name, 1, 1);
  if (!place) throw std::runtime_error("no hook is called " + name);
  GoldenHook hook;
  hook.first = *place;
  hook.layers = entry.at("layers").get<std::int64_t>();
  hook.shape = entry.at("shape").get<Shape>();
  const auto count = entry.at("count").get<std::size_t>();
  if (entry.at("indices_at").is_null()) {
    hook.indices.resize(count);
    std::iota(hook.indices.begin(), hook.indices.end(), 0);
  } else {
    hook.indices = words.indices(entry.at("indices_at").get<std::size_t>(), count);
  }
  const auto layers = static_cast<std::size_t>(hook.layers);
  const auto largest_at = entry.at("largest_at").get<std::size_t>();
  hook.values = words.at<float>(entry.at("values_at").get<std::size_t>(), layers * count);
  hook.largest_index = words.indices(largest_at, layers);
  hook.largest_value = words.at<float>(largest_at + layers, layers);
  return hook;
}

bool is_residual(Hook hook) {
  return hook == Hook::resid_pre || hook == Hook::resid_mid || hook == Hook::resid_mid_cross ||
         hook == Hook::resid_post;
}

// The largest magnitude that the residual stream of this case had in layers 0 to `layer`. A massive
// activation that a later layer takes away again leaves the rounding error of its own size behind: in SmolLM2
// the stream falls from 970 to 84 in layer 10, and transformers' float32 and float64 differ there by 1.2e-5
// of 84.
double stream_scale(const GoldenCase& golden, bool in_encoder, std::int64_t layer) {
  double scale = 0.0;
  for (const GoldenHook& hook : golden.hooks) {
    if (!is_residual(hook.first.hook) || hook.first.in_encoder != in_encoder) continue;
    for (std::size_t l = 0; l < hook.largest_value.size() && static_cast<std::int64_t>(l) <= layer; ++l) {
      scale = std::max(scale, std::abs(static_cast<double>(hook.largest_value[l])));
    }
  }
  return scale;
}

}  // namespace

GoldenFile read_golden(const std::string& name) {
  return read_golden_at(source_dir() + "/tests/golden/" + name + ".golden");
}

GoldenFile read_golden_at(const std::string& base) {
  std::ifstream stream(base + ".json");
  if (!stream) throw std::runtime_error(base + ".json cannot be read");
  const nlohmann::json golden = nlohmann::json::parse(stream);
  if (golden.at("format") != "headlight golden values 1") throw std::runtime_error(base + ": another format");
  const Words words(base + ".bin");
  if (golden.at("words") != words.size())
    throw std::runtime_error(base + ".bin has another size than its .json says");
  GoldenFile file;
  file.model = golden.at("model").get<std::string>();
  file.sha256 = golden.at("sha256").get<std::string>();
  file.architecture = golden.at("architecture");
  for (const nlohmann::json& entry : golden.at("cases")) {
    GoldenCase one;
    one.name = entry.at("name").get<std::string>();
    if (!entry.at("text").is_null()) one.text = entry.at("text").get<std::string>();
    one.ids = entry.at("ids").get<std::vector<TokenId>>();
    if (entry.contains("source_tokens"))
      one.source_ids = entry.at("source_tokens").get<std::vector<TokenId>>();
    one.top_ids = entry.at("top_ids").get<std::vector<TokenId>>();
    one.top_logits = entry.at("top_logits").get<std::vector<float>>();
    for (const nlohmann::json& hook : entry.at("hooks")) one.hooks.push_back(read_hook(hook, words));
    file.cases.push_back(std::move(one));
  }
  return file;
}

void hold_against(const Tensor& actual, const ExpectedTensor& expected, double allowed,
                  Agreement& agreement) {
  const auto fail = [&](const std::string& reason) {
    if (agreement.failure.empty()) agreement.failure = expected.name + reason;
  };
  if (actual.shape() != expected.shape) {
    fail(fmt::format(" has shape {}, expected {}", shape_text(actual.shape()), shape_text(expected.shape)));
    return;
  }
  if (expected.indices.empty() || expected.indices.size() != expected.values.size()) {
    fail(fmt::format(": {} places for {} values", expected.indices.size(), expected.values.size()));
    return;
  }
  const auto check = [&](std::int64_t index, float value) {
    if (index < 0 || index >= actual.size()) {
      fail(fmt::format(": place {} lies outside", index));
      return;
    }
    const float ours = actual.values()[static_cast<std::size_t>(index)];
    const bool exact = std::isinf(value) || (expected.zeros_are_exact && value == 0.0F);
    const double error = std::abs(static_cast<double>(ours) - static_cast<double>(value));
    const bool agrees = exact ? ours == value : error <= allowed;  // false for NaN
    ++agreement.compared;
    const double share = exact ? (agrees ? 0.0 : INFINITY) : (allowed > 0.0 ? error / allowed : error);
    if (!agrees || share > agreement.worst_share) {
      agreement.worst_share = agrees ? share : std::max(share, agreement.worst_share);
      agreement.worst_place =
          fmt::format("{}[{}]: {}, expected {}, allowed {:.1e}", expected.name, index, ours, value, allowed);
      if (!agrees) fail(agreement.worst_place.substr(expected.name.size()));
    }
  };
  for (std::size_t i = 0; i < expected.indices.size(); ++i) check(expected.indices[i], expected.values[i]);
  check(expected.largest_index, expected.largest_value);
  // Nothing else in the tensor is larger, so a stray value in a place that was not stored shows as well.
  const double limit = std::abs(static_cast<double>(expected.largest_value)) + allowed;
  for (std::int64_t index = 0; index < actual.size(); ++index) {
    const double ours = static_cast<double>(actual.values()[static_cast<std::size_t>(index)]);
    if (ours == -INFINITY) continue;  // masked scores; where they belong is checked above
    if (!(std::abs(ours) <= limit)) {
      fail(fmt::format("[{}]: {}, but the largest expected is {}", index, ours, expected.largest_value));
      return;
    }
  }
}

Agreement hold_against(const Trace& whole, const GoldenCase& expected,
                       const std::function<Tolerance(Hook)>& tolerance_of) {
  Agreement agreement;
  for (const GoldenHook& golden : expected.hooks) {
    if (golden.first.in_encoder && !whole.source()) {
      agreement.failure = "there is no encoder in the trace";
      return agreement;
    }
    const Trace& trace = golden.first.in_encoder ? *whole.source() : whole;
    const std::string side = golden.first.in_encoder ? "encoder." : "";
    const Hook hook = golden.first.hook;
    const std::size_t count = golden.indices.size();
    for (std::int64_t layer = 0; layer < golden.layers; ++layer) {
      const auto place = static_cast<std::size_t>(layer);
      if (layer >= trace.model().architecture.layers || !trace.has(hook, layer)) {
        agreement.failure = hook_name(hook, layer) + " is not in the trace";
        return agreement;
      }
      const ExpectedTensor tensor{.name = side + hook_name(hook, layer),
                                  .shape = golden.shape,
                                  .indices = golden.indices,
                                  .values = std::span(golden.values).subspan(place * count, count),
                                  .largest_index = golden.largest_index[place],
                                  .largest_value = golden.largest_value[place],
                                  .zeros_are_exact = hook == Hook::pattern || hook == Hook::cross_pattern};
      const Tolerance tolerance = tolerance_of(hook);
      const double scale = is_residual(hook) ? stream_scale(expected, golden.first.in_encoder, layer)
                                             : std::abs(static_cast<double>(tensor.largest_value));
      hold_against(trace.at(hook, layer), tensor, tolerance.absolute + tolerance.relative * scale, agreement);
    }
  }
  return agreement;
}

}  // namespace headlight
