// The tool bar of the attention view, and which of its pictures is shown.
#include "gui/views/attention_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "gui/fonts.h"
#include "gui/presenter.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/attention_modes.h"
#include "gui/views/attention_note.h"
#include "gui/views/matrix_tools.h"
#include "gui/views/shown_attention.h"
#include "gui/widgets/color_bar.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/map_scale_words.h"
#include "gui/widgets/segmented.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

constexpr std::array scales = {MapScale::linear, MapScale::square_root, MapScale::logarithmic,
                               MapScale::per_row};

// Which of an encoder-decoder's three kinds of attention; nothing to choose in other models.
void draw_parts(const Frame& frame, Commands& commands) {
  if (frame.model == nullptr || !frame.model->encoder) return;
  constexpr std::array parts = {AttentionPart::encoder, AttentionPart::self, AttentionPart::cross};
  const std::array<Segment, 3> segments = {
      {{text("attention.part_encoder"), text("attention.part_encoder_tip")},
       {text("attention.part_decoder"), text("attention.part_decoder_tip")},
       {text("attention.part_cross"), text("attention.part_cross_tip")}}};
  next_in_line(segmented_width(segments), em() * 1.2F);
  const auto found = std::find(parts.begin(), parts.end(), frame.document.attention_part);
  const auto selected = static_cast<std::size_t>(found - parts.begin());
  if (const auto chosen = segmented("part", segments, selected))
    commands.edit(ShowAttentionPart{parts[*chosen]});
}

// Pictures in which every weight has a colour or an opacity; of these, rollout draws no single row of a map.
bool has_scale(AttentionMode mode) { return mode != AttentionMode::row && mode != AttentionMode::neuron; }
bool has_sink(AttentionMode mode) { return has_scale(mode) && mode != AttentionMode::rollout; }

// Less than this, in ems, and a matrix has the room of its caption, and of the lines around it.
constexpr float tight_matrix = 30.0F;

// Pictures of one head.
bool has_head(AttentionMode mode) { return mode != AttentionMode::wall && mode != AttentionMode::rollout; }

void draw_scales(const Frame& frame, Commands& commands) {
  const std::array<Segment, 4> segments = {
      {{text("attention.scale_linear"), text("attention.scale_linear_tip")},
       {"√", text("attention.scale_root_tip")},
       {text("attention.scale_log"), text("attention.scale_log_tip")},
       {text("attention.scale_row"), text("attention.scale_row_tip")}}};
  next_in_line(segmented_width(segments), em() * 1.2F);
  const auto selected = static_cast<std::size_t>(frame.document.map_scale);
  if (const auto chosen = segmented("scale", segments, selected)) commands.edit(SetMapScale{scales[*chosen]});
  if (!has_sink(frame.document.attention_mode)) return;
  const Segment sink{text("attention.hide_sink"), text("attention.hide_sink_tip")};
  next_in_line(toggle_width(sink), em() * 0.6F);
  if (toggle("##sink", sink, frame.document.hide_sink)) commands.edit(HideSink{!frame.document.hide_sink});
}

// Whether any cell of the picture is in the grey of the mask. Lines and coloured words have no such cells.
bool has_masked_cells(const ShownAttention& shown) {
  const AttentionRule& rule = shown.map.rule;
  switch (shown.frame.document.attention_mode) {
    case AttentionMode::wall:
    case AttentionMode::matrix:
      return (rule.causal || rule.window > 0) && shown.map.keys > 1;
    case AttentionMode::rollout:
      return rule.causal && shown.query() + 1 < shown.map.keys;
    default:
      return false;
  }
}

enum class Legend { whole, brief };  // with the grey of masked cells where there are any; a short bar alone

