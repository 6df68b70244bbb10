#include "core/training/sampled_text.h"

#include "core/base/shown_text.h"
#include "core/text/token_ids.h"
#include "core/training/next_logits.h"

namespace headlight {
std::string words_of(const Tokenizer& tokenizer, std::vector<TokenId> ids) {
  std::erase_if(ids, [&](TokenId id) { return tokenizer.is_special(id); });
  return tokenizer.decode(ids);
}

std::vector<TokenId> drawn_tokens(const Parameters& parameters, Backend& backend, std::vector<TokenId> ids,
                                  const SamplingSettings& settings, std::int64_t most, std::uint64_t seed,
                                  std::vector<TokenId> source) {
  const std::shared_ptr<const Model>& model = parameters.model();
  const NextLogits next =
      model ? next_logits(model, backend, std::move(source)) : next_logits(parameters.gru(), backend);
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
  std::vector<TokenId> given = token_ids(tokenizer.encode(text)), source;
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
