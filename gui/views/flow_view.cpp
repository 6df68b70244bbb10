// Lays the picture out, paints it, and turns clicks, wheel and keys into commands.
#include "gui/views/flow_view.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gui/fonts.h"
#include "gui/presenter.h"
#include "gui/strings.h"
#include "gui/views/flow_encoder.h"
#include "gui/views/flow_picture.h"
#include "gui/views/flow_words.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/token_piece.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// The widest of the first tokens' labels: a long text must not cost a measurement of each of its tokens.
float widest_token(const Frame& frame) {
  const float around = em() * chip_padding * 2.0F;
  const ScopedFont font(fonts().body, 0.95F);
  float widest = 0;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(frame.positions(), 32); ++i) {
    auto place = told_apart(frame.trace()->tokens(), i);
    if (place) place = frame.positions() - 1;  // it may stand there again, with as many digits
    widest = std::max(widest, token_label_width(chip_text(frame, i), place));
  }
  return widest + around;
}

FlowParts parts_of(const ArchitectureDescription& architecture, std::int64_t layer) {
  FlowParts parts = flow_parts(architecture, layer);
  parts.on_stage = on_stage();
  return parts;
}

FlowShape shape_of(const Frame& frame) {
  const ArchitectureDescription& a = frame.trace()->model().architecture;
  FlowShape shape;
  shape.positions = frame.positions();
  shape.selected = std::max<std::int64_t>(0, frame.locked_query());
  shape.layers = std::max<std::int64_t>(1, a.layers);
  shape.heads = std::max<std::int64_t>(1, a.heads);
  // The trace may be of another model than the one that was opened last.
  shape.layer = std::clamp<std::int64_t>(frame.layer(), 0, shape.layers - 1);
  shape.head = std::clamp<std::int64_t>(frame.head(), 0, shape.heads - 1);
  shape.parts = parts_of(a, shape.layer);
  if (a.head == OutputHead::classifier) shape.output_row = 0;  // it reads the first token
  shape.token_width = widest_token(frame);
  if (const Trace* source = frame.trace()->source().get(); source != nullptr && a.cross_attention) {
    shape.source = source->positions();
    shape.source_layers = std::max<std::int64_t>(1, source->model().architecture.layers);
    shape.source_selected = frame.document.source_key.value_or(0);
  }
  return shape;
}

}  // namespace

// The decoder with all that it reads, or the encoder by itself.
void FlowView::draw(const Frame& frame, Commands& commands) {
  if (frame.trace() == nullptr || frame.positions() == 0) {
    draw_empty_note("flow.empty");
    return;
  }
  const Trace* source = frame.trace()->source().get();
  const bool encoder =
      source != nullptr && source->positions() > 0 && frame.document.attention_part == AttentionPart::encoder;
  if (encoder != in_encoder_) {
    in_encoder_ = encoder;
    detail_ = FlowDetail();  // the other one may not have this part
  }
  if (!encoder) {
    draw_text(frame, commands);
    return;
  }
  const EncoderFrame inner(frame);
  Commands asked;
  draw_text(inner.frame(), asked);
  EncoderFrame::pass_on(asked, commands);
}

void FlowView::draw_text(const Frame& frame, Commands& commands) {
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float width =
      std::max(room.x, narrowest_flow(em(), parts_of(frame.trace()->model().architecture, 0)));
  const bool scrolls = width > room.x + 1;
  const ImGuiWindowFlags flags =
      ImGuiWindowFlags_NoScrollWithMouse |
      (scrolls ? ImGuiWindowFlags_HorizontalScrollbar : ImGuiWindowFlags_NoScrollbar);
  if (ImGui::BeginChild("##flow", room, ImGuiChildFlags_NavFlattened, flags)) {
    const float bar = scrolls ? ImGui::GetStyle().ScrollbarSize : 0;
    draw_picture(frame, commands, ImVec2(width, std::max(lowest_flow(em()), room.y - bar)));
    ImGui::Dummy(ImVec2(0, 0));  // after what was placed by hand
  }
  ImGui::EndChild();
}