// The colour bar: its two ends and its middle labelled; behind what stands there, or on a line of its own.
// False, and nothing drawn, when it does not fit behind.
bool draw_legend(const ShownAttention& shown, bool own_line, Legend legend = Legend::whole) {
  const Frame& frame = shown.frame;
  const MapScale scale = frame.document.map_scale;
  const ScopedFont small(fonts().body, 0.8F);
  const std::string low = map_scale_words(scale, 0);
  const std::string middle = map_scale_words(scale, 0.5F);
  const std::string high = map_scale_words(scale, 1);
  const bool brief = legend == Legend::brief;
  const std::string masked =
      has_masked_cells(shown) && !brief ? text("attention.legend_masked") : std::string();
  const float bar = em() * (brief ? 4.0F : 7.0F);
  const float gap = em() * 0.4F;
  const float swatch = em() * 0.8F;
  const float beside = masked.empty() ? 0.0F : em() + swatch + gap + ImGui::CalcTextSize(masked.c_str()).x;
  const float width =
      ImGui::CalcTextSize(low.c_str()).x + ImGui::CalcTextSize(high.c_str()).x + bar + gap * 2 + beside;
  const float edge = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  if (!own_line && ImGui::GetItemRectMax().x + em() * 1.2F + width > edge) return false;
  if (!own_line) next_in_line(width, em() * 1.2F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float height = em() * 1.75F / 0.8F;
  ImGui::Dummy(ImVec2(width, height));
  if (ImGui::IsItemHovered()) {
    const std::string& more = text("attention.legend_masked_tip");
    ImGui::SetTooltip("%s%s%s", text("attention.legend_tip").c_str(), masked.empty() ? "" : " ",
                      masked.empty() ? "" : more.c_str());
  }
  // The middle's number stands beneath the bar: on it, no ink would be readable on every map.
  const float rise = middle.empty() ? 0.0F : em() * 0.5F;
  const float text_y = start.y + (height - em()) * 0.5F - rise;
  float x = start.x;
  list->AddText(ImVec2(x, text_y), palette().muted, low.c_str());
  x += ImGui::CalcTextSize(low.c_str()).x + gap;
  const float top = start.y + height * 0.5F - em() * 0.4F - rise, bottom = top + em() * 0.8F;
  if (frame.document.attention_mode == AttentionMode::arcs) {
    // The colours of the current head's lines, on the panel.
    const ImU32 weak = mix(palette().panel, palette().attention, arc_opacity(0.0F));
    const ImU32 strong = mix(palette().panel, palette().attention, arc_opacity(1.0F));
    list->AddRectFilledMultiColor(ImVec2(x, top), ImVec2(x + bar, bottom), weak, strong, strong, weak);
    list->AddRect(ImVec2(x, top), ImVec2(x + bar, bottom), palette().grid, 0, 1);
  } else {
    add_color_bar(*list, ImVec2(x, top), ImVec2(x + bar, bottom), sequential_map());
  }
  if (!middle.empty()) {
    const ImVec2 size = ImGui::CalcTextSize(middle.c_str());
    list->AddLine(ImVec2(x + bar * 0.5F, bottom), ImVec2(x + bar * 0.5F, bottom + em() * 0.15F),
                  palette().muted, 1.0F);
    list->AddText(ImVec2(x + (bar - size.x) * 0.5F, bottom + em() * 0.1F), palette().muted, middle.c_str());
  }
  x += bar + gap;
  list->AddText(ImVec2(x, text_y), palette().muted, high.c_str());
  if (masked.empty()) return true;
  x += ImGui::CalcTextSize(high.c_str()).x + em();
  list->AddRectFilled(ImVec2(x, top), ImVec2(x + swatch, bottom), palette().masked);
  list->AddRect(ImVec2(x, top), ImVec2(x + swatch, bottom), palette().grid, 0, 1);
  list->AddText(ImVec2(x + swatch + gap, text_y), palette().muted, masked.c_str());
  return true;
}

// "‹ L5 ›": steps through layers or heads, around the ends; as high as the switches that may stand behind it.
void draw_stepper(const char* id, char letter, std::int64_t at, std::int64_t count, Commands& commands,
                  bool of_layer, std::int64_t other) {
  ImGui::PushID(id);
  const auto step = [&](std::int64_t by) {
    const std::int64_t next = (at + by + count) % count;
    commands.edit(of_layer ? SelectHead{next, other} : SelectHead{other, next});
  };
  const ImVec2 size(em() * 1.5F, em() * 1.75F);
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(0, 0));
  if (ImGui::Button("‹", size)) step(-1);
  ImGui::SetItemTooltip("%s",
                        text(of_layer ? "attention.previous_layer" : "attention.previous_head").c_str());
  ImGui::SameLine(0, em() * 0.4F);
  {
    const ScopedFont strong(fonts().strong);
    const std::string label = fmt::format("{}{}", letter, at);
    const float width = em() * 2.0F;
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const ImVec2 text_size = ImGui::CalcTextSize(label.c_str());
    ImGui::Dummy(ImVec2(width, size.y));
    ImGui::GetWindowDrawList()->AddText(
        ImVec2(corner.x + (width - text_size.x) * 0.5F, corner.y + (size.y - text_size.y) * 0.5F),
        palette().text, label.c_str());
  }
  ImGui::SameLine(0, em() * 0.4F);
  if (ImGui::Button("›", size)) step(1);
  ImGui::SetItemTooltip("%s", text(of_layer ? "attention.next_layer" : "attention.next_head").c_str());
  ImGui::PopStyleVar();
  ImGui::PopID();
}

