// One place for what parts are called and which accent they wear.
#include "gui/views/flow_words.h"

#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/token_piece.h"

namespace headlight {

std::string part_name(Hook hook) {
  std::string key(hook_info(hook).sentence);
  key.replace(0, key.find('.'), "flow.part");
  return text(key);
}

std::string hook_sentence(Hook hook) {
  const std::string_view key = hook_info(hook).sentence;
  const std::string& words = text(key);
  return words == key ? std::string() : words;
}

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
      return palette().attention;
    case Hook::ln_final_normalized:
    case Hook::logits:
      return palette().probability;
    default:
      return palette().residual;
  }
}

}  // namespace headlight
