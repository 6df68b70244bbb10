// All layers of one position go through the output layer together, and each row of logits is reduced at once.
#include "core/analysis/logit_lens.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>

#include "core/forward/derived_values.h"
#include "core/forward/forward_pass.h"

namespace headlight {
namespace {

// Rows of logits that are held at a time: of 49,152 tokens 6 MB.
constexpr std::int64_t most_rows = 32;

// How many tokens a column tracks besides its own likeliest.
constexpr std::size_t most_asked = 12;

std::vector<TokenId> source_of(const Trace& trace) {
  return trace.source() ? trace.source()->tokens() : std::vector<TokenId>();
}

// The model's own distribution at a position, against which the others are measured.
struct Output {
  Eigen::ArrayXf probabilities;
  double mean_logit = 0.0;  // Σ p · logit
  double log_sum_exp = 0.0;
};

Eigen::Map<const Eigen::ArrayXf> array(std::span<const float> row) {
  return {row.data(), static_cast<Eigen::Index>(row.size())};
}

// Σ p · logit, in double: the same sum for the output itself and for the rows that are held against it, so
// that the divergence of the output from itself is exactly 0.
double mean_under(const Eigen::ArrayXf& probabilities, std::span<const float> logits) {
  double sum = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    sum += static_cast<double>(probabilities[static_cast<Eigen::Index>(i)]) * static_cast<double>(logits[i]);
  }
  return sum;
}

// The likeliest tokens; not-a-number is nobody's.
std::array<LensToken, 5> likeliest(std::span<const float> logits) {
  std::array<LensToken, 5> top;
  float least = -INFINITY;  // what a newcomer has to beat
  std::size_t count = 0;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    const float logit = logits[id];
    if (!(logit > least) && !(count < top.size() && !std::isnan(logit))) continue;
    std::size_t at = std::min(count, top.size() - 1);
    for (; at > 0 && logit > top[at - 1].logit; --at) top[at] = top[at - 1];
    top[at] = {static_cast<TokenId>(id), logit};
    count = std::min(count + 1, top.size());
    if (count == top.size()) least = top.back().logit;
  }
  return top;
}

LensRank rank_in(std::span<const float> logits, TokenId id) {
  const auto at = static_cast<std::size_t>(id);
  if (id < 0 || at >= logits.size() || std::isnan(logits[at])) return {std::nanf(""), 0};
  const float own = logits[at];
  std::int32_t before = 0;
  for (std::size_t other = 0; other < at; ++other) before += logits[other] >= own ? 1 : 0;
  for (std::size_t other = at + 1; other < logits.size(); ++other) before += logits[other] > own ? 1 : 0;
  return {own, before + 1};
}

LensCell reduced(std::span<const float> logits, const Output& output) {
  LensCell cell;
  cell.top = likeliest(logits);
  if (!array(logits).allFinite()) {
    cell.log_sum_exp = cell.entropy = cell.divergence = std::nan("");
    return cell;
  }
  const float largest = cell.top.front().logit;
  // Exponentials in float32 (one part in 10^7), their sums in double.
  const Eigen::ArrayXf shifted = array(logits) - largest;
  const Eigen::ArrayXf exponentials = shifted.exp();
  const double sum = exponentials.cast<double>().sum();
  const double weighted = (exponentials.cast<double>() * shifted.cast<double>()).sum();
  cell.log_sum_exp = static_cast<double>(largest) + std::log(sum);
  cell.entropy = std::log(sum) - weighted / sum;
  cell.divergence = (output.mean_logit - output.log_sum_exp) -
                    (mean_under(output.probabilities, logits) - cell.log_sum_exp);
  return cell;
}

Output output_of(std::span<const float> logits) {
  Output output;
  const LensCell cell = reduced(logits, {Eigen::ArrayXf::Zero(array(logits).size()), 0.0, 0.0});
  output.log_sum_exp = cell.log_sum_exp;
  output.probabilities = (array(logits) - static_cast<float>(cell.log_sum_exp)).exp();
  // Rounded to float32 they add up to 1 within 1e-6; what is missing would count as much as the logits do.
  output.probabilities /= static_cast<float>(output.probabilities.cast<double>().sum());
  output.mean_logit = mean_under(output.probabilities, logits);
  return output;
}

void add_cell(LensColumn& column, std::span<const float> logits, const Output& output) {
  column.cells.push_back(reduced(logits, output));
  for (const TokenId id : column.tracked) column.ranks.push_back(rank_in(logits, id));
}

// The stream behind `blocks` blocks at one position.
std::span<const float> stream_row(const Trace& trace, std::int64_t blocks, std::int64_t position) {
  const HookPlace place = stream_place(trace.model().architecture, blocks);
  return trace.row(place.hook, place.layer, position);
}

