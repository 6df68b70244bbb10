// Stairs and map share one layer axis, so that a column of heads stands under its step.
#include "gui/views/lens_attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/analysis/attention_row.h"
#include "core/forward/derived_values.h"
#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/axis_labels.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr std::size_t most_sources = 40;

float em() { return ImGui::GetFontSize(); }

ImU32 attention_color() { return palette().attention; }
ImU32 cross_color() { return palette().value; }
ImU32 mlp_color() { return palette().mlp; }

constexpr int source_digits = 4;               // of the largest that was read from a token
constexpr float source_size = smallest_words;  // of these numbers' type

std::string signed_text(double value, int digits = 4) {
  return (value > 0 ? "+" : "") + significant_text(value, digits);
}

// What was read from the tokens, and their sum, with the decimals of the largest: a reader compares them.
// What these make a nought of is told by the tooltip.
std::string source_text(double value, double largest) {
  if (!std::isfinite(value) || !(largest >= 1e-4)) return signed_text(value, source_digits);
  const int decimals = std::max(0, source_digits - 1 - static_cast<int>(std::floor(std::log10(largest))));
  const bool is_nought = std::abs(value) < 0.5 * std::pow(10.0, -decimals);
  if (is_nought) return value == 0.0 ? "0" : "≈ 0";
  return (value > 0 ? "+" : "") + rounded_text(value, decimals);
}

// As many decimals in every term: a reader adds them up.
std::string addend_text(double value) {
  if (!std::isfinite(value)) return significant_text(value);
  std::string digits = fmt::format("{:.4f}", std::abs(value));
  return (value < 0 ? "−" : "+") + digits;
}

// A small square and words behind it, in the line; wraps.
void term(ImU32 color, const std::string& words, const std::string& number, const std::string& tooltip) {
  const float gap = em() * 0.4F;
  float width = em() * 0.7F + gap + ImGui::CalcTextSize(words.c_str()).x + gap;
  {
    const ScopedFont mono(fonts().mono, 0.95F);
    width += ImGui::CalcTextSize(number.c_str()).x;
  }
  ImGui::SameLine(0, em() * 1.0F);
  if (ImGui::GetContentRegionAvail().x < width) ImGui::NewLine();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(width, em() * 1.3F));
  ImGui::SetItemTooltip("%s", tooltip.c_str());
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float y = corner.y + em() * 0.15F;
  list->AddRectFilled(ImVec2(corner.x, y + em() * 0.2F), ImVec2(corner.x + em() * 0.7F, y + em() * 0.9F),
                      color, em() * 0.12F);
  list->AddText(ImVec2(corner.x + em() * 0.7F + gap, y), palette().muted, words.c_str());
  const float at = corner.x + em() * 0.7F + 2 * gap + ImGui::CalcTextSize(words.c_str()).x;
  const ScopedFont mono(fonts().mono, 0.95F);
  list->AddText(ImVec2(at, y), palette().text, number.c_str());
}

// |share|; what is no number counts as nothing.
double size_of(double share) { return std::isfinite(share) ? std::abs(share) : 0.0; }

// The keys with the largest shares, in the order of the text.
std::vector<std::size_t> strongest_keys(const std::vector<double>& shares) {
  std::vector<std::size_t> order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() <= most_sources) return order;
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most_sources), order.end(),
                    [&](std::size_t a, std::size_t b) { return size_of(shares[a]) > size_of(shares[b]); });
  order.resize(most_sources);
  std::sort(order.begin(), order.end());
  return order;
}

double largest_head(const LogitAttribution& shown) {
  double largest = 1e-6;
  for (const LayerContribution& layer : shown.layers) {
    for (const double x : layer.heads) largest = std::max(largest, size_of(x));
    for (const double x : layer.cross) largest = std::max(largest, size_of(x));
  }
  return largest;
}

// A step of the staircase.
struct Stair {
  double from = 0.0, by = 0.0;
  ImU32 color = 0;
  std::int64_t layer = -1;  // -1: embedding; layers: constant
  std::string name;
};

