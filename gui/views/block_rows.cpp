// A row a vector; what is clicked is the value of the inspector, and the histogram follows it.
#include "gui/views/block_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/block_lengths.h"
#include "gui/views/hook_words.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/color_bar.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr std::size_t most_outliers = 14;
constexpr float names_ems = 8.2F, numbers_ems = 10.5F;  // left and right of a row's strip

float em() { return ImGui::GetFontSize(); }

std::string row_name(const ArchitectureDescription& a, Hook hook) {
  const std::string norm = norm_name(a.norm);
  switch (hook) {
    case Hook::resid_pre:
      return text("block.row_in");
    case Hook::ln1_normalized:
    case Hook::ln2_normalized:
    case Hook::ln_cross_normalized:
      return norm;
    case Hook::attn_out:
      return text("block.attention_adds");
    case Hook::cross_attn_out:
      return text("block.cross_adds");
    case Hook::mlp_pre:
      return text("block.row_mlp_pre");
    case Hook::mlp_post:
      return text("block.row_mlp_post");
    case Hook::mlp_out:
      return text("block.mlp_adds");
    case Hook::resid_post:
      return text(a.wiring == Wiring::post_norm ? "block.row_sum" : "block.row_out");
    default:
      return text("block.row_sum");
  }
}

// What a norm divides by; nothing for other rows.
std::optional<Hook> scale_of(Hook hook) {
  if (hook == Hook::ln1_normalized) return Hook::ln1_scale;
  if (hook == Hook::ln2_normalized) return Hook::ln2_scale;
  if (hook == Hook::ln_cross_normalized) return Hook::ln_cross_scale;
  return std::nullopt;
}

void select(const Frame& frame, Commands& commands, const ValueReference& value) {
  const bool again = frame.document.value == value;
  commands.edit(SelectValue{again ? std::nullopt : std::optional(value)});
}

float bar_height(std::int64_t count, std::int64_t most, float height) {
  if (count == 0) return 0.0F;
  return height *
         static_cast<float>(std::log1p(static_cast<double>(count)) / std::log1p(static_cast<double>(most)));
}

}  // namespace

std::vector<Hook> block_hooks(const ArchitectureDescription& a) {
  std::vector<Hook> order;
  if (a.wiring == Wiring::post_norm) {
    order = {Hook::resid_pre,      Hook::attn_out,        Hook::resid_mid,           Hook::ln1_normalized,
             Hook::cross_attn_out, Hook::resid_mid_cross, Hook::ln_cross_normalized, Hook::mlp_pre,
             Hook::mlp_post,       Hook::mlp_out,         Hook::resid_post,          Hook::ln2_normalized};
  } else {
    order = {Hook::resid_pre,
             Hook::ln1_normalized,
             Hook::attn_out,
             Hook::resid_mid,
             Hook::ln_cross_normalized,
             Hook::cross_attn_out,
             Hook::resid_mid_cross,
             Hook::ln2_normalized,
             Hook::mlp_pre,
             Hook::mlp_post,
             Hook::mlp_out,
             Hook::resid_post};
  }
  std::erase_if(order, [&](Hook hook) { return !has_hook(hook, a); });
  return order;
}

void BlockRows::refresh(const Frame& frame, int cells) {
  const Trace& trace = *frame.trace();
  const bool same = trace_.lock().get() == &trace && layer_ == frame.layer() && position_ == frame.query();
  if (same && cells_ == cells && rows_.size() == block_hooks(trace.model().architecture).size()) return;
  trace_ = frame.result.trace;
  layer_ = frame.layer();
  position_ = frame.query();
  cells_ = cells;
  rows_.clear();
  for (const Hook hook : block_hooks(trace.model().architecture)) {
    if (!trace.has(hook, layer_)) continue;
    const std::span<const float> values = trace.row(hook, layer_, position_);
    rows_.push_back({hook, vector_facts(values), outlier_dimensions(values), pooled_strip(values, cells)});
  }
}

// The row that the inspector's value lies in, else the stream that comes out.
const BlockRows::Row* BlockRows::chosen(const Frame& frame) const {
  const std::optional<ValueReference>& value = frame.document.value;
  for (const Row& row : rows_) {
    if (value && value->hook == row.hook && value->layer == layer_ && !value->in_encoder) return &row;
  }
  for (const Row& row : rows_) {
    if (row.hook == Hook::resid_post) return &row;
  }
  return rows_.empty() ? nullptr : &rows_.back();
}

