// The logits behind a growing text, of a transformer and of a recurrent network alike.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/backends/backend.h"
#include "core/model/model.h"
#include "core/training/gru.h"

namespace headlight {

// [1, vocabulary] behind the last of these tokens. Each call has the tokens of the last call and at least one
// more: only those are computed.
using NextLogits = std::function<Tensor(const std::vector<TokenId>& tokens)>;

// `source` is what the encoder of an encoder-decoder reads.
NextLogits next_logits(const std::shared_ptr<const Model>& model, Backend& backend,
                       std::vector<TokenId> source = {});
NextLogits next_logits(const std::shared_ptr<const GruModel>& model, Backend& backend);

}  // namespace headlight