std::vector<Stair> steps_of(const LogitAttribution& shown) {
  std::vector<Stair> steps;
  double at = 0.0;
  const auto add = [&](double by, ImU32 color, std::int64_t layer, std::string name) {
    steps.push_back({at, by, color, layer, std::move(name)});
    at += by;
  };
  add(shown.embedding + shown.positions + shown.token_types, palette().residual, -1,
      text("lens.part_embedding"));
  for (std::size_t layer = 0; layer < shown.layers.size(); ++layer) {
    const LayerContribution& here = shown.layers[layer];
    const auto number = static_cast<std::int64_t>(layer);
    add(here.attention(), attention_color(), number,
        fmt::format("L{} {}", layer, text("lens.part_attention")));
    if (!here.cross.empty()) {
      add(here.cross_attention(), cross_color(), number,
          fmt::format("L{} {}", layer, text("lens.part_cross")));
    }
    add(here.mlp, mlp_color(), number, fmt::format("L{} MLP", layer));
  }
  add(shown.constant, palette().grid, static_cast<std::int64_t>(shown.layers.size()),
      text("lens.part_constant"));
  return steps;
}

}  // namespace

// The common layer axis: a slot for the embedding, one for each layer, one for constants.
struct LensAttribution::Plot {
  float left = 0, slot = 0;
  std::int64_t layers = 0;
  ImVec2 stairs, stairs_end;  // corners
  ImVec2 map, map_end;
  bool dimmed = false;
  float x(std::int64_t layer) const { return left + slot * static_cast<float>(layer + 1); }
};

void LensAttribution::draw_equation(const LogitAttribution& shown, const std::string& words) const {
  double attention = 0.0, cross = 0.0, mlp = 0.0;
  for (const LayerContribution& layer : shown.layers) {
    attention += layer.attention();
    cross += layer.cross_attention();
    mlp += layer.mlp;
  }
  {
    const ScopedFont strong(fonts().strong);
    const std::string logit =
        format_text(shown.distractor ? "lens.difference_is" : "lens.logit_is", fmt::arg("token", words));
    ImGui::TextUnformatted(logit.c_str());
  }
  ImGui::SameLine(0, em() * 0.5F);
  {
    const ScopedFont mono(fonts().mono, 1.0F);
    ImGui::TextUnformatted(significant_text(shown.logit, 6).c_str());
  }
  ImGui::SetItemTooltip("%s", text(shown.capped ? "lens.logit_capped_tip" : "lens.logit_tip").c_str());
  term(palette().residual, text("lens.part_embedding"),
       addend_text(shown.embedding + shown.positions + shown.token_types), text("lens.part_embedding_tip"));
  term(attention_color(), text("lens.part_attention"), addend_text(attention),
       text("lens.part_attention_tip"));
  if (shown.layers.empty() || !shown.layers.front().cross.empty()) {
    term(cross_color(), text("lens.part_cross"), addend_text(cross), text("lens.part_cross_tip"));
  }
  term(mlp_color(), "MLP", addend_text(mlp), text("lens.part_mlp_tip"));
  if (shown.constant != 0.0) {
    term(palette().grid, text("lens.part_constant"), addend_text(shown.constant),
         text("lens.part_constant_tip"));
  }
  term(palette().panel, text("lens.part_sum"), addend_text(shown.sum), text("lens.part_sum_tip"));
  term(palette().panel, text("lens.part_difference"), significant_text(shown.difference(), 2),
       text("lens.part_difference_tip"));
}

