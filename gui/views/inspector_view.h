// One number of the model, opened down to its operands: what is hovered, else what was clicked, else the
// current head's weight.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/analysis/operands.h"
#include "gui/view.h"
#include "gui/views/inspector_operands.h"

namespace headlight {

class InspectorView : public View {
 public:
  std::string_view name() const override { return "inspector"; }
  std::string_view explanation() const override { return "explain.inspector"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  ValueReference shown_value(const Frame& frame);
  ValueReference current_weight(const Frame& frame);
  void refresh(const std::shared_ptr<const Trace>& trace, const ValueReference& at);
  void follow_trail(const Frame& frame);
  void open(Commands& commands, const ValueReference& from, const ValueReference& to);
  void walk_with_keys(Commands& commands, const ValueReference& at);
  void draw_trail(Commands& commands) const;
  ImVec2 draw_number(const Frame& frame, Commands& commands, float size) const;
  void draw_value(const Frame& frame, Commands& commands) const;
  void draw_brief_value(const Frame& frame, Commands& commands) const;
  void draw_operands_of(const Frame& frame, Commands& commands, const ValueReference& at, bool brief);

  // The operands of one value, kept as long as trace and value stay the same.
  std::weak_ptr<const Trace> trace_;  // not held: a long one has gigabytes
  const Trace* live_ = nullptr;       // the same, while a frame is drawn
  std::optional<ValueReference> at_;
  std::size_t listed_ = 0;  // operands asked for
  std::size_t most_ = 0;    // that the cache was made with
  std::optional<Operands> operands_;

  // The strongest key of the current row, likewise.
  std::weak_ptr<const Trace> strongest_of_;
  ValueReference strongest_;

  // What another panel pointed at last, and the token, layer and head that were looked at then.
  std::optional<ValueReference> pointed_;
  std::array<std::int64_t, 3> pointed_from_{};

  // The way from the first value that was opened to the one that is open.
  std::vector<ValueReference> trail_;
  bool hand_inside_ = false;
  OperandChoice choice_;  // where the keyboard stands; until the mouse moves
};

}  // namespace headlight
