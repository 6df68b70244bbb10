#include "gui/views/model_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float row_height() { return em() * 1.5F; }

std::string shape_words(const Shape& shape) {
  std::string words;
  for (const std::int64_t length : shape) {
    if (!words.empty()) words += " × ";
    words += grouped_text(length);
  }
  return words;
}

float beside_list() { return ImGui::GetStyle().ScrollbarSize + em() * 0.5F; }
float heading_height() { return em() * 1.1F; }
float histogram_height() { return em() * 11.0F; }

// The left edges of the columns behind the name, and of numbers the right ones, in pixels.
struct Columns {
  float shape, format, count_end, share_end, width;
};

Columns columns(float width) {
  const float share = width - em() * 2.9F, count = share - em() * 4.6F, format = count - em() * 10.6F;
  return {format - em() * 8.5F, format, count, share, width};
}

void text_at(ImVec2 corner, float x, float room, const std::string& words, ImU32 color) {
  ImGui::GetWindowDrawList()->AddText(ImVec2(corner.x + x, corner.y + em() * 0.22F), color,
                                      shortened(words, room).c_str());
}

void text_before(ImVec2 corner, float right, const std::string& words, ImU32 color) {
  text_at(corner, right - ImGui::CalcTextSize(words.c_str()).x, FLT_MAX, words, color);
}

}  // namespace

ModelTensors::ModelTensors()
    : histogram_([](const Key& key, const Progress& progress) {
        const std::vector<ParameterTensor> tensors = parameter_tensors(*key.model);
        return value_histogram(tensors.at(key.tensor), [&](float done) { progress.report(done); });
      }) {}

void ModelTensors::take(const std::shared_ptr<const Model>& model) {
  if (model_ != model) {
    model_ = model;
    tensors_ = parameter_tensors(*model);
    total_ = std::max<std::int64_t>(1, parameter_count(tensors_));
    largest_ = 1;
    for (const ParameterTensor& tensor : tensors_) largest_ = std::max(largest_, tensor.count);
    chosen_ = 0;
    filtered_by_ = "\n";
  }
  if (filtered_by_ == filter_) return;
  filtered_by_ = filter_;
  found_.clear();
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (tensors_[i].name.find(filter_) != std::string::npos) found_.push_back(i);
  }
}

void ModelTensors::draw(const Frame& frame, Commands& commands) {
  if (!frame.trace() || frame.trace()->shared_model().get() != frame.model) {
    ImGui::TextWrapped("%s", text("tensors.no_text").c_str());
    return;
  }
  take(frame.trace()->shared_model());
  ImGui::SetNextItemWidth(em() * 14.0F);
  ImGui::InputTextWithHint("##filter", text("tensors.filter").c_str(), &filter_);
  ImGui::SameLine(0.0F, em());
  ImGui::AlignTextToFramePadding();
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  const std::int64_t tied =
      std::count_if(found_.begin(), found_.end(), [this](std::size_t index) { return tensors_[index].tied; });
  ImGui::TextUnformatted(
      format_text(tied > 0 ? "tensors.total_tied" : "tensors.total",
                  fmt::arg("tensors", grouped_text(static_cast<std::int64_t>(found_.size()) - tied)),
                  fmt::arg("tied", tied), fmt::arg("parameters", grouped_text(total_)))
          .c_str());
  ImGui::PopStyleColor();
  // What the list leaves, so that it alone scrolls.
  const float beneath = heading_height() + histogram_height() + ImGui::GetStyle().ItemSpacing.y * 2.0F;
  const float rows = std::floor((ImGui::GetContentRegionAvail().y - beneath) / row_height());
  draw_rows(row_height() * std::max(4.0F, rows));  // whole ones
  draw_histogram(frame, commands);
}

