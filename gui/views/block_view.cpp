// The three parts one under the other, what is asked of the workers, and the arrow keys.
#include "gui/views/block_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/block_lengths.h"
#include "gui/views/block_neurons.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

TraceKey key_of(const Frame& frame) { return {frame.result.trace, frame.trace()->layers_done()}; }

void heading(const std::string& words, const std::string& sentence) {
  ImGui::Dummy(ImVec2(0, em() * 0.3F));
  {
    const ScopedFont strong(fonts().strong, 1.05F);
    ImGui::TextUnformatted(shortened(words, ImGui::GetContentRegionAvail().x).c_str());
  }
  const ScopedFont small(fonts().body, 0.88F);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextWrapped("%s", sentence.c_str());
  ImGui::PopStyleColor();
}

void failed(const Bilingual& error) {
  ImGui::PushStyleColor(ImGuiCol_Text, palette().error);
  ImGui::TextWrapped("%s", in_language(error).c_str());
  ImGui::PopStyleColor();
}

}  // namespace

void BlockView::draw_lengths(const Frame& frame, Commands& commands) {
  const TraceKey key = key_of(frame);
  workers_->lengths->want(key);
  if (workers_->lengths->pending()) commands.pending();
  const auto done = workers_->lengths->done();
  heading(text("block.lengths_heading"),
          format_text("block.lengths_caption", fmt::arg("token", frame.token_text(frame.query()))));
  // In a low window the parts below it need the room.
  const float height = std::clamp(ImGui::GetContentRegionAvail().y * 0.34F, em() * 8.5F, em() * 16);
  if (!done || !done->value) {
    if (done) failed(done->error);
    ImGui::Dummy(ImVec2(1, height));
    return;
  }
  const std::shared_ptr<const Trace> trace = done->value->trace.lock();
  if (!trace || trace->shared_model() != frame.trace()->shared_model()) {
    ImGui::Dummy(ImVec2(1, height));
    return;
  }
  draw_block_lengths(frame, commands, *done->value, !(done->key == key),
                     ImVec2(ImGui::GetContentRegionAvail().x, height));
}

void BlockView::draw_neurons(const Frame& frame, Commands& commands) {
  const Trace& trace = *frame.trace();
  if (!trace.has(Hook::mlp_post, frame.layer())) return;
  const NeuronsKey key{key_of(frame), frame.layer(), frame.query()};
  workers_->neurons->want(key);
  if (workers_->neurons->pending()) commands.pending();
  const auto done = workers_->neurons->done();
  const AttributionKind kind = attribution_kind(trace.model().architecture);
  const char* sentence = kind == AttributionKind::no_logits     ? "block.neurons_caption_no_logits"
                         : kind == AttributionKind::own_network ? "block.neurons_caption_own_network"
                                                                : "block.neurons_caption";
  heading(format_text("block.neurons_heading", fmt::arg("layer", frame.layer()),
                      fmt::arg("token", frame.token_text(frame.query())),
                      fmt::arg("neurons", trace.model().architecture.d_mlp)),
          text(sentence));
  if (!done || !done->value) {
    if (done) failed(done->error);
    return;
  }
  const std::shared_ptr<const Trace> of = done->value->trace.lock();
  if (!of || of->shared_model() != trace.shared_model()) return;
  draw_block_neurons(frame, commands, *done->value, !(done->key == key), ImGui::GetContentRegionAvail().x);
}

// Arrows: tokens from left to right, layers up and down.
void BlockView::walk(const Frame& frame, Commands& commands) const {
  if (!panel_has_keys()) return;
  const auto pressed = [](ImGuiKey key) { return ImGui::IsKeyPressed(key); };
  const std::int64_t query = frame.locked_query(), layer = frame.layer();
  if (pressed(ImGuiKey_LeftArrow) && query > 0) commands.edit(SelectQuery{query - 1});
  if (pressed(ImGuiKey_RightArrow) && query + 1 < frame.positions()) commands.edit(SelectQuery{query + 1});
  if (pressed(ImGuiKey_UpArrow) && layer + 1 < frame.model->architecture.layers) {
    commands.edit(SelectHead{layer + 1, frame.head()});
  }
  if (pressed(ImGuiKey_DownArrow) && layer > 0) commands.edit(SelectHead{layer - 1, frame.head()});
}

void BlockView::draw(const Frame& frame, Commands& commands) {
  if (frame.trace() == nullptr || frame.positions() == 0 || frame.model == nullptr ||
      frame.trace()->shared_model().get() != frame.model) {
    draw_empty_note("block.empty");
    return;
  }
  if (!workers_) workers_ = std::make_unique<Workers>();
  walk(frame, commands);
  draw_lengths(frame, commands);
  heading(format_text("block.rows_title", fmt::arg("layer", frame.layer()),
                      fmt::arg("token", frame.token_text(frame.query()))),
          text("block.rows_caption"));
  workers_->rows.draw(frame, commands, ImGui::GetContentRegionAvail().x);
  draw_neurons(frame, commands);
  ImGui::Dummy(ImVec2(0, em() * 0.5F));
}

}  // namespace headlight