void BlockRows::draw_row(const Frame& frame, Commands& commands, const Row& row, float width) {
  const Trace& trace = *frame.trace();
  const ArchitectureDescription& a = trace.model().architecture;
  const float height = em() * 1.75F;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float names = em() * names_ems, numbers = em() * numbers_ems;
  ImGui::PushID(static_cast<int>(row.hook));
  const float left = corner.x + names, right = corner.x + width - numbers;
  const bool has_cells = right > left + em() && !row.strip.indices.empty();
  const auto cells = static_cast<float>(row.strip.indices.size());
  const Hand hand =
      canvas("##row", ImVec2(width, height), has_cells ? row.strip.indices.size() : 1, [&](std::size_t cell) {
        const float share = (static_cast<float>(cell) + 0.5F) / cells;
        return ImVec2(has_cells ? left + (right - left) * share : left, corner.y + height * 0.5F);
      });
  const bool hovered = hand.inside;
  ImGui::PopID();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const bool is_chosen = chosen(frame) == &row;
  const ImU32 ground = is_chosen ? mix(palette().panel, palette().query, 0.16F)
                       : hovered ? palette().raised
                                 : palette().panel;
  if (hovered || is_chosen) {
    list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height), ground, em() * 0.25F);
  }
  const float y = corner.y + (height - em()) * 0.5F;
  list->AddRectFilled(ImVec2(corner.x + em() * 0.35F, corner.y + em() * 0.5F),
                      ImVec2(corner.x + em() * 0.6F, corner.y + height - em() * 0.5F), block_color(row.hook),
                      em() * 0.1F);
  list->AddText(ImVec2(corner.x + em() * 0.9F, y), palette().text,
                shortened(row_name(a, row.hook), names - em() * 1.2F).c_str());
  std::int64_t dimension = row.facts.largest_at;
  if (right > left + em()) {
    const ImVec2 from(left, corner.y + em() * 0.3F), to(right, corner.y + height - em() * 0.3F);
    add_cells(*list, from, to, row.strip.values, std::max(1e-9F, rms_at_the_ends * row.strip.rms), 1.0F);
    const ImVec2 mouse = hand.at;
    if (hovered && mouse.x >= left && mouse.x < right && has_cells) {
      const auto cell = static_cast<std::size_t>((mouse.x - left) / (right - left) *
                                                 static_cast<float>(row.strip.indices.size()));
      dimension = row.strip.indices[std::min(cell, row.strip.indices.size() - 1)];
    }
  }
  add_label(*list, fonts().mono, 0.9F, ImVec2(corner.x + width - em() * 5.4F, y + em() * 0.05F), 1,
            palette().text, significant_text(row.facts.length));
  const std::string odd =
      row.facts.not_finite > 0 ? format_text("block.not_finite", fmt::arg("count", row.facts.not_finite))
      : row.outliers.dimensions.empty()
          ? std::string()
          : format_text("block.outliers_short", fmt::arg("count", row.outliers.dimensions.size()));
  add_label(*list, fonts().body, 0.82F, ImVec2(corner.x + width - em() * 0.4F, y + em() * 0.1F), 1,
            readable_small(row.facts.not_finite > 0 ? palette().error : palette().warning, ground), odd);
  if (hovered) {
    const ValueReference at{row.hook, layer_, {position_, dimension, 0}};
    const std::span<const float> values = trace.row(row.hook, layer_, position_);
    commands.hover().value = at;
    Facts facts = {{fmt::format("[{}, {}]", position_, dimension),
                    significant_text(static_cast<double>(values[static_cast<std::size_t>(dimension)]), 6)},
                   {text("block.length"), significant_text(row.facts.length)},
                   {text("block.mean"), significant_text(row.facts.mean)},
                   {text("block.deviation"), significant_text(row.facts.deviation)}};
    if (const auto scale = scale_of(row.hook); scale && trace.has(*scale, layer_)) {
      facts.emplace_back(text("block.divided_by"),
                         significant_text(static_cast<double>(trace.row(*scale, layer_, position_).front())));
    }
    facts_tooltip(value_name(trace, at), facts, hook_sentence(a, row.hook));
    if (hand.clicked) select(frame, commands, at);
  }
}