void FlowView::draw_picture(const Frame& frame, Commands& commands, ImVec2 size) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  layout_ = place_flow(shape_of(frame), corner, size, em());
  const FlowLayout& at = layout_;
  values_.show(frame.result.trace, at.layer, at.head_index, at.first, at.last);
  maps_.compute_on(frame.device);
  HeadRows* pattern = maps_.rows(frame.result.trace, at.layer, at.head_index);
  HeadRows* cross =
      at.source > 0 ? cross_maps_.rows(frame.result.trace, at.layer, at.head_index, true) : nullptr;
  if (!bands_.refresh(frame.result.trace, at, pattern)) commands.pending();
  if (wanted_ && frame.trace()->complete()) {
    detail_.open(*wanted_, part_place(frame, at, *wanted_), frame);
    wanted_.reset();
  }
  ImGui::SetNextItemAllowOverlap();
  Hand hand;
  if (detail_.is_open()) {  // the keyboard is in it, or chooses what it shows
    hand.clicked = ImGui::InvisibleButton("##canvas", size);
    was_open_ = true;
  } else {
    hand = canvas("##canvas", size,
                  {corner, ImVec2(em() * 0.5F, std::max(2.0F, at.row_height * 0.25F)),
                   [&at](ImVec2 point) { return flow_thing(flow_hit(at, point)); }});
    if (was_open_ && keyboard_is_on_an_item()) move_keyboard_here();
    was_open_ = false;
  }
  const bool pointed = hand.inside;
  const FlowHit hit = pointed ? flow_hit(at, hand.at) : FlowHit{};
  const FlowScene scene{*ImGui::GetWindowDrawList(),
                        frame,
                        *frame.trace(),
                        at,
                        values_,
                        bands_,
                        cross,
                        pattern,
                        frame.query(),
                        hit,
                        lit_cells(frame)};
  draw_flow_cards(scene);
  if (at.shows(scene.query)) {
    const float top = at.row_top(scene.query);
    scene.list.AddRectFilled(ImVec2(at.tokens.min.x - em() * 0.2F, top),
                             ImVec2(at.candidates.min.x - em() * 0.5F, top + at.row_height),
                             with_alpha(palette().text, 0.045F), em() * 0.4F);
  }
  draw_flow_stream(scene);
  draw_flow_ribbons(scene);
  draw_flow_bands(scene);
  draw_flow_strips(scene);
  draw_flow_source(scene);
  draw_flow_lit(scene);
  draw_flow_candidates(scene);
  draw_flow_footer(scene);
  if (pointed) {
    show_flow_hover(at, frame, commands, values_, pattern, cross, hit);
    const float turned = ImGui::GetIO().MouseWheel;
    wheel_ = turned == 0 ? wheel_ : wheel_ + turned;
  }
  if (at.source > 0 || is_encoder_frame(frame)) choose_part(frame, commands, at);
  if (hand.clicked) handle_click(frame, commands, at, hit);
  if (hand.clicked && hand.by_keys && detail_.is_open()) detail_.take_keyboard();
  handle_keys(frame, commands, at);
  if (detail_.is_open()) detail_.draw(frame, commands, at);
}

// Encoder or decoder, in the free corner above the output.
void FlowView::choose_part(const Frame& frame, Commands& commands, const FlowLayout& at) {
  const std::array<Segment, 2> parts = {{{text("flow.encoder"), text("flow.encoder_part_tip")},
                                         {text("flow.decoder"), text("flow.decoder_part_tip")}}};
  const float width = segmented_width(parts);
  ImGui::SetCursorScreenPos(
      ImVec2(at.corner.x + at.size.x - width - em() * 0.2F, at.title.min.y + em() * 0.1F));
  const std::size_t now = is_encoder_frame(frame) ? 0 : 1;
  if (const auto chosen = segmented("part", parts, now))
    commands.edit(ShowAttentionPart{*chosen == 0 ? AttentionPart::encoder : AttentionPart::self});
}

void FlowView::handle_click(const Frame& frame, Commands& commands, const FlowLayout& at,
                            const FlowHit& hit) {
  if (detail_.is_open()) {
    if (!detail_.covers(ImGui::GetMousePos())) detail_.close(frame);
    return;
  }
  switch (hit.pick) {
    case FlowPick::token: {
      const bool locked = frame.document.query && frame.locked_query() == hit.position;
      commands.edit(SelectQuery{locked ? std::nullopt : std::optional(hit.position)});
      break;
    }
    case FlowPick::strip:
    case FlowPick::stream:
    case FlowPick::map: {
      if (hit.position != frame.locked_query()) commands.edit(SelectQuery{hit.position});
      const FlowColumn* column = at.column(hit.hook);
      const FlowRect from = hit.pick == FlowPick::map ? at.map_row(hit.position)
                            : column != nullptr       ? at.strip(*column, hit.position)
                                                      : at.map_row(hit.position);
      detail_.open(hit.hook, from, frame);
      break;
    }
    case FlowPick::open_part:
      detail_.open(hit.hook, at.candidates, frame);
      break;
    case FlowPick::layer:
      commands.edit(SelectHead{hit.cell, at.head_index});
      break;
    case FlowPick::head:
      commands.edit(SelectHead{at.layer, hit.cell});
      break;
    case FlowPick::candidate: {
      const auto rank = static_cast<std::size_t>(hit.cell);
      if (!frame.result.next || rank >= frame.result.next->ranked.size()) break;
      const TokenId id = frame.result.next->ranked[rank].id;
      commands.edit(SelectCandidate{frame.document.candidate == id ? std::nullopt : std::optional(id)});
      break;
    }
    case FlowPick::band: {
      const FlowBand& band = at.bands[static_cast<std::size_t>(hit.cell)];
      commands.edit(SelectQuery{(band.first + band.last) / 2});
      break;
    }
    case FlowPick::cross_map:
      if (hit.position != frame.locked_query()) commands.edit(SelectQuery{hit.position});
      detail_.open(Hook::cross_pattern, at.cross_row(hit.position), frame);
      break;
    case FlowPick::source: {
      const bool locked = frame.document.source_key == hit.cell;
      commands.edit(SelectSourceKey{locked ? std::nullopt : std::optional(hit.cell)});
      break;
    }
    case FlowPick::source_strip:
      commands.edit(SelectSourceQuery{hit.cell});
      [[fallthrough]];
    case FlowPick::encoder:
      commands.edit(ShowAttentionPart{AttentionPart::encoder});
      break;
    case FlowPick::nothing:
      break;
  }
}

