// A line a neuron: name, activation with a bar, tokens up, tokens down.
#include "gui/views/block_neurons.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

std::string signed_text(double value) { return (value > 0 ? "+" : "") + significant_text(value, 3); }

// Tokens from left to right with what each gets, as many as fit.
void draw_pushes(const Frame& frame, Commands& commands, const std::array<NeuronWriting::Push, 5>& pushes,
                 ImVec2 corner, float width, float height) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const Tokenizer& tokenizer = *frame.trace()->model().tokenizer;
  float x = 0.0F;
  for (const NeuronWriting::Push& push : pushes) {
    if (push.token < 0 || push.token >= tokenizer.vocabulary_size()) continue;
    const std::string token = shortened(token_piece(tokenizer.bytes(push.token)), em() * 6);
    const float need = ImGui::CalcTextSize(token.c_str()).x + em() * 0.5F;
    if (x + need > width) break;
    const ImVec2 at(corner.x + x, corner.y + em() * 0.12F);
    ImGui::SetCursorScreenPos(at);
    ImGui::PushID(static_cast<int>(push.token));
    const bool clicked =
        ImGui::InvisibleButton("##token", ImVec2(need, height - em() * 0.24F), ImGuiButtonFlags_EnableNav);
    ImGui::PopID();
    const bool lit = frame.hover.candidate == push.token;
    list->AddRectFilled(at, ImVec2(at.x + need, at.y + height - em() * 0.24F),
                        lit ? mix(palette().raised, palette().probability, 0.3F) : palette().raised,
                        em() * 0.22F);
    list->AddText(ImVec2(at.x + em() * 0.25F, at.y + (height - em() * 1.24F) * 0.5F), palette().text,
                  token.c_str());
    if (ImGui::IsItemHovered()) {
      commands.hover().candidate = push.token;
      facts_tooltip("|" + token + "|",
                    {{text("block.logit_push"), signed_text(static_cast<double>(push.logit))}},
                    text("block.push_tip"));
    }
    const bool again = frame.document.candidate == push.token;
    if (clicked) commands.edit(SelectCandidate{again ? std::nullopt : std::optional(push.token)});
    x += need + em() * 0.3F;
  }
}

}  // namespace

void draw_block_neurons(const Frame& frame, Commands& commands, const NeuronWritings& writings, bool dimmed,
                        float width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImU32 ink = readable_small(palette().muted);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float name = em() * 5.6F, bar = em() * 4.0F, number = em() * 4.6F;
  const float rest = std::max(0.0F, width - name - bar - number - em());
  const float half = rest * 0.5F;
  const float left = name + bar + number + em();
  const bool tokens = writings.has_tokens && half > em() * 4;
  if (tokens) {
    add_label(*list, fonts().body, 0.82F, ImVec2(start.x + left, start.y), 0, ink, text("block.pushes_up"));
    add_label(*list, fonts().body, 0.82F, ImVec2(start.x + left + half, start.y), 0, ink,
              text("block.pushes_down"));
  }
  add_label(*list, fonts().body, 0.82F, ImVec2(start.x, start.y), 0, ink, text("block.neuron"));
  add_label(*list, fonts().body, 0.82F, ImVec2(start.x + name + bar + number, start.y), 1, ink,
            text("block.activation"));
  ImGui::Dummy(ImVec2(width, em() * 1.15F));
  double largest = 1e-12;
  for (const NeuronWriting& neuron : writings.neurons) {
    if (std::isfinite(neuron.activation)) largest = std::max(largest, std::abs(neuron.activation));
  }
  const float height = em() * 1.6F;
  for (const NeuronWriting& neuron : writings.neurons) {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const ValueReference at{Hook::mlp_post, writings.layer, {writings.position, neuron.neuron, 0}};
    ImGui::PushID(static_cast<int>(neuron.neuron));
    const bool clicked =
        ImGui::InvisibleButton("##neuron", ImVec2(name + bar + number, height), ImGuiButtonFlags_EnableNav);
    const bool hovered = ImGui::IsItemHovered();
    if (hovered || frame.document.value == at || frame.hover.value == at) {
      list->AddRectFilled(corner, ImVec2(corner.x + name + bar + number, corner.y + height),
                          mix(palette().panel, palette().query, frame.document.value == at ? 0.16F : 0.08F),
                          em() * 0.25F);
    }
    const float y = corner.y + em() * 0.3F;
    add_label(*list, fonts().mono, 0.92F, ImVec2(corner.x + em() * 0.2F, y), 0, palette().text,
              fmt::format("L{} N{}", writings.layer, neuron.neuron));
    const float middle = corner.x + name + bar * 0.5F;
    const float length = std::isfinite(neuron.activation)
                             ? bar * 0.5F * static_cast<float>(neuron.activation / largest)
                             : 0.0F;
    list->AddRectFilled(ImVec2(std::min(middle, middle + length), y + em() * 0.2F),
                        ImVec2(std::max(middle, middle + length) + 1.0F, y + em() * 0.75F),
                        with_alpha(palette().mlp, dimmed ? 0.45F : 1.0F), em() * 0.1F);
    list->AddLine(ImVec2(middle, y), ImVec2(middle, y + em() * 0.95F), palette().grid,
                  std::max(1.0F, em() * 0.06F));
    add_label(*list, fonts().mono, 0.92F, ImVec2(corner.x + name + bar + number, y), 1, palette().text,
              significant_text(neuron.activation));
    if (hovered) {
      commands.hover().value = at;
      facts_tooltip(fmt::format("L{} N{}", writings.layer, neuron.neuron),
                    {{hook_name(Hook::mlp_post, writings.layer), significant_text(neuron.activation, 6)}},
                    text("block.neuron_tip"));
    }
    if (clicked) commands.edit(SelectValue{frame.document.value == at ? std::nullopt : std::optional(at)});
    if (tokens) {
      ImGui::PushID("up");
      draw_pushes(frame, commands, neuron.up, ImVec2(corner.x + left, corner.y), half - em() * 0.6F, height);
      ImGui::PopID();
      ImGui::PushID("down");
      draw_pushes(frame, commands, neuron.down, ImVec2(corner.x + left + half, corner.y), half, height);
      ImGui::PopID();
    }
    ImGui::PopID();
    ImGui::SetCursorScreenPos(ImVec2(corner.x, corner.y + height));
  }
  ImGui::Dummy(ImVec2(0, 0));
}

}  // namespace headlight
