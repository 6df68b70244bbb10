#include "core/session/learning_figures.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "core/backends/cpu/instruction_sets.h"
#include "core/forward/forward_pass.h"
#include "core/text/token_ids.h"
#include "core/training/losses.h"
#include "core/training/random_numbers.h"
#include "core/training/text_pass.h"
#include "core/training/training_texts.h"

namespace headlight {
namespace {

constexpr std::uint64_t probe_seed = 20221;  // of the repeated tokens: the same for every run
constexpr std::size_t repeated_texts = 4;
constexpr std::size_t fewest_tokens = 26;  // to draw from
constexpr std::uint64_t copied_seed = 26'000, copied_texts = 6;

std::int64_t layer_of(std::string_view name) {
  constexpr std::string_view mark = "layers.";
  const std::size_t at = name.find(mark);
  std::int64_t layer = -1;
  if (at != std::string_view::npos) {
    std::from_chars(name.data() + at + mark.size(), name.data() + name.size(), layer);
  }
  return layer;
}

// By the names that files of decoders have.
LearningPartKind kind_of(std::string_view name) {
  const auto has = [&](std::string_view word) { return name.find(word) != std::string_view::npos; };
  if (has("norm")) return LearningPartKind::norm;
  if (has("attn")) return LearningPartKind::attention;
  if (has("mlp")) return LearningPartKind::mlp;
  return has("lm_head") ? LearningPartKind::output : LearningPartKind::embedding;
}

// Where a part stands among the others.
std::pair<std::int64_t, int> order_of(const LearningPart& part, std::int64_t layers) {
  if (part.layer >= 0) return {part.layer, static_cast<int>(part.kind)};
  return {part.kind == LearningPartKind::embedding ? -1 : layers, static_cast<int>(part.kind)};
}

double squares(std::span<const float> values) {
  double sum = 0.0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double change = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += change * change;
  }
  return sum;
}

std::shared_ptr<const Trace> pass_over(const Parameters& parameters, Backend& backend,
                                       std::vector<TokenId> tokens) {
  ForwardRequest request;
  request.tokens = std::move(tokens);
  return run_forward(parameters.model(), backend, request);
}

}  // namespace

std::vector<LearningPart> learning_parts(const std::vector<Parameter>& list, std::span<const float> gradients,
                                         std::span<const float> before, std::span<const float> after) {
  std::vector<LearningPart> parts;
  std::int64_t layers = 0;
  for (const Parameter& parameter : list) {
    const LearningPart key{kind_of(parameter.name), layer_of(parameter.name)};
    layers = std::max(layers, key.layer + 1);
    auto found = std::find_if(parts.begin(), parts.end(), [&](const LearningPart& part) {
      return part.kind == key.kind && part.layer == key.layer;
    });
    if (found == parts.end()) found = parts.insert(parts.end(), key);
    const auto of = [&](std::span<const float> all) {
      return all.subspan(static_cast<std::size_t>(parameter.first), static_cast<std::size_t>(parameter.size));
    };
    found->gradient += squares(of(gradients));
    found->weights += squares(of(before));
    found->update += squared_distance(of(before), of(after));
  }
  for (LearningPart& part : parts) {
    for (double* length : {&part.gradient, &part.weights, &part.update}) *length = std::sqrt(*length);
  }
  std::stable_sort(parts.begin(), parts.end(), [layers](const LearningPart& a, const LearningPart& b) {
    return order_of(a, layers) < order_of(b, layers);
  });
  return parts;
}

