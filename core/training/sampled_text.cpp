#include "core/training/sampled_text.h"

#include <functional>

#include "core/backends/cpu/instruction_sets.h"
#include "core/base/shown_text.h"
#include "core/forward/forward_pass.h"
#include "core/training/gru.h"

namespace headlight {
namespace {

// The logits behind the last of these tokens; each call has one token more than the last.
using NextLogits = std::function<Tensor(const std::vector<TokenId>& tokens)>;

Tensor last_row(const Tensor& logits) { return logits.rows(logits.axis(0) - 1, logits.axis(0)); }

NextLogits of_transformer(const std::shared_ptr<const Model>& model, Backend& backend,
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

NextLogits of_gru(const std::shared_ptr<const GruModel>& model, Backend& backend) {
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

}  // namespace

std::string words_of(const Tokenizer& tokenizer, std::vector<TokenId> ids) {
  std::erase_if(ids, [&](TokenId id) { return tokenizer.is_special(id); });
  return tokenizer.decode(ids);
}

std::vector<TokenId> drawn_tokens(const Parameters& parameters, Backend& backend, std::vector<TokenId> ids,
                                  const SamplingSettings& settings, std::int64_t most, std::uint64_t seed,
                                  std::vector<TokenId> source) {
  const std::shared_ptr<const Model>& model = parameters.model();
  const NextLogits next =
      model ? of_transformer(model, backend, std::move(source)) : of_gru(parameters.gru(), backend);
  const auto begin = static_cast<std::ptrdiff_t>(ids.size());
  for (std::int64_t drawn = 0; drawn < most; ++drawn) {
    const auto position = static_cast<std::int64_t>(ids.size());
    if (model && position >= model->architecture.context) break;
    const Tensor logits = next(ids);
    ids.push_back(sample(distribution(logits.values(), settings), seed, position));
    if (ids.back() == parameters.tokenizer()->end_of_text()) break;
  }
  return {ids.begin() + begin, ids.end()};
}

std::string sampled_text(const Parameters& parameters, Backend& backend, const std::string& text,
                         std::int64_t tokens, std::uint64_t seed) {
  const Tokenizer& tokenizer = *parameters.tokenizer();
  const std::shared_ptr<const Model>& model = parameters.model();
  std::vector<TokenId> given, source;
  for (const Token& token : tokenizer.encode(text)) given.push_back(token.id);
  SamplingSettings settings{.temperature = 0.8};  // a story should not be the same each time
  if (model && model->encoder) {
    source = std::move(given);
    given = {static_cast<TokenId>(model->decoder_start.value_or(0))};
    settings.temperature = 0.0;  // a translation has one best wording
  }
  if (given.empty()) return "";
  std::vector<TokenId> ids =
      drawn_tokens(parameters, backend, std::move(given), settings, tokens, seed, std::move(source));
  if (!ids.empty() && ids.back() == tokenizer.end_of_text()) ids.pop_back();
  return readable_bytes(tokenizer.decode(ids));
}

}  // namespace headlight