// Of the chosen token.
FlowRect FlowView::part_place(const Frame& frame, const FlowLayout& at, Hook hook) const {
  const std::int64_t position = std::clamp(frame.locked_query(), at.first, at.last - 1);
  const FlowColumn* column = at.column(hook);
  return column != nullptr ? at.strip(*column, position) : at.map_row(position);
}

// Enter opens the attention of the chosen token; Shift and down goes on to the next part, up to the one
// before.
void FlowView::open_with_keys(const Frame& frame, const FlowLayout& at) {
  const auto place = [&](Hook hook) { return part_place(frame, at, hook); };
  if (!detail_.is_open()) {
    if (panel_has_keys() && ImGui::IsKeyPressed(ImGuiKey_Enter, false))
      detail_.open(Hook::pattern, place(Hook::pattern), frame);
    return;
  }
  const bool on = ImGui::IsKeyPressed(ImGuiKey_DownArrow), back = ImGui::IsKeyPressed(ImGuiKey_UpArrow);
  if (!ImGui::GetIO().KeyShift || on == back) return;
  std::vector<Hook> parts;
  for (const FlowColumn& column : at.columns) {
    parts.push_back(column.hook);
    if (column.hook == Hook::v) parts.push_back(Hook::pattern);
    if (column.hook == Hook::cross_attn_out && at.source > 0) parts.push_back(Hook::cross_pattern);
  }
  const auto here = std::find(parts.begin(), parts.end(), *detail_.hook()) - parts.begin();
  const auto count = static_cast<std::ptrdiff_t>(parts.size());
  const std::ptrdiff_t next = (here + (back ? count - 1 : 1)) % count;
  const Hook hook = parts[static_cast<std::size_t>(next)];
  detail_.open(hook, place(hook), frame);
}

void FlowView::handle_keys(const Frame& frame, Commands& commands, const FlowLayout& at) {
  std::int64_t layer = at.layer;
  std::int64_t head = at.head_index;
  const auto steps = static_cast<std::int64_t>(std::trunc(wheel_));
  wheel_ -= static_cast<float>(steps);
  if (ImGui::GetIO().KeyShift) {
    head -= steps;
  } else {
    layer -= steps;
  }
  if (detail_.is_open()) {
    // Esc closes the part, and only that: the window's own Esc must not see it.
    const ImGuiID owner = ImGui::GetID("##escape");
    ImGui::SetKeyOwner(ImGuiKey_Escape, owner, ImGuiInputFlags_LockUntilRelease);
    if (ImGui::IsKeyPressed(ImGuiKey_Escape, ImGuiInputFlags_None, owner)) detail_.close(frame);
  }
  if (ImGui::IsWindowFocused(ImGuiFocusedFlags_ChildWindows) && !ImGui::GetIO().WantTextInput)
    open_with_keys(frame, at);
  if (panel_has_keys()) {
    const std::int64_t sideways = (ImGui::IsKeyPressed(ImGuiKey_RightArrow) ? 1 : 0) -
                                  (ImGui::IsKeyPressed(ImGuiKey_LeftArrow) ? 1 : 0);
    (ImGui::GetIO().KeyShift ? head : layer) += sideways;
    const std::int64_t down =
        (ImGui::IsKeyPressed(ImGuiKey_DownArrow) ? 1 : 0) - (ImGui::IsKeyPressed(ImGuiKey_UpArrow) ? 1 : 0);
    if (down != 0 && !ImGui::GetIO().KeyShift)
      commands.edit(SelectQuery{std::clamp<std::int64_t>(frame.locked_query() + down, 0, at.positions - 1)});
  }
  layer = std::clamp<std::int64_t>(layer, 0, at.layer_count - 1);
  head = std::clamp<std::int64_t>(head, 0, at.head_count - 1);
  if (layer != at.layer || head != at.head_index) commands.edit(SelectHead{layer, head});
}

}  // namespace headlight