void LensAttribution::draw_stairs(const Frame& frame, Commands& commands, const LogitAttribution& shown,
                                  const Plot& plot) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::vector<Stair> steps = steps_of(shown);
  double least = std::min(0.0, shown.logit), most = std::max(0.0, shown.logit);
  for (const Stair& step : steps) {
    if (!std::isfinite(step.from + step.by)) {
      add_label(*list, fonts().mono, 0.9F, plot.stairs, 0, palette().error, "NaN");
      return;
    }
    least = std::min({least, step.from, step.from + step.by});
    most = std::max({most, step.from, step.from + step.by});
  }
  const double range = std::max(1e-9, most - least);
  const float height = plot.stairs_end.y - plot.stairs.y;
  const auto y = [&](double value) {
    return plot.stairs_end.y - height * static_cast<float>((value - least) / range);
  };
  const float line = std::max(1.0F, em() * 0.05F);
  const auto level = [&](double value, ImU32 color, const std::string& words) {
    list->AddLine(ImVec2(plot.left, y(value)), ImVec2(plot.stairs_end.x, y(value)), color, line);
    add_label(*list, fonts().body, smallest_words, ImVec2(plot.left - em() * 0.5F, y(value) - em() * 0.4F), 1,
              palette().muted, words);
  };
  level(0.0, palette().grid, "0");
  level(shown.logit, with_alpha(palette().probability, 0.6F), significant_text(shown.logit, 4));
  const float current = plot.x(frame.layer());
  list->AddRectFilled(ImVec2(current, plot.stairs.y), ImVec2(current + plot.slot, plot.map_end.y),
                      with_alpha(palette().lock, 0.10F));
  const std::size_t parts = shown.layers.empty() || shown.layers.front().cross.empty() ? 2 : 3;
  const float part = plot.slot / static_cast<float>(parts);
  ImGui::SetCursorScreenPos(ImVec2(plot.left, plot.stairs.y - em() * 0.3F));
  const Hand hand = canvas(
      "##stairs",
      ImVec2(plot.x(plot.layers + 1) - plot.left, plot.stairs_end.y - plot.stairs.y + em() * 0.6F),
      steps.size(), [&](std::size_t at) {
        const Stair& step = steps[at];
        const bool is_layer = step.layer >= 0 && step.layer < plot.layers;
        const float x = is_layer ? plot.x(step.layer) + part * (static_cast<float>((at - 1) % parts) + 0.5F)
                                 : plot.x(step.layer) + plot.slot * 0.5F;
        return ImVec2(x, y(step.from + step.by * 0.5));
      });
  std::size_t in_layer = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Stair& step = steps[i];
    const bool is_layer = step.layer >= 0 && step.layer < plot.layers;
    in_layer = is_layer ? (i - 1) % parts : 0;
    const float width = is_layer ? plot.slot / static_cast<float>(parts) : plot.slot;
    const float left = plot.x(step.layer) + width * static_cast<float>(in_layer);
    const float inset = std::min(width * 0.12F, em() * 0.15F);
    const float top = y(std::max(step.from, step.from + step.by));
    const float bottom =
        std::max(top + std::max(1.0F, em() * 0.06F), y(std::min(step.from, step.from + step.by)));
    list->AddRectFilled(ImVec2(left + inset, top), ImVec2(left + width - inset, bottom),
                        with_alpha(step.color, plot.dimmed ? 0.45F : 1.0F));
    if (i + 1 < steps.size()) {  // the way to the next step
      list->AddLine(ImVec2(left + inset, y(step.from + step.by)),
                    ImVec2(left + width + inset, y(step.from + step.by)),
                    with_alpha(palette().residual, 0.5F), line);
    }
    if (!hand.inside || hand.at.x < left || hand.at.x >= left + width) continue;
    list->AddRect(ImVec2(left, plot.stairs.y), ImVec2(left + width, plot.stairs_end.y),
                  with_alpha(palette().hover, 0.6F), 0, line);
    facts_tooltip(step.name,
                  {{text("lens.adds"), signed_text(step.by)},
                   {text("lens.so_far"), significant_text(step.from + step.by)}},
                  text("lens.step_tip"));
    if (is_layer && hand.clicked) {
      commands.edit(SelectHead{step.layer, frame.head()});
    }
  }
}