void BlockRows::draw_list(const Frame& frame, Commands& commands, float width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImU32 ink = readable_small(palette().muted);
  const auto heading = [&](float x, float align, const char* key) {
    add_label(*list, fonts().body, 0.82F, ImVec2(corner.x + x, corner.y), align, ink, text(key));
  };
  heading(em() * 0.9F, 0, "block.rows_heading");
  heading(width - em() * 5.4F, 1, "block.length");
  heading(width - em() * 0.4F, 1, "block.outliers");
  if (width - em() * (names_ems + numbers_ems) > em() * 11)
    add_signed_legend(*list, ImVec2(corner.x + width - em() * numbers_ems, corner.y), em() * 4, "3 rms", ink);
  ImGui::Dummy(ImVec2(width, em() * 1.15F));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, em() * 0.1F));
  for (const Row& row : rows_) draw_row(frame, commands, row, width);
  ImGui::PopStyleVar();
}

void BlockRows::draw_histogram(const Frame& frame, Commands& commands, const Row& row, float width) {
  const std::span<const float> values = frame.trace()->row(row.hook, layer_, position_);
  const std::array<std::span<const float>, 1> one = {values};
  Histogram own;
  const Histogram* shown = &own;
  std::shared_ptr<const HistogramWorker::Done> done;
  bool dimmed = false;
  {
    const ScopedFont strong(fonts().strong);
    ImGui::TextUnformatted(shortened(hook_name(row.hook, layer_), width).c_str());
  }
  const float name_width = ImGui::GetItemRectSize().x;
  const std::array<Segment, 2> choices = {{{text("block.this_token"), text("block.this_token_tip")},
                                           {text("block.all_tokens"), text("block.all_tokens_tip")}}};
  if (name_width + em() * 0.8F + segmented_width(choices) <= width) ImGui::SameLine(0, em() * 0.8F);
  if (const auto picked = segmented("of", choices, all_tokens_ ? 1 : 0)) all_tokens_ = *picked == 1;
  if (all_tokens_) {
    const HistogramKey key{{frame.result.trace, frame.trace()->layers_done()}, row.hook, layer_};
    histogram_worker_->want(key);
    if (histogram_worker_->pending()) commands.pending();
    done = histogram_worker_->done();
    dimmed = !done || !(done->key == key);
  }
  if (done && done->value) {
    shown = done->value.get();
  } else {
    own = histogram(one, histogram_bins);
  }
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float height = std::clamp(ImGui::GetWindowHeight() * 0.19F, em() * 4.5F, em() * 7.5F);
  const auto bins = static_cast<float>(std::max<std::size_t>(1, shown->counts.size()));
  const Hand hand = canvas("##histogram", ImVec2(width, height + em() * 1.4F),
                           {corner, ImVec2(width / bins, height + em() * 1.4F), {}});
  if (shown->counts.empty()) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::int64_t most =
      std::max<std::int64_t>(1, *std::max_element(shown->counts.begin(), shown->counts.end()));
  const float bar = width / static_cast<float>(shown->counts.size());
  const double step = (shown->most - shown->least) / static_cast<double>(shown->counts.size());
  const float base = corner.y + height;
  list->AddLine(ImVec2(corner.x, base), ImVec2(corner.x + width, base), palette().grid,
                std::max(1.0F, em() * 0.06F));
  for (std::size_t bin = 0; bin < shown->counts.size(); ++bin) {
    const double middle = shown->least + (static_cast<double>(bin) + 0.5) * step;
    const bool out = !all_tokens_ && std::abs(middle - row.outliers.median) > row.outliers.limit;
    const float left = corner.x + bar * static_cast<float>(bin);
    const float top = base - bar_height(shown->counts[bin], most, height - em() * 1.3F);
    list->AddRectFilled(ImVec2(left + bar * 0.08F, top), ImVec2(left + bar * 0.92F, base),
                        with_alpha(out ? palette().warning : block_color(row.hook), dimmed ? 0.4F : 0.9F));
    if (hand.inside && hand.at.x >= left && hand.at.x < left + bar) {
      list->AddRectFilled(ImVec2(left, corner.y), ImVec2(left + bar, base),
                          with_alpha(palette().hover, 0.1F));
      facts_tooltip(
          fmt::format("{} … {}", significant_text(middle - step / 2), significant_text(middle + step / 2)),
          {{text("block.count"), fmt::format("{}", shown->counts[bin])}}, text("block.histogram_tip"));
    }
  }
  const auto mark = [&](double value, float align) {
    const auto place =
        step > 0.0 ? static_cast<float>((value - shown->least) / (shown->most - shown->least)) : 0.5F;
    add_label(*list, fonts().body, smallest_words, ImVec2(corner.x + width * place, base + em() * 0.3F),
              align, readable_small(palette().muted), significant_text(value, 3));
  };
  mark(shown->least, 0.0F);
  mark(shown->most, 1.0F);
  if (shown->least < -0.2 * shown->most && shown->most > -0.2 * shown->least) mark(0.0, 0.5F);
  add_label(*list, fonts().body, smallest_words, corner, 0.0F, readable_small(palette().muted),
            text("block.heights"));
}

