// Numbers of a lens as words and colours.
#include "gui/views/lens_shown.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/color_map.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();

double log_of_vocabulary(const ShownLens& shown) {
  return std::log(static_cast<double>(std::max<std::int64_t>(2, shown.lens.model->architecture.vocabulary)));
}

}  // namespace

const LensColumn* ShownLens::column(std::int64_t position) const {
  if (position < 0 || position >= positions()) return nullptr;
  return lens.columns[static_cast<std::size_t>(position)].get();
}

TokenId ShownLens::target_at(const LensColumn& column) const {
  if (target) return *target;
  return column.tracked.empty() ? -1 : column.tracked.front();
}

std::string ShownLens::token(TokenId id) const {
  const Tokenizer* tokenizer = lens.model->tokenizer.get();
  if (tokenizer == nullptr || id < 0 || id >= tokenizer->vocabulary_size()) return "–";
  return token_piece(tokenizer->bytes(id));
}

std::string ShownLens::token_at(std::int64_t position) const {
  if (position < 0 || position >= positions()) return {};
  return token(lens.tokens[static_cast<std::size_t>(position)]);
}

std::string bits_text(double nats) {
  if (std::isnan(nats)) return "NaN";
  const std::string bits = fmt::format("{:.2f}", std::max(0.0, nats) / std::log(2.0));
  return format_text("lens.bits", fmt::arg("bits", bits));
}

std::string lens_layer_name(std::int64_t cell) {
  return cell == 0 ? text("lens.before_blocks") : fmt::format("L{}", cell - 1);
}

LensReading lens_reading(const ShownLens& shown, const LensColumn& column, std::int64_t cell,
                         LensNumber number) {
  const LensCell& at = column.cells[static_cast<std::size_t>(cell)];
  const double whole = log_of_vocabulary(shown);
  if (number == LensNumber::entropy) return {static_cast<float>(at.entropy / whole), bits_text(at.entropy)};
  if (number == LensNumber::divergence) {
    return {static_cast<float>(at.divergence / whole), bits_text(at.divergence)};
  }
  const auto rank = column.rank_of(shown.target_at(column), static_cast<std::size_t>(cell));
  if (!rank) return {nothing, "…"};
  if (rank->rank == 0) return {nothing, "NaN"};
  if (number == LensNumber::rank) {
    return {static_cast<float>(1.0 - std::log(static_cast<double>(rank->rank)) / whole),
            "#" + grouped_text(rank->rank)};
  }
  const double probability = at.probability(rank->logit);
  return {static_cast<float>(probability), percent_text(probability)};
}

std::string lens_scale_end(const ShownLens& shown, LensNumber number, bool high) {
  switch (number) {
    case LensNumber::probability:
      return high ? "100%" : "0%";
    case LensNumber::rank:
      return high ? "#1" : "#" + grouped_text(shown.lens.model->architecture.vocabulary);
    case LensNumber::entropy:
      return high ? bits_text(log_of_vocabulary(shown)) : "0";
    case LensNumber::divergence:
      return high ? "≥ " + bits_text(log_of_vocabulary(shown)) : "0";
  }
  return {};
}

ImU32 lens_color(LensNumber number, float place) {
  if (std::isnan(place)) return palette().masked;
  const float amount = std::clamp(place, 0.0F, 1.0F);
  if (number == LensNumber::probability || number == LensNumber::rank) {
    return mix(mix(palette().panel, palette().probability, 0.06F), palette().probability, amount);
  }
  return color_of(ColorMap::viridis, amount);
}

}  // namespace headlight