void LensAttribution::draw_heads(const Frame& frame, Commands& commands, const LogitAttribution& shown,
                                 const Plot& plot) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::size_t own = shown.layers.empty() ? 0 : shown.layers.front().heads.size();
  const std::size_t cross = shown.layers.empty() ? 0 : shown.layers.front().cross.size();
  const std::size_t rows = own + cross;
  if (rows == 0) return;
  const double largest = largest_head(shown);
  const float height = (plot.map_end.y - plot.map.y) / static_cast<float>(rows);
  const float gap = std::min(1.0F, std::min(height, plot.slot) * 0.1F);
  const auto value_at = [&](std::int64_t layer, std::size_t row) {
    const LayerContribution& here = shown.layers[static_cast<std::size_t>(layer)];
    return row < own ? here.heads[row] : here.cross[row - own];
  };
  for (std::int64_t layer = 0; layer < plot.layers; ++layer) {
    for (std::size_t row = 0; row < rows; ++row) {
      const ImVec2 from(plot.x(layer), plot.map.y + height * static_cast<float>(row));
      const ImU32 color = color_of(ColorMap::diverging, static_cast<float>(value_at(layer, row) / largest));
      list->AddRectFilled(from, ImVec2(from.x + plot.slot - gap, from.y + height - gap),
                          with_alpha(color, plot.dimmed ? 0.45F : 1.0F));
    }
  }
  const auto outline = [&](std::int64_t layer, std::int64_t head, ImU32 color) {
    const ImVec2 from(plot.x(layer), plot.map.y + height * static_cast<float>(head));
    list->AddRect(from, ImVec2(from.x + plot.slot, from.y + height), color, 0, std::max(1.0F, em() * 0.1F));
  };
  outline(frame.layer(), frame.head(), palette().lock);
  if (frame.hover.head) outline(frame.hover.head->first, frame.hover.head->second, palette().hover);
  const auto every = static_cast<std::size_t>(std::max(1.0F, std::ceil(em() * 1.1F / height)));
  const auto chosen = static_cast<std::size_t>(frame.head());
  for (std::size_t row = chosen % every; row < rows; row += every) {
    const std::string name = row < own ? fmt::format("H{}", row) : fmt::format("×H{}", row - own);
    add_axis_name(*list, fonts().mono, smallest_words,
                  ImVec2(plot.x(0) - em() * 0.5F,
                         plot.map.y + height * (static_cast<float>(row) + 0.5F) - em() * 0.38F),
                  1, name, row == chosen);
  }
  ImGui::SetCursorScreenPos(plot.map);
  const Hand hand = canvas("##heads", ImVec2(plot.map_end.x - plot.map.x, plot.map_end.y - plot.map.y),
                           {plot.map, ImVec2(plot.slot, height), {}});
  if (!hand.inside) return;
  const auto layer = std::clamp<std::int64_t>(static_cast<std::int64_t>((hand.at.x - plot.x(0)) / plot.slot),
                                              0, plot.layers - 1);
  const auto row =
      std::min(static_cast<std::size_t>(std::max(0.0F, hand.at.y - plot.map.y) / height), rows - 1);
  const auto head = static_cast<std::int64_t>(row < own ? row : row - own);
  commands.hover().head = {layer, head};
  facts_tooltip(fmt::format("L{} {}H{}", layer, row < own ? "" : "× ", head),
                {{text("lens.adds"), signed_text(value_at(layer, row))}},
                text(row < own ? "lens.head_tip" : "lens.cross_head_tip"));
  if (hand.clicked) commands.edit(SelectHead{layer, head});
}

void LensAttribution::refresh_sources(const Frame& frame,
                                      const std::shared_ptr<const LogitAttribution>& shown) {
  if (of_ == shown && layer_ == frame.layer() && head_ == frame.head()) return;
  of_ = shown;
  layer_ = frame.layer();
  head_ = frame.head();
  sources_.clear();
  cross_sources_.clear();
  const std::shared_ptr<const Trace> trace = shown->trace.lock();
  if (!trace || layer_ >= trace->model().architecture.layers) return;
  const auto of_kind = [&](bool cross) -> std::vector<double> {
    const AttentionHooks hooks = attention_hooks(trace->model().architecture, cross);
    if (!trace->has(hooks.v, layer_) || !has_attention(*trace, layer_, cross)) return {};
    std::vector<double> weights;
    if (trace->has(hooks.pattern, layer_)) {
      const auto row = trace->map_row(hooks.pattern, layer_, head_, shown->position);
      weights.assign(row.begin(), row.end());
    } else {
      weights = attention_row(*trace, layer_, head_, shown->position, cross).weight;
    }
    return source_contributions(*trace, *shown, layer_, head_, cross, weights);
  };
  sources_ = of_kind(false);
  if (trace->model().architecture.cross_attention) cross_sources_ = of_kind(true);
}

