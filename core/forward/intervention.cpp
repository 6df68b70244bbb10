// Checking, printing and applying an intervention.
#include "core/forward/intervention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/base/errors.h"
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
    if (info.axes[axis] == Axis::position || info.axes[axis] == Axis::query) roles.row = axis;
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
};

void apply_to_run(const Scale& scale, const Run& run, const HookInfo&, std::int64_t) {
  // A masked score stays masked: 0 * -inf would be NaN.
  for (std::int64_t i = 0; i < run.length; ++i) {
    if (!std::isinf(run.values[i])) run.values[i] *= scale.factor;
  }
}

void apply_to_run(const SetTo& set, const Run& run, const HookInfo& info, std::int64_t) {
  const bool causal = info.axes[info.axis_count - 1] == Axis::key;
  const std::int64_t length = causal ? std::min(run.length, run.row + 1) : run.length;
  std::fill(run.values, run.values + length, set.value);
}

void apply_to_run(const AddDirection& add, const Run& run, const HookInfo&, std::int64_t) {
  for (std::int64_t i = 0; i < run.length; ++i) {
    run.values[i] += add.strength * add.direction[static_cast<std::size_t>(i)];
  }
}

void apply_to_run(const CopyFrom& copy, const Run& run, const HookInfo& info, std::int64_t layer) {
  const Tensor& source = copy.source->at(info.hook, layer);
  const AxisRoles roles = axis_roles(info);
  const std::int64_t source_length = source.shape().back();
  const std::int64_t heads = roles.head < 0 ? 1 : source.axis(static_cast<std::size_t>(roles.head));
  const std::int64_t rows = source.axis(static_cast<std::size_t>(roles.row));
  if (run.row >= rows) return;  // the second text is shorter: nothing stands there
  const bool head_first = roles.head >= 0 && roles.head < roles.row;
  const std::int64_t index = head_first ? run.head * rows + run.row : run.row * heads + run.head;
  const std::int64_t length = std::min(run.length, source_length);
  std::copy_n(source.data() + index * source_length, length, run.values);
  std::fill(run.values + length, run.values + run.length, info.hook == Hook::attn_scores ? -INFINITY : 0.0F);
}

[[noreturn]] void refuse(const Intervention& intervention, const std::string& reason) {
  throw UserError("cannot change " + hook_name(intervention.hook, intervention.layer) + ": " + reason);
}

}  // namespace

std::string intervention_text(const Intervention& intervention) {
  const HookInfo& info = hook_info(intervention.hook);
  std::string text = info.in_block ? fmt::format("L{} ", intervention.layer) : "";
  if (intervention.head) text += fmt::format("H{} ", *intervention.head);
  text += std::string(info.name) + " " + std::visit(OperationText{}, intervention.operation);
  if (!intervention.positions.empty()) text += fmt::format(" @ {}", fmt::join(intervention.positions, ", "));
  return text;
}

void check_intervention(const Intervention& intervention, const ArchitectureDescription& architecture,
                        std::int64_t positions) {
  const HookInfo& info = hook_info(intervention.hook);
  if (intervention.layer < 0 || intervention.layer >= architecture.layers) {
    refuse(intervention, fmt::format("layer {} does not exist; this model has layers 0 to {}.",
                                     intervention.layer, architecture.layers - 1));
  }
  const Shape shape = hook_shape(intervention.hook, architecture, positions);
  const AxisRoles roles = axis_roles(info);
  if (intervention.head) {
    if (roles.head < 0) refuse(intervention, "this value has no heads; leave the head out.");
    const std::int64_t heads = shape[static_cast<std::size_t>(roles.head)];
    if (*intervention.head < 0 || *intervention.head >= heads) {
      refuse(intervention, fmt::format("head {} does not exist; there are heads 0 to {} here.",
                                       *intervention.head, heads - 1));
    }
  }
  for (const std::int64_t row : intervention.positions) {
    if (row < 0 || row >= positions) {
      refuse(intervention,
             fmt::format("position {} does not exist; the text has positions 0 to {}.", row, positions - 1));
    }
  }
  if (const auto* add = std::get_if<AddDirection>(&intervention.operation)) {
    if (static_cast<std::int64_t>(add->direction.size()) != shape.back()) {
      refuse(intervention, fmt::format("the direction has {} numbers, but the last axis has {}.",
                                       add->direction.size(), shape.back()));
    }
  }
  if (const auto* copy = std::get_if<CopyFrom>(&intervention.operation)) {
    if (!copy->source || !copy->source->has(intervention.hook, intervention.layer)) {
      refuse(intervention, "the second text's values were not captured here.");
    }
    if (!(copy->source->model().architecture == architecture)) {
      refuse(intervention, "the second text was run through another model.");
    }
  }
}

Tensor applied(const Intervention& intervention, const Tensor& value, std::int64_t first_position) {
  const HookInfo& info = hook_info(intervention.hook);
  const AxisRoles roles = axis_roles(info);
  Tensor changed = value.copy();
  const std::int64_t length = value.shape().back();
  const std::int64_t rows = value.axis(static_cast<std::size_t>(roles.row));
  const std::int64_t heads = roles.head < 0 ? 1 : value.axis(static_cast<std::size_t>(roles.head));
  const bool head_first = roles.head >= 0 && roles.head < roles.row;
  float* values = changed.writable();
  for (std::int64_t head = 0; head < heads; ++head) {
    if (intervention.head && *intervention.head != head) continue;
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t position = first_position + row;
      const auto& chosen = intervention.positions;
      if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), position) == chosen.end()) continue;
      const std::int64_t index = head_first ? head * rows + row : row * heads + head;
      const Run run{values + index * length, length, position, head};
      std::visit([&](const auto& operation) { apply_to_run(operation, run, info, intervention.layer); },
                 intervention.operation);
    }
  }
  return changed;
}

}  // namespace headlight
