// The text of a pass as its author wrote it: where each token stands in it, and how tokens are folded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/analysis/fold_tokens.h"
#include "core/session/view_choices.h"
#include "gui/views/shown_attention.h"

namespace headlight {

struct PassText {
  std::string text;                                        // with special tokens spelled out
  std::vector<std::pair<std::size_t, std::size_t>> spans;  // of each token, in `text`
  std::vector<bool> special;                               // not in the author's own text
  std::vector<std::string> pieces;                         // what the model reads: "·capital", "[UNK]"
  std::vector<bool> unknown;                               // the model reads no letter of it
  TokenUnits units;                                        // as they are folded
  std::vector<bool> alike;                                 // units that read like another one

  // What the model reads: "·capital"; of several tokens what is written, unless one of them is unknown.
  std::string unit_text(std::int64_t unit) const;
  // Its first token's position, where another unit reads the same.
  std::optional<std::int64_t> unit_place(std::int64_t unit) const;
  // The same place in the author's text.
  std::string written_text(std::int64_t unit) const;
};

// Keeps the text of one pass until the pass, its text or the folding changes.
class PassTextCache {
 public:
  // `of_source`: the trace is the encoder's pass over the source text.
  const PassText& of(const Frame& frame, const std::shared_ptr<const Trace>& trace, bool of_source);

 private:
  std::weak_ptr<const Trace> trace_;
  std::string written_;  // what the author wrote when it was made
  TokenFold fold_ = TokenFold::tokens;
  PassText text_;
};

// The texts of queries and keys of what is shown.
class ShownTexts {
 public:
  const PassText& queries(const ShownAttention& shown);
  const PassText& keys(const ShownAttention& shown);

 private:
  PassTextCache own_, source_;
};

}  // namespace headlight