// One token that the head read from: how much of the head's share came from it.
float LensAttribution::draw_source(const Frame& frame, Commands& commands, const Source& source,
                                   ImVec2 corner) const {
  const float height = em() * 1.35F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  ImGui::SetCursorScreenPos(corner);
  ImGui::PushID(static_cast<int>(source.key));
  const bool clicked =
      ImGui::InvisibleButton("##key", ImVec2(source.width, em() * 2.4F), ImGuiButtonFlags_EnableNav);
  ImGui::PopID();
  const bool hovered = ImGui::IsItemHovered();
  const ImVec2 end(corner.x + source.width, corner.y + height);
  const ImU32 color = color_of(ColorMap::diverging, static_cast<float>(source.share / source.largest));
  list->AddRectFilled(corner, end, color, em() * 0.2F);
  add_token_label(*list, ImVec2(corner.x + em() * 0.35F, corner.y + em() * 0.15F), ink_on(color),
                  source.token, source.place, source.width, ink_on(color));
  add_label(*list, fonts().body, source_size, ImVec2(corner.x + em() * 0.35F, corner.y + em() * 1.45F), 0,
            palette().text, source.number);
  const auto& hovered_key = source.cross ? frame.hover.source_key : frame.hover.key;
  if (hovered || hovered_key == source.key) {
    list->AddRect(corner, end, palette().key, em() * 0.2F, std::max(1.0F, em() * 0.09F));
  }
  if (hovered) {
    (source.cross ? commands.hover().source_key : commands.hover().key) = source.key;
    facts_tooltip("|" + source.token + "|",
                  {{text("lens.position"), fmt::format("{}", source.key)},
                   {text("lens.adds"), signed_text(source.share)}},
                  text("lens.source_tip"));
  }
  if (!clicked) return source.width;
  const ValueReference weight{
      source.cross ? Hook::cross_pattern : Hook::pattern, layer_, {head_, source.position, source.key}};
  const bool again = frame.document.value == weight;
  const std::optional<std::int64_t> key = again ? std::nullopt : std::optional(source.key);
  if (source.cross) {
    commands.edit(SelectSourceKey{key});
  } else {
    commands.edit(SelectKey{key});
  }
  commands.edit(SelectValue{again ? std::nullopt : std::optional(weight)});
  return source.width;
}

// Tokens as chips, coloured and numbered by what was read from each: the strongest, in the order of the text.
void LensAttribution::draw_sources(const Frame& frame, Commands& commands, const LogitAttribution& shown,
                                   bool cross, float height) {
  const std::vector<double>& sources = cross ? cross_sources_ : sources_;
  const std::shared_ptr<const Trace> trace = shown.trace.lock();
  if (sources.empty() || !trace || (cross && !trace->source())) return;
  const double total = std::accumulate(sources.begin(), sources.end(), 0.0);
  double largest_source = 0.0;
  for (const double share : sources) largest_source = std::max(largest_source, size_of(share));
  const double largest = largest_head(shown);  // in the colours of the map above
  const std::vector<TokenId>& tokens = cross ? trace->source()->tokens() : trace->tokens();
  {
    const ScopedFont small(fonts().body, 0.9F);
    const std::string name = fmt::format("L{} H{}", layer_, head_);
    const std::string sum = source_text(total, largest_source);
    const std::string words = format_text(cross ? "lens.sources_cross" : "lens.sources",
                                          fmt::arg("head", name), fmt::arg("sum", sum));
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(shortened(words, ImGui::GetContentRegionAvail().x).c_str());
    ImGui::PopStyleColor();
  }
  ImGui::BeginChild(cross ? "##cross_sources" : "##sources", ImVec2(0, height), ImGuiChildFlags_NavFlattened,
                    ImGuiWindowFlags_NoBackground);
  const ImVec2 begin = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x;
  float x = 0.0F, line = 0.0F;
  for (const std::size_t key : strongest_keys(sources)) {
    Source source{
        static_cast<std::int64_t>(key), shown.position, sources[key], largest, cross, "", "", {}, 0.0F};
    source.number = source_text(source.share, largest_source);
    source.token = shortened(token_piece(trace->model().tokenizer->bytes(tokens[key])), em() * 7);
    source.place = told_apart(tokens, source.key);
    source.width = em() * 0.7F + std::max(token_label_width(source.token, source.place),
                                          label_width(fonts().body, source_size, source.number));
    if (x > 0 && x + source.width > room) {
      x = 0;
      line += em() * 2.7F;
    }
    x += draw_source(frame, commands, source, ImVec2(begin.x + x, begin.y + line)) + em() * 0.35F;
  }
  ImGui::EndChild();
}

