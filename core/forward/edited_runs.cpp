// Runs that begin in the same block go side by side, as many at a time as memory is worth.
#include "core/forward/edited_runs.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

// Of all runs together: enough that each weight is read for many, and that values stay small beside it.
constexpr std::int64_t most_rows = 4096;

class EditingDoor final : public Door {
 public:
  EditingDoor(std::span<const Edits> all, std::span<const std::size_t> runs, Backend& backend,
              const Model& model, const std::function<bool()>& cancelled)
      : backend_(backend),
        architecture_(model.architecture),
        cancelled_(cancelled),
        place_{.runs = static_cast<std::int64_t>(runs.size())} {
    for (std::size_t run = 0; run < runs.size(); ++run) {
      for (const Intervention& edit : all[runs[run]])
        edits_.push_back({static_cast<std::int64_t>(run), &edit});
    }
  }

  Tensor pass(Hook hook, std::int64_t layer, Tensor value) override {
    if (cancelled_ && cancelled_()) throw Cancelled();
    std::vector<RunEdit> here;
    std::ranges::copy_if(edits_, std::back_inserter(here), [&](const RunEdit& one) {
      return one.edit->hook == hook && one.edit->layer == layer;
    });
    return here.empty() ? std::move(value) : applied(here, value, place_, backend_, architecture_);
  }

  MapsNeeded maps_needed(std::int64_t layer) const override {
    const bool edits_maps = std::ranges::any_of(edits_, [&](const RunEdit& one) {
      return one.edit->layer == layer && is_attention_map(one.edit->hook);
    });
    return edits_maps ? MapsNeeded::scores_and_pattern : MapsNeeded::none;
  }

 private:
  Backend& backend_;
  const ArchitectureDescription& architecture_;
  const std::function<bool()>& cancelled_;
  ValuePlace place_;
  std::vector<RunEdit> edits_;
};

// The block in which a run leaves the trace; behind the last one where nothing is changed.
std::int64_t first_changed(const Edits& edits, std::int64_t layers) {
  for (const Intervention& edit : edits) {
    if (!hook_info(edit.hook).in_block || edit.in_encoder) {
      throw told<UserError>("runs side by side change values inside the blocks; {} is outside.",
                            "나란히 실행할 때는 블록 안의 값만 바꿀 수 있습니다. {} 값은 블록 밖에 있습니다.",
                            hook_name(edit.hook, edit.layer));
    }
    layers = std::min(layers, edit.layer);
  }
  return layers;
}

// The stream before this block, each row once for each run: [pos, d_model] -> [pos * run, d_model].
Tensor stream_of_runs(const Trace& trace, Backend& backend, std::int64_t layer, std::size_t runs) {
  const Tensor stream = trace.at(Hook::resid_pre, layer);
  const Weight rows = {.format = NumberFormat::f32,
                       .rows = stream.axis(0),
                       .columns = stream.axis(1),
                       .bytes = reinterpret_cast<const std::byte*>(stream.data()),
                       .owner = nullptr};
  std::vector<TokenId> places;
  for (std::int64_t row = 0; row < stream.axis(0); ++row)
    places.insert(places.end(), runs, static_cast<TokenId>(row));
  return backend.embed(rows, places);
}

}  // namespace

bool has_edited_runs(const Trace& trace) {
  const Model& model = trace.model();
  const bool has_blocks = !model.blocks.empty() && model.blocks.back().attention.w_q.bytes != nullptr;
  if (!trace.complete() || !has_hook(Hook::logits, model.architecture) || model.encoder || !has_blocks)
    return false;
  for (std::int64_t layer = 0; layer < model.architecture.layers; ++layer) {
    if (!trace.has(Hook::resid_pre, layer)) return false;
  }
  return true;
}

void edited_runs(const Trace& trace, Backend& backend, std::span<const Edits> runs, std::int64_t position,
                 const std::function<void(std::size_t run, std::span<const float> logits)>& each,
                 const std::function<bool()>& cancelled) {
  const Model& model = trace.model();
  const std::int64_t layers = model.architecture.layers, positions = trace.positions();
  if (!has_edited_runs(trace) || position < 0 || position >= positions)
    throw std::logic_error("no edited runs of this trace behind position " + std::to_string(position));
  std::vector<std::int64_t> first(runs.size());
  for (std::size_t run = 0; run < runs.size(); ++run) {
    first[run] = first_changed(runs[run], layers);
    for (const Intervention& edit : runs[run]) check_intervention(edit, model, positions);
  }
  std::vector<std::size_t> order(runs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t run) { return first[run]; });
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, most_rows / positions));
  for (std::size_t begin = 0; begin < order.size();) {
    const std::int64_t layer = first[order[begin]];
    std::size_t end = begin;
    while (end < order.size() && end - begin < most && first[order[end]] == layer) ++end;
    const std::span<const std::size_t> together = std::span(order).subspan(begin, end - begin);
    begin = end;
    if (layer == layers) {
      for (const std::size_t run : together) each(run, trace.row(Hook::logits, 0, position));
      continue;
    }
    EditingDoor door(runs, together, backend, model, cancelled);
    const auto count = static_cast<std::int64_t>(together.size());
    const Tensor stream = forward_blocks(
        model, backend, stream_of_runs(trace, backend, layer, together.size()), count, layer, door);
    const Tensor logits =
        logits_of_stream(model, backend, backend.rows(stream, position * count, (position + 1) * count));
    for (std::int64_t run = 0; run < count; ++run) {
      each(together[static_cast<std::size_t>(run)],
           logits.values().subspan(static_cast<std::size_t>(run * logits.axis(1)),
                                   static_cast<std::size_t>(logits.axis(1))));
    }
  }
}

}  // namespace headlight
