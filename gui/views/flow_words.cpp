// One place for how tokens are written and which accent parts wear.
#include "gui/views/flow_words.h"

#include "gui/theme.h"
#include "gui/widgets/token_piece.h"

namespace headlight {

std::string chip_text(const Trace& trace, std::int64_t position) {
  const std::string& bytes =
      trace.model().tokenizer->bytes(trace.tokens()[static_cast<std::size_t>(position)]);
  return invalid_utf8_offset(bytes) ? part_piece(bytes) : token_piece(bytes);
}

ImU32 part_color(Hook hook) {
  switch (hook) {
    case Hook::q:
    case Hook::rot_q:
      return palette().query;
    case Hook::k:
    case Hook::rot_k:
      return palette().key;
    case Hook::v:
      return palette().value;
    case Hook::attn_scores:
    case Hook::pattern:
    case Hook::z:
    case Hook::attn_out:
    case Hook::cross_attn_out:
      return palette().attention;
    case Hook::mlm_head_normalized:
    case Hook::ln_final_normalized:
    case Hook::logits:
      return palette().probability;
    default:
      return palette().residual;
  }
}

}  // namespace headlight
