// Checking, printing and applying an intervention.
#include "core/forward/intervention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/backends/backend.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/forward/trace.h"

namespace headlight {
namespace {

struct AxisRoles {
  int row = 0;    // the axis that counts positions (queries)
  int head = -1;  // the axis that counts heads, or -1
};

AxisRoles axis_roles(const HookInfo& info) {
  AxisRoles roles;
  for (int axis = 0; axis < info.axis_count; ++axis) {
    if (info.axes[axis] == Axis::head || info.axes[axis] == Axis::kv_head) roles.head = axis;
    if (info.axes[axis] == Axis::position || info.axes[axis] == Axis::query ||
        info.axes[axis] == Axis::source) {
      if (axis == 0 || info.axes[axis] == Axis::query) roles.row = axis;
    }
  }
  return roles;
}

struct OperationText {
  std::string operator()(const Scale& scale) const { return fmt::format("× {:g}", scale.factor); }
  std::string operator()(const SetTo& set) const { return fmt::format("= {:g}", set.value); }
  std::string operator()(const AddDirection& add) const {
    return fmt::format("+ {:g} · direction", add.strength);
  }
  std::string operator()(const CopyFrom&) const { return "← second text"; }
};

// One run of values along the last axis, as seen by the operation.
struct Run {
  float* values;
  std::int64_t length;
  std::int64_t row;   // position
  std::int64_t head;  // 0 where there is no head axis
  KeyRange shown;     // what is not masked; everything where nothing is
};

void apply_to_run(const Scale& scale, const Run& run, const HookInfo&, const Intervention&) {
  // A masked score stays masked: 0 * -inf would be NaN.
  for (std::int64_t i = 0; i < run.length; ++i) {
    if (!std::isinf(run.values[i])) run.values[i] *= scale.factor;
  }
}

void apply_to_run(const SetTo& set, const Run& run, const HookInfo&, const Intervention&) {
  std::fill(run.values + run.shown.first, run.values + run.shown.last, set.value);
}

void apply_to_run(const AddDirection& add, const Run& run, const HookInfo&, const Intervention&) {
  for (std::int64_t i = 0; i < run.length; ++i) {
    run.values[i] += add.strength * add.direction[static_cast<std::size_t>(i)];
  }
}

// The trace to copy from; null when there is none.
const Trace* copied_trace(const CopyFrom& copy, bool in_encoder) {
  return in_encoder && copy.source ? copy.source->source().get() : copy.source.get();
}

void apply_to_run(const CopyFrom& copy, const Run& run, const HookInfo& info, const Intervention& place) {
  const Tensor source = copied_trace(copy, place.in_encoder)->at(info.hook, place.layer);
  const AxisRoles roles = axis_roles(info);
  const std::int64_t source_length = source.shape().back();
  const std::int64_t heads = roles.head < 0 ? 1 : source.axis(static_cast<std::size_t>(roles.head));
  const std::int64_t rows = source.axis(static_cast<std::size_t>(roles.row));
  if (run.row >= rows) return;  // the second text is shorter: nothing stands there
  const bool head_first = roles.head >= 0 && roles.head < roles.row;
  const std::int64_t index = head_first ? run.head * rows + run.row : run.row * heads + run.head;
  const std::int64_t length = std::min(run.length, source_length);
  std::copy_n(source.data() + index * source_length, length, run.values);
  std::fill(run.values + length, run.values + run.length,
            info.axes[info.axis_count - 1] == Axis::key && info.hook == Hook::attn_scores ? -INFINITY : 0.0F);
}

[[noreturn]] void refuse(const Intervention& intervention, const Bilingual& reason) {
  throw told<UserError>("cannot change {}{}: {}", "바꿀 수 없는 값입니다({}{}): {}",
                        intervention.in_encoder ? "encoder." : "",
                        hook_name(intervention.hook, intervention.layer), reason);
}

}  // namespace

std::string intervention_text(const Intervention& intervention) {
  const HookInfo& info = hook_info(intervention.hook);
  std::string text = intervention.in_encoder ? "encoder " : "";
  if (info.in_block) text += fmt::format("L{} ", intervention.layer);
  if (intervention.head) text += fmt::format("H{} ", *intervention.head);
  text += std::string(info.name) + " " + std::visit(OperationText{}, intervention.operation);
  if (!intervention.positions.empty()) text += fmt::format(" @ {}", fmt::join(intervention.positions, ", "));
  return text;
}

void check_intervention(const Intervention& intervention, const Model& model, std::int64_t positions,
                        std::int64_t source_positions) {
  const HookInfo& info = hook_info(intervention.hook);
  if (intervention.in_encoder && !model.encoder)
    refuse(intervention, {"this model has no encoder.", "이 모델에는 인코더가 없습니다."});
  if (intervention.in_encoder) positions = source_positions;
  const ArchitectureDescription& architecture =
      intervention.in_encoder ? model.encoder->architecture : model.architecture;
  if (!has_hook(intervention.hook, architecture)) {
    refuse(intervention, in_both("this {} model does not make this value.", "이 {} 모델에는 없는 값입니다.",
                                 architecture.family));
  }
  if (intervention.layer < 0 || intervention.layer >= architecture.layers) {
    refuse(intervention, in_both("layer {} does not exist; this model has layers 0 to {}.",
                                 "없는 층입니다: {}. 이 모델의 층은 0부터 {}까지입니다.", intervention.layer,
                                 architecture.layers - 1));
  }
  const Shape shape = hook_shape(intervention.hook, architecture, positions, source_positions);
  const AxisRoles roles = axis_roles(info);
  if (intervention.head) {
    if (roles.head < 0) {
      refuse(intervention, {"this value has no heads; leave the head out.",
                            "이 값에는 헤드가 없습니다. 헤드를 빼 주세요."});
    }
    const std::int64_t heads = shape[static_cast<std::size_t>(roles.head)];
    if (*intervention.head < 0 || *intervention.head >= heads) {
      refuse(intervention,
             in_both("head {} does not exist; there are heads 0 to {} here.",
                     "없는 헤드입니다: {}. 여기 헤드는 0부터 {}까지입니다.", *intervention.head, heads - 1));
    }
  }
  const std::int64_t rows = shape[static_cast<std::size_t>(roles.row)];
  for (const std::int64_t row : intervention.positions) {
    if (row < 0 || row >= rows) {
      refuse(intervention, in_both("position {} does not exist; there are positions 0 to {} here.",
                                   "없는 위치입니다: {}. 여기 위치는 0부터 {}까지입니다.", row, rows - 1));
    }
  }
  if (const auto* add = std::get_if<AddDirection>(&intervention.operation)) {
    if (static_cast<std::int64_t>(add->direction.size()) != shape.back()) {
      refuse(intervention, in_both("the direction has {} numbers, but the last axis has {}.",
                                   "방향의 수는 {}개인데 마지막 축의 길이는 {}입니다.", add->direction.size(),
                                   shape.back()));
    }
  }
  if (const auto* copy = std::get_if<CopyFrom>(&intervention.operation)) {
    const Trace* other = copied_trace(*copy, intervention.in_encoder);
    if (other == nullptr || intervention.layer >= other->model().architecture.layers ||
        !other->has(intervention.hook, intervention.layer)) {
      refuse(intervention,
             {"the second text's values were not captured here.", "둘째 글의 이 값은 보관되지 않았습니다."});
    }
    if (!(other->model().architecture == architecture)) {
      refuse(intervention,
             {"the second text was run through another model.", "둘째 글은 다른 모델로 실행한 것입니다."});
    }
  }
}

namespace {

// Into the run's part of `value`.
void apply(const RunEdit& one, const ValuePlace& place, Tensor& value,
           const ArchitectureDescription& architecture) {
  const Intervention& intervention = *one.edit;
  const HookInfo& info = hook_info(intervention.hook);
  const AxisRoles roles = axis_roles(info);
  const std::int64_t length = value.shape().back();
  const bool has_heads = roles.head >= 0, head_first = has_heads && roles.head < roles.row;
  std::int64_t rows = value.axis(static_cast<std::size_t>(roles.row));
  std::int64_t heads = has_heads ? value.axis(static_cast<std::size_t>(roles.head)) : place.runs;
  if (!has_heads) rows /= place.runs;
  heads /= place.runs;
  float* values = value.writable();
  for (std::int64_t head = 0; head < heads; ++head) {
    if (intervention.head && *intervention.head != head) continue;
    const std::int64_t column = one.run * heads + head, columns = place.runs * heads;
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t position = place.first_position + row;
      const auto& chosen = intervention.positions;
      if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), position) == chosen.end()) continue;
      const std::int64_t index = head_first ? column * rows + row : row * columns + column;
      KeyRange shown{0, length};
      if (info.axes[info.axis_count - 1] == Axis::key) {
        shown = visible_keys(
            {.causal = architecture.causal, .window = architecture.window_of(intervention.layer)}, position,
            length);
      }
      const Run run{values + index * length, length, position, head, shown};
      std::visit([&](const auto& operation) { apply_to_run(operation, run, info, intervention); },
                 intervention.operation);
    }
  }
}

// Of scores no: 0 * -inf would be NaN.
bool only_scales(const RunEdit& one) {
  const Hook hook = one.edit->hook;
  return std::holds_alternative<Scale>(one.edit->operation) && hook != Hook::attn_scores &&
         hook != Hook::cross_attn_scores;
}

}  // namespace

Tensor applied(std::span<const RunEdit> edits, const Tensor& value, const ValuePlace& place, Backend& backend,
               const ArchitectureDescription& architecture) {
  const bool scales = std::ranges::all_of(edits, only_scales);
  Tensor changed = scales ? Tensor(value.shape()) : value.copy();
  if (scales) std::fill_n(changed.writable(), changed.size(), 1.0F);  // the factors
  for (const RunEdit& one : edits) apply(one, place, changed, architecture);
  return scales ? backend.multiply(value, changed) : changed;
}

}  // namespace headlight