std::vector<TokenId> repeated_tokens(const std::vector<TokenId>& among, std::int64_t period, TokenId begin,
                                     std::uint64_t seed) {
  RandomNumbers random(seed);
  std::vector<TokenId> drawn = among, tokens;
  const std::size_t count = std::min(static_cast<std::size_t>(period), drawn.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto left = static_cast<std::int64_t>(drawn.size() - i);
    std::swap(drawn[i], drawn[i + static_cast<std::size_t>(random.below(left))]);
  }
  if (begin >= 0) tokens.push_back(begin);
  for (int times = 0; times < 2; ++times) {
    tokens.insert(tokens.end(), drawn.begin(), drawn.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return tokens;
}

std::vector<TokenId> ordinary_tokens(const Tokenizer& tokenizer, const std::string& text) {
  std::set<TokenId> used;
  for (const Token& token : tokenizer.encode(text)) {
    if (!tokenizer.is_special(token.id)) used.insert(token.id);
  }
  if (used.size() < fewest_tokens) {
    for (TokenId id = 0; id < tokenizer.vocabulary_size(); ++id) {
      if (!tokenizer.is_special(id)) used.insert(id);
    }
  }
  return {used.begin(), used.end()};
}

double held_out_loss(const Parameters& parameters, Backend& backend, const std::vector<std::string>& texts,
                     std::int64_t context) {
  double sum = 0.0;
  std::int64_t scored = 0;
  for (const std::string& text : texts) {
    const std::vector<TokenId> ids = token_ids(parameters.tokenizer()->encode(text));
    const auto count = static_cast<std::int64_t>(ids.size());
    for (std::int64_t first = 0; first + 1 < count; first += context - 1) {
      const auto begin = ids.begin() + first, end = ids.begin() + std::min(first + context, count);
      const TrainingExample example = next_tokens({begin, end}, 0);
      const auto pass = text_pass(parameters, backend, example);
      const Loss one = cross_entropy(chosen_kernels(), pass->logits(), example.labels, 0.0, nullptr);
      sum += one.sum;
      scored += one.scored;
    }
  }
  return scored > 0 ? sum / static_cast<double>(scored) : NAN;
}

std::vector<double> copied_by_period(const Parameters& parameters, Backend& backend) {
  const Tokenizer& tokenizer = *parameters.tokenizer();
  const std::vector<TokenId> letters = ordinary_tokens(tokenizer, "abcdefghijklmnopqrstuvwxyz");
  const std::vector<Token> framed = tokenizer.encode("a");
  const TokenId begin = tokenizer.is_special(framed.front().id) ? framed.front().id : -1;
  const std::int64_t before = begin >= 0 ? 1 : 0;
  std::vector<double> shares;
  for (std::int64_t place = 0; place < copied_periods; ++place) {
    const std::int64_t period = first_copied_period + place * copied_period_step;
    std::int64_t right = 0, asked = 0;
    for (std::uint64_t number = 0; number < copied_texts; ++number) {
      const TrainingExample example{repeated_tokens(letters, period, begin, copied_seed + number), {}, {}};
      const auto pass = text_pass(parameters, backend, example);
      const Tensor& logits = pass->logits();
      // What comes behind the first letter of the second time, and behind those after it.
      for (std::int64_t i = before + period; i + 1 < before + 2 * period; ++i) {
        const float* row = logits.data() + i * logits.axis(1);
        const auto likeliest = std::max_element(row, row + logits.axis(1)) - row;
        right += likeliest == example.tokens[static_cast<std::size_t>(i + 1)] ? 1 : 0;
        ++asked;
      }
    }
    shares.push_back(static_cast<double>(right) / static_cast<double>(asked));
  }
  return shares;
}

LearningProbe::LearningProbe(const Parameters& parameters, const std::string& text, std::int64_t period,
                             std::vector<TokenId> among)
    : tokens_(parameters.tokenizer()->encode(text)), backend_(make_cpu_backend(1)) {
  const bool framed = !tokens_.empty() && parameters.tokenizer()->is_special(tokens_.front().id);
  const TokenId begin = framed ? tokens_.front().id : -1;
  for (std::size_t i = 0; i < repeated_texts; ++i) {
    repeated_.push_back(repeated_tokens(among, period, begin, probe_seed + i));
  }
}

LearningState LearningProbe::look(const Parameters& parameters) const {
  LearningState state;
  state.wall = head_wall(*pass_over(parameters, *backend_, token_ids(tokens_)), nullptr);
  for (const std::vector<TokenId>& tokens : repeated_) {
    const HeadScores scores = head_scores(*pass_over(parameters, *backend_, tokens), *backend_);
    if (state.scores.rows.empty()) {
      state.scores = scores;
      for (HeadScoreRow& row : state.scores.rows) row.values.fill(0.0);
    }
    for (std::size_t head = 0; head < scores.rows.size(); ++head) {
      for (std::size_t i = 0; i < head_score_count; ++i) {
        state.scores.rows[head].values[i] +=
            scores.rows[head].values[i] / static_cast<double>(repeated_.size());
      }
    }
  }
  return state;
}

}  // namespace headlight