void BlockRows::draw_outliers(const Frame& frame, Commands& commands, const Row& row, float width) const {
  const ScopedFont small(fonts().body, 0.9F);
  const std::string limit = significant_text(row.outliers.limit, 3),
                    median = significant_text(row.outliers.median, 2);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
  ImGui::TextUnformatted(
      format_text(row.outliers.dimensions.empty() ? "block.no_outliers" : "block.outliers_rule",
                  fmt::arg("limit", limit), fmt::arg("median", median),
                  fmt::arg("count", row.outliers.dimensions.size()))
          .c_str());
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
  ImGui::SetItemTooltip("%s", text("block.outliers_why").c_str());
  const std::span<const float> values = frame.trace()->row(row.hook, layer_, position_);
  const float left = ImGui::GetCursorScreenPos().x;
  float x = 0.0F;
  for (std::size_t i = 0; i < std::min(most_outliers, row.outliers.dimensions.size()); ++i) {
    const std::int64_t dimension = row.outliers.dimensions[i];
    const std::string name = fmt::format("[{}]", dimension);
    const std::string number =
        significant_text(static_cast<double>(values[static_cast<std::size_t>(dimension)]));
    const float need =
        label_width(fonts().mono, 0.85F, name) + label_width(fonts().mono, 0.95F, number) + em() * 1.1F;
    if (x > 0.0F && x + need > width) x = 0.0F;
    if (x > 0.0F) ImGui::SameLine(0, em() * 0.35F);
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    ImGui::PushID(static_cast<int>(dimension));
    const bool clicked =
        ImGui::InvisibleButton("##outlier", ImVec2(need, em() * 1.5F), ImGuiButtonFlags_EnableNav);
    ImGui::PopID();
    const ValueReference at{row.hook, layer_, {position_, dimension, 0}};
    const bool lit = ImGui::IsItemHovered() || frame.hover.value == at;
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->AddRectFilled(corner, ImVec2(corner.x + need, corner.y + em() * 1.5F),
                        lit ? mix(palette().raised, palette().warning, 0.25F) : palette().raised,
                        em() * 0.25F);
    const float after =
        add_label(*list, fonts().mono, 0.85F, ImVec2(corner.x + em() * 0.35F, corner.y + em() * 0.32F), 0,
                  palette().muted, name);
    add_label(*list, fonts().mono, 0.95F, ImVec2(corner.x + em() * 0.75F + after, corner.y + em() * 0.27F), 0,
              palette().text, number);
    if (ImGui::IsItemHovered()) {
      commands.hover().value = at;
      ImGui::SetTooltip("%s", format_text("block.outlier_tip", fmt::arg("dimension", dimension)).c_str());
    }
    if (clicked) select(frame, commands, at);
    x = corner.x - left + need + em() * 0.35F;
  }
}

void BlockRows::draw(const Frame& frame, Commands& commands, float width) {
  const bool beside = width > em() * 46;
  const float list = beside ? width * 0.6F : width;
  refresh(frame,
          static_cast<int>(std::clamp((list - em() * 18.7F) / std::max(1.0F, em() * 0.16F), 16.0F, 256.0F)));
  if (rows_.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextWrapped("%s", text("block.not_yet").c_str());
    ImGui::PopStyleColor();
    return;
  }
  ImGui::BeginGroup();
  draw_list(frame, commands, list);
  ImGui::EndGroup();
  const Row* row = chosen(frame);
  if (beside) ImGui::SameLine(0, em() * 1.6F);
  ImGui::BeginGroup();
  const float room = beside ? width - list - em() * 1.6F : width;
  draw_histogram(frame, commands, *row, room);
  draw_outliers(frame, commands, *row, room);
  ImGui::EndGroup();
}

}  // namespace headlight