// One line that teaches what is seen; with one head chosen, the steppers come first. `tight`: they alone.
void draw_caption(const ShownAttention& shown, Commands& commands, const char* key, bool wants_legend,
                  bool tight) {
  const Frame& frame = shown.frame;
  if (has_head(frame.document.attention_mode)) {
    const ArchitectureDescription& a = shown.architecture();
    draw_stepper("layer", 'L', shown.layer, a.layers, commands, true, shown.head);
    ImGui::SameLine(0, em() * 0.8F);
    draw_stepper("head", 'H', shown.head, a.heads, commands, false, shown.layer);
    if (wants_legend) draw_legend(shown, false);
    if (tight) return;
    const float edge = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
    if (edge - ImGui::GetItemRectMax().x >= em() * 19) {
      ImGui::SameLine(0, em() * 1.2F);
      ImGui::AlignTextToFramePadding();
    } else if (ImGui::GetContentRegionAvail().y < em() * 18) {
      return;  // the picture needs the room of the words
    }
  }
  const bool own_legend = wants_legend && !has_head(frame.document.attention_mode);
  if (own_legend) draw_legend(shown, true);
  const ScopedFont small(fonts().body, 0.88F);
  std::string caption = text(key);
  const float edge = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  const float words = ImGui::CalcTextSize(caption.c_str()).x + em() * 1.5F;
  if (own_legend && ImGui::GetItemRectMax().x + words < edge) {  // share its line
    ImGui::SameLine(0, em() * 1.5F);
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() + (ImGui::GetItemRectSize().y - em()) * 0.5F);
  }
  if (frame.document.hide_sink && has_sink(frame.document.attention_mode)) {
    caption += ' ';
    caption += text("attention.sink_hidden");
  }
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextWrapped("%s", caption.c_str());
  ImGui::PopStyleColor();
}

}  // namespace

void AttentionView::draw_mode(const ShownAttention& shown, Commands& commands, bool with_note) {
  const Frame& frame = shown.frame;
  const bool has_wall =
      frame.result.wall && frame.result.wall->side > 0 && frame.result.wall_part == shown.part;
  const AttentionMode mode = frame.document.attention_mode;
  switch (mode) {
    case AttentionMode::wall:
      has_wall ? wall_.draw(shown, commands, maps_) : draw_empty_note("attention.not_done");
      break;
    case AttentionMode::matrix:
      matrix_.draw(shown, commands, maps_, with_note);
      break;
    case AttentionMode::row:
      row_.draw(shown, commands);
      break;
    case AttentionMode::arcs:
      arcs_.draw(shown, commands, texts_);
      break;
    case AttentionMode::heat:
      heat_.draw(shown, commands, texts_, maps_);
      break;
    case AttentionMode::neuron:
      neuron_.draw(shown, commands);
      break;
    case AttentionMode::rollout:
      rollout_.draw(shown, commands);
      break;
  }
}

void AttentionView::draw(const Frame& frame, Commands& commands) {
  ImGui::PushID("attention");
  draw_attention_modes(frame, commands);
  maps_.compute_on(frame.device);
  draw_parts(frame, commands);
  // The bar stands where it costs no line: behind the scales, or behind the steppers; on stage, where a
  // matrix has its switches behind these, a short one behind the modes. The wall has no steppers; and lines
  // say by themselves which is stronger.
  const AttentionMode mode = frame.document.attention_mode;
  bool wants_legend = has_scale(mode) && !has_own_legend(frame.document);
  if (has_scale(mode) && !on_stage()) draw_scales(frame, commands);
  const ShownAttention shown = shown_attention(frame);
  if (wants_legend && shown.trace) {
    const bool brief = on_stage() && mode == AttentionMode::matrix;
    wants_legend = !draw_legend(shown, false) && !(brief && draw_legend(shown, false, Legend::brief));
  }
  ImGui::Dummy(ImVec2(0, em() * 0.1F));
  if (!shown.trace || shown.map.queries == 0 || shown.map.keys == 0) {
    draw_empty_note("attention.empty");
  } else {
    const bool is_matrix = mode == AttentionMode::matrix;
    const bool tight = is_matrix && ImGui::GetContentRegionAvail().y < em() * tight_matrix;
    draw_caption(shown, commands, caption_of(mode), wants_legend, tight);
    if (is_matrix) matrix_.draw_tools(shown, commands, tight);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
    const bool noted = !on_stage() || !frame.document.interventions.empty();  // that the model is changed
    const bool beside = noted && tight && MatrixPanel::has_list(shown, ImGui::GetContentRegionAvail().x);
    const float room = ImGui::GetContentRegionAvail().y - attention_note_height();
    if (noted && !beside && room > em() * 4) {
      if (ImGui::BeginChild("##mode", ImVec2(0, room), ImGuiChildFlags_NavFlattened,
                            ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse)) {
        draw_mode(shown, commands, false);
      }
      ImGui::EndChild();
      draw_attention_note(shown, commands);
    } else {
      draw_mode(shown, commands, beside);
    }
    ImGui::PopStyleVar();
  }
  ImGui::PopID();
}

}  // namespace headlight
