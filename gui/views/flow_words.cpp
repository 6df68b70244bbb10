// One place for how tokens are written and which accent parts wear.
#include "gui/views/flow_words.h"

#include <fmt/format.h>

#include "gui/theme.h"
#include "gui/views/inspector_words.h"
#include "gui/widgets/token_piece.h"

namespace headlight {

std::string chip_text(const Frame& frame, std::int64_t position) {
  const Trace& trace = *frame.trace();
  const Tokenizer* tokenizer = trace.model().tokenizer.get();
  if (tokenizer == nullptr) return frame.token_text(position);
  const std::string& bytes = tokenizer->bytes(trace.tokens()[static_cast<std::size_t>(position)]);
  return token_piece(bytes);
}

bool is_encoder_frame(const Frame& frame) {
  return frame.model != nullptr && frame.trace() != nullptr &&
         frame.model->encoder.get() == &frame.trace()->model();
}

std::string hook_line(const Frame& frame, const ValueReference& value) {
  return fmt::format("{}{}  {}", is_encoder_frame(frame) ? "encoder." : "", value_name(*frame.trace(), value),
                     shape_text(value_shape(*frame.trace(), value)));
}

ImU32 opened_ground() { return mix(palette().panel, palette().raised, 0.75F); }

ImU32 part_color(Hook hook) {
  switch (hook) {
    case Hook::z:  // the mix stands in the card of the heads
      return palette().attention;
    case Hook::mlm_head_normalized:
    case Hook::ln_final_normalized:  // what the candidates are read from
      return palette().probability;
    default:
      return hook_color(hook);
  }
}

}  // namespace headlight