void LensAttribution::draw(const Frame& frame, Commands& commands,
                           const std::shared_ptr<const LogitAttribution>& attribution,
                           const std::string& words, bool dimmed, ImVec2 size) {
  const LogitAttribution& shown = *attribution;
  const float end = ImGui::GetCursorPosY() + size.y;
  draw_equation(shown, words);
  refresh_sources(frame, attribution);
  const bool has_cross = !cross_sources_.empty();
  ImGui::Dummy(ImVec2(0, em() * 0.2F));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float room = std::max(em() * 12, end - ImGui::GetCursorPosY());
  const float chips = em() * (has_cross ? 7.6F : 4.4F);
  const float drawn = std::max(em() * 8, room - chips - em() * 2.2F);
  Plot plot;
  plot.dimmed = dimmed;
  plot.layers = static_cast<std::int64_t>(shown.layers.size());
  plot.left = corner.x + em() * 3.8F;
  plot.slot = std::min((size.x - em() * 4.2F) / static_cast<float>(plot.layers + 2), em() * 4);
  plot.stairs = ImVec2(plot.left, corner.y + em() * 0.5F);
  plot.stairs_end = ImVec2(plot.x(plot.layers + 1), corner.y + drawn * 0.52F);
  const std::size_t heads =
      shown.layers.empty() ? 0 : shown.layers.front().heads.size() + shown.layers.front().cross.size();
  plot.map = ImVec2(plot.x(0), plot.stairs_end.y + em() * 1.9F);
  plot.map_end = ImVec2(plot.x(plot.layers),
                        std::min(corner.y + drawn, plot.map.y + em() * 1.5F * static_cast<float>(heads)));
  draw_stairs(frame, commands, shown, plot);
  // The layer axis between both, and the scale of the map at its right end.
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float names = plot.stairs_end.y + em() * 0.55F;
  const auto every = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(em() * 2.4F / plot.slot)));
  for (std::int64_t layer = frame.layer() % every; layer < plot.layers; layer += every) {
    add_axis_name(*list, fonts().mono, smallest_words, ImVec2(plot.x(layer) + plot.slot * 0.5F, names), 0.5F,
                  fmt::format("L{}", layer), layer == frame.layer());
  }
  draw_heads(frame, commands, shown, plot);
  const std::string largest = significant_text(largest_head(shown), 2);
  // What a head read from two tokens may cancel: one of them can be beyond every head.
  const auto is_beyond = [&](double share) { return size_of(share) > largest_head(shown); };
  const bool is_cut = std::any_of(sources_.begin(), sources_.end(), is_beyond) ||
                      std::any_of(cross_sources_.begin(), cross_sources_.end(), is_beyond);
  const float scale_y = plot.map_end.y + em() * 0.5F, bar = em() * 7;
  float x = plot.x(0) +
            add_label(*list, fonts().body, 0.8F, ImVec2(plot.x(0), scale_y), 0, palette().muted,
                      text("lens.head_scale") + (is_cut ? "   ≤ −" : "   −") + largest) +
            em() * 0.4F;
  for (int i = 0; i < 40; ++i) {
    const auto edge = [&](int piece) { return std::floor(x + bar * static_cast<float>(piece) / 40.0F); };
    list->AddRectFilled(ImVec2(edge(i), std::floor(scale_y + em() * 0.1F)),
                        ImVec2(edge(i + 1), std::floor(scale_y + em() * 0.75F)),
                        color_of(ColorMap::diverging, (static_cast<float>(i) + 0.5F) / 20.0F - 1.0F));
  }
  add_label(*list, fonts().body, 0.8F, ImVec2(x + bar + em() * 0.4F, scale_y), 0, palette().muted,
            (is_cut ? "≥ +" : "+") + largest);
  ImGui::SetCursorScreenPos(ImVec2(corner.x, scale_y + em() * 1.4F));
  ImGui::Dummy(ImVec2(0, 0));
  draw_sources(frame, commands, shown, false, em() * (has_cross ? 2.6F : 2.7F));
  if (has_cross) draw_sources(frame, commands, shown, true, em() * 2.6F);
}

}  // namespace headlight
