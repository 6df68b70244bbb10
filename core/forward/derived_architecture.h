// What a trace says about the model that made it, where that model is not here: sizes from the shapes, kinds
// of parts from which formula its own numbers obey.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bilingual.h"
#include "core/base/tensor.h"
#include "core/forward/hooks.h"

namespace headlight {

// The arrays of one stack (a model, or one half of an encoder-decoder), without a batch axis.
class NamedArrays {
 public:
  struct Value {
    std::string name;  // as it stands in the file
    Tensor tensor;
  };

  void add(Hook hook, std::int64_t layer, std::string name, Tensor tensor) {
    values_.emplace(std::pair(hook, layer), Value{std::move(name), std::move(tensor)});
  }
  const Value* find(Hook hook, std::int64_t layer = 0) const {
    const auto found = values_.find({hook, layer});
    return found == values_.end() ? nullptr : &found->second;
  }
  // Of any layer; the lowest.
  const Value* any(Hook hook) const;
  bool has(Hook hook) const { return any(hook) != nullptr; }
  const std::map<std::pair<Hook, std::int64_t>, Value>& values() const { return values_; }
  std::int64_t layers() const;  // one more than the largest layer

 private:
  std::map<std::pair<Hook, std::int64_t>, Value> values_;
};

// `refuse` is called with a sentence when sizes disagree or do not follow from what is there; it throws.
using Refuse = std::function<void(const Bilingual&)>;
// `positions`, `source`: how many tokens there are, and how many of an encoder's text. `largest_id`: of them.
// What numbers do not tell (the vocabulary behind the largest id, the context) is as small as it can be. When
// the scores do not follow from q and k by a factor alone, attention_scale is NaN: nothing is derived then.
ArchitectureDescription derived_architecture(const NamedArrays& arrays, std::int64_t positions,
                                             std::int64_t source, std::int64_t largest_id,
                                             const Refuse& refuse);

}  // namespace headlight
