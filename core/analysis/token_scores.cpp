// One softmax a position, in double as the distribution does, without sorting: the rank is counted.
#include "core/analysis/token_scores.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace headlight {
namespace {

TokenScore score_of(std::span<const float> logits, TokenId id) {
  const auto at = static_cast<std::size_t>(id);
  if (id < 0 || at >= logits.size() || std::isnan(logits[at])) return {std::nan(""), 0};
  const float own = logits[at];
  float largest = own;
  for (const float logit : logits) largest = logit > largest ? logit : largest;
  double sum = 0.0;
  std::int64_t before = 0;
  for (std::size_t other = 0; other < logits.size(); ++other) {
    const float logit = logits[other];
    if (std::isnan(logit)) continue;
    sum += std::exp(static_cast<double>(logit) - static_cast<double>(largest));
    if (logit > own || (logit == own && other < at)) ++before;
  }
  return {std::exp(static_cast<double>(own) - static_cast<double>(largest)) / sum, before + 1};
}

std::vector<TokenId> source_of(const Trace& trace) {
  return trace.source() ? trace.source()->tokens() : std::vector<TokenId>();
}

}  // namespace

std::int64_t TokenScores::common_prefix(const std::vector<TokenId>& others) const {
  const std::size_t shorter = std::min({tokens.size(), others.size(), scores.size()});
  const auto end = tokens.begin() + static_cast<std::ptrdiff_t>(shorter);
  return std::mismatch(tokens.begin(), end, others.begin()).first - tokens.begin();
}

bool TokenScores::are_of(const Trace& trace) const {
  return model == trace.shared_model() && !modified && !trace.modified && tokens == trace.tokens() &&
         source == source_of(trace);
}

std::shared_ptr<const TokenScores> token_scores(const Trace& trace, const TokenScores* before,
                                                const std::function<bool()>& cancelled) {
  const ArchitectureDescription& a = trace.model().architecture;
  if (!a.causal || a.head != OutputHead::language_model || !trace.has(Hook::logits)) return nullptr;
  auto result = std::make_shared<TokenScores>();
  result->model = trace.shared_model();
  result->modified = trace.modified;
  result->tokens = trace.tokens();
  result->source = source_of(trace);
  const bool same = before && before->model == result->model && !before->modified && !result->modified &&
                    before->source == result->source;
  const auto kept = same ? static_cast<std::size_t>(before->common_prefix(result->tokens)) : 0;
  if (same)
    result->scores.assign(before->scores.begin(), before->scores.begin() + static_cast<std::ptrdiff_t>(kept));
  for (std::size_t position = kept; position < result->tokens.size(); ++position) {
    if (cancelled()) return nullptr;
    if (position == 0) {
      result->scores.push_back({});
      continue;
    }
    result->scores.push_back(score_of(trace.row(Hook::logits, 0, static_cast<std::int64_t>(position) - 1),
                                      result->tokens[position]));
  }
  return result;
}

}  // namespace headlight
