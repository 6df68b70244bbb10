// Changes to a running model, as data: they can be saved, undone, printed and applied on any backend.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/forward/hooks.h"

namespace headlight {

class Backend;
class Trace;
struct Model;

struct Scale {
  float factor = 0.0F;
  bool operator==(const Scale&) const = default;
};  // 0 knocks out
struct SetTo {
  float value = 0.0F;
  bool operator==(const SetTo&) const = default;
};
// Adds strength * direction along the last axis.
struct AddDirection {
  std::vector<float> direction;
  float strength = 1.0F;
  bool operator==(const AddDirection&) const = default;
};
// Takes the value from another trace at the same hook, layer, head and position.
struct CopyFrom {
  std::shared_ptr<const Trace> source;
  bool operator==(const CopyFrom&) const = default;
};
using Operation = std::variant<Scale, SetTo, AddDirection, CopyFrom>;

struct Intervention {
  Hook hook = Hook::z;
  std::int64_t layer = 0;
  std::optional<std::int64_t> head;  // query head, or key/value head where the hook has those; all if empty
  std::vector<std::int64_t> positions;  // rows (queries of scores and patterns); all if empty
  Operation operation;
  bool in_encoder = false;  // of an encoder-decoder
  bool operator==(const Intervention&) const = default;
};

// "L5 H1 attn.hook_z × 0", for banners and undo lists.
std::string intervention_text(const Intervention& intervention);

// Throws UserError if the hook, layer, head, position or direction length does not fit.
void check_intervention(const Intervention& intervention, const Model& model, std::int64_t positions,
                        std::int64_t source_positions = 0);

// Which rows a changed value holds: those from first_position on, of as many runs as lie side by side, as
// forward_blocks() has them.
struct ValuePlace {
  std::int64_t first_position = 0;
  std::int64_t runs = 1;
};
// An intervention in one of the runs.
struct RunEdit {
  std::int64_t run = 0;
  const Intervention* edit = nullptr;
};
// The value with all of these edits, at least one, which are of its hook and layer. What only scales is one
// product where the value lies; anything else is changed on the host.
Tensor applied(std::span<const RunEdit> edits, const Tensor& value, const ValuePlace& place, Backend& backend,
               const ArchitectureDescription& architecture);

}  // namespace headlight
