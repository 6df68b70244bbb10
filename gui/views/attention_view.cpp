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
#include "gui/widgets/empty_note.h"
#include "gui/widgets/map_legend.h"
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

// The legend behind what stands in the line, or on a line of its own; without its note on numbers where there
// is no room for that, and on stage as a short bar alone where there is none for more. False, and nothing
// drawn, when it does not fit behind. `numbers_from`: 0 once it is said.
bool draw_legend(const ShownAttention& shown, bool own_line, float& numbers_from) {
  MapLegend legend{shown.frame.document.map_scale, has_masked_cells(shown), numbers_from};
  if (shown.frame.document.attention_mode == AttentionMode::arcs) {
    // The colours of the current head's lines, on the panel.
    legend.ends = std::pair(mix(palette().panel, palette().attention, arc_opacity(0.0F)),
                            mix(palette().panel, palette().attention, arc_opacity(1.0F)));
  }
  const float left = own_line ? ImGui::GetCursorScreenPos().x : ImGui::GetItemRectMax().x + em() * 1.2F;
  const float room = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x - left;
  if (map_legend_width(legend) > room) legend.numbers_from = 0.0F;
  if (map_legend_width(legend) > room && on_stage() &&
      shown.frame.document.attention_mode == AttentionMode::matrix)
    legend.brief = true;
  const float width = map_legend_width(legend);
  if (!own_line && width > room) return false;
  if (!own_line) next_in_line(width, em() * 1.2F);
  draw_map_legend(legend, em() * 1.75F);
  if (legend.numbers_from > 0.0F) numbers_from = 0.0F;
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
                  float& numbers_from, bool tight) {
  const Frame& frame = shown.frame;
  if (has_head(frame.document.attention_mode)) {
    const ArchitectureDescription& a = shown.architecture();
    draw_stepper("layer", 'L', shown.layer, a.layers, commands, true, shown.head);
    ImGui::SameLine(0, em() * 0.8F);
    draw_stepper("head", 'H', shown.head, a.heads, commands, false, shown.layer);
    float unsaid = 0.0F;  // words and switches follow: the note would move them
    if (wants_legend) draw_legend(shown, false, unsaid);
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
  if (own_legend) draw_legend(shown, true, numbers_from);
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

float AttentionView::numbers_from_in(AttentionMode mode) const {
  return mode == AttentionMode::matrix    ? matrix_.numbers_from()
         : mode == AttentionMode::rollout ? rollout_.numbers_from()
                                          : 0.0F;
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
  const float numbers_before = numbers_from_in(mode);
  float numbers_from = numbers_before;  // still to be said
  if (wants_legend && shown.trace && draw_legend(shown, false, numbers_from)) wants_legend = false;
  ImGui::Dummy(ImVec2(0, em() * 0.1F));
  if (!shown.trace || shown.map.queries == 0 || shown.map.keys == 0) {
    draw_empty_note("attention.empty");
  } else {
    const bool is_matrix = mode == AttentionMode::matrix;
    const bool tight = is_matrix && ImGui::GetContentRegionAvail().y < em() * tight_matrix;
    draw_caption(shown, commands, caption_of(mode), wants_legend, numbers_from, tight);
    if (is_matrix) matrix_.draw_tools(shown, commands, tight);
    if (is_matrix) draw_numbers_note(numbers_from, em() * 1.75F);
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
  if (numbers_from_in(mode) != numbers_before) commands.pending();  // the next frame says so
  ImGui::PopID();
}

}  // namespace headlight
