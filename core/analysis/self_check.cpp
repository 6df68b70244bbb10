// Differences are taken in double; NaN and infinities never count as small.
#include "core/analysis/self_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

double difference_of(double tested, double expected) {
  if (tested == expected) return 0.0;  // infinities of the same sign too
  if (std::isnan(tested) && std::isnan(expected)) return 0.0;
  const double difference = std::abs(tested - expected);
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

// Adds one tensor's differences to its hook's.
template <typename ValueAt>
void add_tensor(HookDifference& hook, const Tensor& tested, const ValueAt& expected, std::int64_t layer) {
  double largest = 0.0, worst = 0.0;
  for (std::int64_t i = 0; i < tested.size(); ++i) {
    const double value = expected(i);
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    worst = std::max(worst, difference_of(static_cast<double>(tested.data()[i]), value));
  }
  hook.values += tested.size();
  hook.absolute = std::max(hook.absolute, worst);
  const double relative = worst == 0.0 ? 0.0 : worst / largest;  // infinite when nothing was expected
  if (relative > hook.relative) {
    hook.relative = relative;
    hook.layer = layer;
  }
}

HookDifference& entry_for(std::vector<HookDifference>& hooks, const std::string& name) {
  const auto found = std::ranges::find(hooks, name, &HookDifference::name);
  if (found != hooks.end()) return *found;
  hooks.push_back({name, 0, 0.0, 0.0, 0});
  return hooks.back();
}

std::string name_without_layer(const std::string& side, const HookInfo& info) {
  return side + (info.in_block ? "blocks.{l}." : "") + std::string(info.name);
}

void compare_side(const Trace& tested, const Trace& expected, const std::string& side,
                  std::vector<HookDifference>& hooks) {
  if (tested.tokens() != expected.tokens() || tested.shared_model() != expected.shared_model()) {
    throw std::logic_error("only traces of one model and one text can be compared");
  }
  for (const HookInfo& info : all_hooks()) {
    const std::int64_t layers = info.in_block ? tested.model().architecture.layers : 1;
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      if (!tested.has(info.hook, layer) || !expected.has(info.hook, layer)) continue;
      const Tensor other = expected.at(info.hook, layer);
      add_tensor(
          entry_for(hooks, name_without_layer(side, info)), tested.at(info.hook, layer),
          [&](std::int64_t i) { return static_cast<double>(other.data()[i]); }, layer);
    }
  }
}

}  // namespace

std::vector<HookDifference> compare_traces(const Trace& tested, const Trace& expected) {
  std::vector<HookDifference> hooks;
  if (tested.source() && expected.source()) {
    compare_side(*tested.source(), *expected.source(), "encoder.", hooks);
  }
  compare_side(tested, expected, tested.source() ? "decoder." : "", hooks);
  return hooks;
}

std::vector<HookDifference> compare_with_arrays(const Trace& tested,
                                                const std::map<std::string, NumpyArray>& expected,
                                                std::vector<std::string>& unknown) {
  std::vector<HookDifference> hooks;
  const std::int64_t encoder_layers = tested.source() ? tested.source()->model().architecture.layers : 0;
  for (const auto& [name, array] : expected) {
    if (name == "tokens" || name == "source_tokens") continue;
    const auto place = find_hook(name, tested.model().architecture.layers, encoder_layers);
    const Trace& side = place && place->in_encoder ? *tested.source() : tested;
    if (!place || !side.has(place->hook, place->layer)) {
      unknown.push_back(name);
      continue;
    }
    const Tensor ours = side.at(place->hook, place->layer);
    if (ours.shape() != array.shape) {
      throw told<UserError>(
          "'{}' has shape {} in the file, but {} here; were both made from the same text?",
          "'{}' 배열의 모양이 파일에서는 {}, 여기서는 {}입니다. 같은 글로 만든 것인지 확인해 주세요.", name,
          shape_text(array.shape), shape_text(ours.shape()));
    }
    const std::string prefix = tested.source() ? (place->in_encoder ? "encoder." : "decoder.") : "";
    add_tensor(
        entry_for(hooks, name_without_layer(prefix, hook_info(place->hook))), ours,
        [&values = array.values](std::int64_t i) { return values[static_cast<std::size_t>(i)]; },
        place->layer);
  }
  if (hooks.empty()) {
    throw told<UserError>("the file holds no value under a hook name of this model.",
                          "이 모델의 훅 이름으로 된 값이 파일에 없습니다.");
  }
  return hooks;
}

}  // namespace headlight
