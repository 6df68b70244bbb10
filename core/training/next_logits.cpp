#include "core/training/next_logits.h"

#include <span>
#include <utility>

#include "core/backends/cpu/instruction_sets.h"
#include "core/forward/forward_pass.h"

namespace headlight {
namespace {

Tensor last_row(const Tensor& logits) { return logits.rows(logits.axis(0) - 1, logits.axis(0)); }

}  // namespace

NextLogits next_logits(const std::shared_ptr<const Model>& model, Backend& backend,
                       std::vector<TokenId> source) {
  ForwardRequest request;
  request.capture.next_token_only = true;
  request.source_tokens = std::move(source);
  return [model, &backend, request](const std::vector<TokenId>& tokens) mutable {
    request.tokens = tokens;
    request.previous = run_forward(model, backend, request);
    return last_row(request.previous->at(Hook::logits));
  };
}

NextLogits next_logits(const std::shared_ptr<const GruModel>& model, Backend& backend) {
  Tensor state;
  std::size_t read = 0;
  return [model, &backend, state, read](const std::vector<TokenId>& tokens) mutable {
    const GruTrace trace =
        gru_pass(*model, backend, chosen_kernels(), std::span(tokens).subspan(read), state);
    state = last_state(trace);
    read = tokens.size();
    return last_row(trace.logits);
  };
}

}  // namespace headlight