std::shared_ptr<const LensColumn> column_of(const Trace& trace, Backend& backend, std::int64_t position,
                                            const std::vector<TokenId>& wanted) {
  const ArchitectureDescription& a = trace.model().architecture;
  const std::span<const float> own = trace.row(Hook::logits, 0, position);
  const Output output = output_of(own);
  auto column = std::make_shared<LensColumn>();
  for (const LensToken& token : likeliest(own)) {
    if (token.id >= 0 && column->tracked.size() < lens_own_tokens) column->tracked.push_back(token.id);
  }
  for (const TokenId id : wanted) {
    if (!column->tracks(id)) column->tracked.push_back(id);
  }
  column->cells.reserve(static_cast<std::size_t>(a.layers) + 1);
  for (std::int64_t first = 0; first < a.layers; first += most_rows) {
    const std::int64_t rows = std::min(most_rows, a.layers - first);
    Tensor stream({rows, a.d_model});
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::span<const float> from = stream_row(trace, first + row, position);
      std::copy(from.begin(), from.end(), stream.writable() + row * a.d_model);
    }
    const Tensor logits = logits_of_stream(trace.model(), backend, std::move(stream));
    const auto width = static_cast<std::size_t>(logits.axis(1));
    for (std::int64_t row = 0; row < rows; ++row) {
      add_cell(*column, logits.values().subspan(static_cast<std::size_t>(row) * width, width), output);
    }
  }
  add_cell(*column, own, output);
  return column;
}

// The wanted tokens, and those that a column tracked before: going back to one costs nothing then.
std::vector<TokenId> with_earlier(std::vector<TokenId> wanted, const LensColumn* earlier) {
  if (earlier == nullptr) return wanted;
  for (const TokenId id : earlier->tracked) {
    if (wanted.size() >= most_asked) break;
    if (std::find(wanted.begin(), wanted.end(), id) == wanted.end()) wanted.push_back(id);
  }
  return wanted;
}

bool is_done(const LogitLens& lens, const LensRequest& request, std::int64_t position) {
  const auto& column = lens.columns[static_cast<std::size_t>(position)];
  return column && std::all_of(request.wanted.begin(), request.wanted.end(),
                               [&](TokenId id) { return column->tracks(id); });
}

}  // namespace

double LensCell::probability(float logit) const { return std::exp(static_cast<double>(logit) - log_sum_exp); }

bool LensColumn::tracks(TokenId id) const {
  return std::find(tracked.begin(), tracked.end(), id) != tracked.end();
}

std::optional<LensRank> LensColumn::rank_of(TokenId id, std::size_t cell) const {
  const auto found = std::find(tracked.begin(), tracked.end(), id);
  if (found == tracked.end() || cell >= cells.size()) return std::nullopt;
  return ranks[cell * tracked.size() + static_cast<std::size_t>(found - tracked.begin())];
}

bool has_lens(const Model& model) {
  return has_hook(Hook::logits, model.architecture) && model.unembedding.bytes != nullptr;
}

LogitLens carried_lens(const std::shared_ptr<const Trace>& trace, const LogitLens* before) {
  LogitLens lens{trace, trace->shared_model(), trace->tokens(), source_of(*trace), trace->modified, {}};
  lens.columns.resize(lens.tokens.size());
  if (before == nullptr) return lens;
  std::size_t same = 0;
  if (before->trace.lock() == trace) {
    same = lens.columns.size();
  } else if (before->model == lens.model && lens.model->architecture.causal && !before->modified &&
             !lens.modified && before->source == lens.source) {
    same = static_cast<std::size_t>(
        std::mismatch(before->tokens.begin(), before->tokens.end(), lens.tokens.begin(), lens.tokens.end())
            .first -
        before->tokens.begin());
  }
  std::copy_n(before->columns.begin(), same, lens.columns.begin());
  return lens;
}

std::int64_t lens_columns_done(const LogitLens& lens, const LensRequest& request) {
  std::int64_t done = 0;
  const std::int64_t last = std::min(request.last, static_cast<std::int64_t>(lens.columns.size()));
  for (std::int64_t position = std::max<std::int64_t>(0, request.first); position < last; ++position) {
    done += is_done(lens, request, position) ? 1 : 0;
  }
  return done;
}

LogitLens logit_lens(const std::shared_ptr<const Trace>& trace, Backend& backend, const LensRequest& request,
                     const LogitLens* before, const std::function<bool()>& enough) {
  if (!has_lens(trace->model()) || !trace->complete()) {
    throw std::logic_error("a lens needs a finished pass to logits of tokens");
  }
  LogitLens lens = carried_lens(trace, before);
  const std::int64_t first = std::max<std::int64_t>(0, request.first);
  const std::int64_t last = std::min(request.last, trace->positions());
  std::vector<std::int64_t> missing;
  for (std::int64_t position = first; position < last; ++position) {
    if (!is_done(lens, request, position)) missing.push_back(position);
  }
  std::stable_sort(missing.begin(), missing.end(), [&](std::int64_t one, std::int64_t other) {
    return std::abs(one - request.centre) < std::abs(other - request.centre);
  });
  for (const std::int64_t position : missing) {
    auto& column = lens.columns[static_cast<std::size_t>(position)];
    column = column_of(*trace, backend, position, with_earlier(request.wanted, column.get()));
    if (enough()) break;
  }
  return lens;
}

}  // namespace headlight
