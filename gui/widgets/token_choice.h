// A token chosen from the whole vocabulary: a chip that opens a search field with the tokens that match.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/distribution.h"
#include "core/text/tokenizer.h"

namespace headlight {

class TokenChoice {
 public:
  // What was chosen in this frame: a token, or none (`reset_words`). Nothing when nothing was.
  using Chosen = std::optional<std::optional<TokenId>>;
  struct Words {
    std::string label;  // "target"
    std::string shown;  // on the chip: the token, or what stands for none
    std::string tooltip;
    std::string reset;  // the first line of the list: back to none
  };
  // `id`: of this chip among others. `ranked`: the order in which tokens are listed, likeliest first; may be
  // null, then they come by their number.
  Chosen draw(const char* id, const Words& words, const Tokenizer& tokenizer,
              const std::shared_ptr<const Distribution>& ranked);
  static float width(const Words& words);

 private:
  void search(const Tokenizer& tokenizer, const std::shared_ptr<const Distribution>& ranked);
  Chosen draw_list(const Words& words, const Tokenizer& tokenizer,
                   const std::shared_ptr<const Distribution>& ranked);

  std::string wanted_, searched_;
  const Distribution* searched_in_ = nullptr;
  bool fresh_ = true;           // nothing was searched yet
  std::vector<TokenId> found_;  // the first that match
};

}  // namespace headlight