void ModelTensors::draw_rows(float height) {
  {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const float whole = ImGui::GetContentRegionAvail().x - beside_list();
    const Columns at = columns(whole);
    ImGui::Dummy(ImVec2(whole, heading_height()));
    const float inset = em() * 0.3F;
    const ScopedFont small(fonts().body, smallest_words);
    text_at(corner, inset, whole, text("tensors.name"), palette().muted);
    text_at(corner, at.shape, whole, text("tensors.shape"), palette().muted);
    text_at(corner, at.format, whole, text("tensors.format"), palette().muted);
    text_before(corner, at.count_end, text("tensors.count"), palette().muted);
    text_before(corner, at.share_end, text("tensors.share"), palette().muted);
  }
  if (ImGui::BeginChild("##tensors", ImVec2(0.0F, height), ImGuiChildFlags_NavFlattened)) {
    const Columns at = columns(ImGui::GetWindowWidth() - beside_list());
    ImDrawList* list = ImGui::GetWindowDrawList();
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0.0F, 0.0F));
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(found_.size()), row_height());
    while (clipper.Step()) {
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
        const std::size_t index = found_[static_cast<std::size_t>(row)];
        const ParameterTensor& tensor = tensors_[index];
        const ImVec2 corner = ImGui::GetCursorScreenPos();
        ImGui::PushID(static_cast<int>(index));
        if (ImGui::InvisibleButton("##tensor", ImVec2(std::max(1.0F, at.width), row_height()),
                                   ImGuiButtonFlags_EnableNav)) {
          chosen_ = index;
        }
        ImGui::PopID();
        ImGui::SetItemTooltip("%s", text(tensor.tied ? "tensors.tied_tip" : "tensors.click_tip").c_str());
        const ImVec2 opposite(corner.x + at.width, corner.y + row_height());
        if (index == chosen_ || ImGui::IsItemHovered()) {
          list->AddRectFilled(corner, opposite, with_alpha(palette().query, index == chosen_ ? 0.2F : 0.09F),
                              em() * 0.25F);
        }
        const ScopedFont mono(fonts().mono, 0.9F);
        text_at(corner, em() * 0.3F, at.shape - em() * 0.8F, tensor.name, palette().text);
        text_at(corner, at.shape, em() * 9.2F, shape_words(tensor.shape), palette().muted);
        text_at(corner, at.format, em() * 4.2F, std::string(number_format_name(tensor.format)),
                palette().muted);
        text_before(corner, at.count_end, grouped_text(tensor.count), palette().text);
        const double part =
            tensor.tied ? 0.0 : static_cast<double>(tensor.count) / static_cast<double>(total_);
        text_before(corner, at.share_end, tensor.tied ? "=" : percent_text(part), palette().muted);
        const float bar = em() * 2.2F, y = corner.y + row_height() * 0.5F;
        const float whole = static_cast<float>(
            tensor.tied ? 0.0 : static_cast<double>(tensor.count) / static_cast<double>(largest_));
        list->AddRectFilled(ImVec2(opposite.x - bar, y - em() * 0.2F),
                            ImVec2(opposite.x - bar + std::max(1.0F, bar * whole), y + em() * 0.2F),
                            palette().attention, em() * 0.1F);
      }
    }
    ImGui::PopStyleVar();
    fade_edges(row_height());
  }
  ImGui::EndChild();
}

// Of the chosen tensor: heights are logarithmic, so that a few far numbers are seen.
void ModelTensors::draw_histogram(const Frame&, Commands& commands) {
  if (chosen_ >= tensors_.size()) return;
  histogram_.want({model_, chosen_});
  if (histogram_.pending()) commands.progress(text("tensors.counting"), histogram_.fraction());
  const auto done = histogram_.done();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x, height = histogram_height();
  const float bin = width / static_cast<float>(ValueHistogram::bins);
  const Hand hand = canvas("##histogram", ImVec2(width, height), {start, ImVec2(bin, height), {}});
  list->AddText(ImVec2(start.x, start.y + em() * 0.4F), palette().text, tensors_[chosen_].name.c_str());
  if (!done || !done->value || done->key.model != model_ || done->key.tensor != chosen_) {
    list->AddText(ImVec2(start.x, start.y + em() * 2.0F), palette().muted,
                  (done && !done->error.empty() ? in_language(done->error) : text("next.waiting")).c_str());
    return;
  }
  const ValueHistogram& histogram = *done->value;
  {
    const ScopedFont mono(fonts().mono, 0.92F);
    std::string words = format_text("tensors.summary", fmt::arg("least", significant_text(histogram.least)),
                                    fmt::arg("most", significant_text(histogram.largest)),
                                    fmt::arg("mean", significant_text(histogram.mean, 3)),
                                    fmt::arg("deviation", significant_text(histogram.deviation)));
    if (histogram.not_finite > 0) words += fmt::format("   NaN/∞ {}", grouped_text(histogram.not_finite));
    list->AddText(ImVec2(start.x, start.y + em() * 1.9F), palette().muted, words.c_str());
  }
  const float top = start.y + em() * 3.6F, bottom = start.y + height - em() * 1.5F;
  const std::int64_t most = *std::max_element(histogram.counts.begin(), histogram.counts.end());
  const double scale = std::log1p(static_cast<double>(std::max<std::int64_t>(1, most)));
  for (std::size_t i = 0; i < ValueHistogram::bins; ++i) {
    const double part = std::log1p(static_cast<double>(histogram.counts[i])) / scale;
    const float x = start.x + bin * static_cast<float>(i);
    const bool lit = hand.inside && hand.at.x >= x && hand.at.x < x + bin;
    if (part > 0.0) {
      list->AddRectFilled(ImVec2(x, bottom - (bottom - top) * static_cast<float>(part)),
                          ImVec2(x + std::max(1.0F, bin - 1.0F), bottom),
                          lit ? palette().text : palette().attention);
    }
    if (!lit) continue;
    const double step = 2.0 * histogram.limit / static_cast<double>(ValueHistogram::bins);
    const double from = -histogram.limit + step * static_cast<double>(i);
    facts_tooltip(fmt::format("{} … {}", significant_text(from), significant_text(from + step)),
                  {{text("tensors.count"), grouped_text(histogram.counts[i])}}, text("tensors.log_tip"));
  }
  list->AddLine(ImVec2(start.x, bottom), ImVec2(start.x + width, bottom), palette().grid, 1.0F);
  const ScopedFont mono(fonts().mono, smallest_mono);
  const std::array<std::string, 3> labels = {significant_text(-histogram.limit, 3), "0",
                                             significant_text(histogram.limit, 3)};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float label = ImGui::CalcTextSize(labels[i].c_str()).x;
    list->AddText(ImVec2(start.x + (width - label) * 0.5F * static_cast<float>(i), bottom + em() * 0.2F),
                  palette().muted, labels[i].c_str());
  }
}

}  // namespace headlight
