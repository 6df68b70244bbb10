// A row a part: its norm, what it is, its sizes; an encoder stands left of its decoder.
#include "gui/views/model_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/forward/hooks.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/hook_words.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

struct Part {
  std::string title, sizes;
  const char* tip = "";
  ImU32 color = 0;
  bool norm_before = false, norm_after = false;
  bool adds = false;       // to the stream; else it makes or ends it
  std::int64_t heads = 0;  // squares, and how many of them share a key/value head
  std::int64_t kv_heads = 0;
};

std::string by(std::int64_t rows, std::int64_t columns) {
  return fmt::format("{} × {}", grouped_text(rows), grouped_text(columns));
}

std::vector<Part> parts_before(const ArchitectureDescription& a) {
  Part embedding;
  embedding.title = text("picture.embedding");
  embedding.sizes = "W_E " + by(a.vocabulary, a.d_model);
  if (a.positions != PositionTable::none) embedding.sizes += "  +  W_pos " + by(a.context, a.d_model);
  embedding.tip = "picture.embedding_tip";
  embedding.color = palette().residual;
  embedding.norm_after = a.embedding_norm;
  return {embedding};
}

Part attention_part(const ArchitectureDescription& a, bool cross) {
  Part part;
  part.title = text(cross ? "picture.cross" : "picture.attention");
  part.sizes = fmt::format("W_Q {}  W_K, W_V {}  W_O {}", by(a.heads * a.d_head, a.d_model),
                           by(a.kv_heads * a.d_head, a.d_model), by(a.d_model, a.heads * a.d_head));
  part.tip = cross ? "picture.cross_tip" : "picture.attention_tip";
  part.color = palette().attention;
  part.adds = true;
  part.norm_before = a.wiring != Wiring::post_norm;
  part.norm_after = a.wiring == Wiring::post_norm || a.sandwich_norms;
  part.heads = a.heads;
  part.kv_heads = a.kv_heads;
  return part;
}

std::vector<Part> block_parts(const ArchitectureDescription& a) {
  std::vector<Part> parts = {attention_part(a, false)};
  if (a.cross_attention) parts.push_back(attention_part(a, true));
  Part mlp;
  mlp.title = "MLP  ·  " + activation_name(a.activation) + (a.gated ? text("model.gated") : "");
  mlp.sizes = fmt::format("{} → {} → {}{}", grouped_text(a.d_model), grouped_text(a.d_mlp),
                          grouped_text(a.d_model), a.gated ? "   (W_gate, W_in, W_out)" : "   (W_in, W_out)");
  mlp.tip = a.gated ? "picture.gated_tip" : "picture.mlp_tip";
  mlp.color = palette().probability;
  mlp.adds = true;
  mlp.norm_before = a.wiring != Wiring::post_norm;
  mlp.norm_after = parts.front().norm_after;
  if (a.has_mlp()) parts.push_back(mlp);
  return parts;
}

std::vector<Part> parts_behind(const ArchitectureDescription& a) {
  Part output;
  output.norm_before = a.final_norm;
  output.color = palette().value;
  output.tip = "picture.output_tip";
  if (a.head == OutputHead::classifier) {
    output.title = format_text("model.head_classes", fmt::arg("count", a.labels));
    output.sizes = by(a.labels, a.d_model);
  } else if (has_hook(Hook::logits, a)) {
    output.title = text("picture.logits");
    output.sizes = "W_U " + by(a.vocabulary, a.d_model) + (a.tied_output ? "  =  W_E" : "");
  } else {
    output.title = text(a.pooling == Pooling::none ? "model.head_none" : "model.head_sentence");
    output.sizes = fmt::format("[{}]", grouped_text(a.d_model));
  }
  return {output};
}

float part_height(const Part& part) { return em() * (part.heads > 0 ? 4.9F : 3.5F); }

// One square a head, in the colour of its key/value group: every other group is fainter.
void draw_heads(const Part& part, ImVec2 corner, float width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float side = std::min(em() * 0.85F, width / static_cast<float>(part.heads) - 1.0F);
  if (side < 2.0F) return;
  const std::int64_t shared =
      std::max<std::int64_t>(1, part.heads / std::max<std::int64_t>(1, part.kv_heads));
  for (std::int64_t head = 0; head < part.heads; ++head) {
    const float x = corner.x + static_cast<float>(head) * (side + std::max(1.0F, side * 0.18F));
    const float strength = (head / shared) % 2 == 0 ? 0.9F : 0.5F;
    list->AddRectFilled(ImVec2(x, corner.y), ImVec2(x + side, corner.y + side),
                        with_alpha(part.color, strength), side * 0.2F);
  }
}

void draw_norm(ImVec2 from, float width, const std::string& name) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float height = em() * 1.3F;
  list->AddRectFilled(ImVec2(from.x, from.y - height * 0.5F), ImVec2(from.x + width, from.y + height * 0.5F),
                      mix(palette().panel, palette().key, 0.25F), em() * 0.3F);
  const ScopedFont small(fonts().body, 0.78F);
  const std::string words = shortened(name, width - em() * 0.2F);
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  list->AddText(ImVec2(from.x + (width - size.x) * 0.5F, from.y - size.y * 0.5F), palette().text,
                words.c_str());
}

// A part right of the stream at x; returns where the next one begins.
float draw_part(const Part& part, const std::string& norm, float stream, ImVec2 corner, float width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float height = part_height(part);
  const float norm_width = em() * 4.6F;
  const float left = corner.x + (part.norm_before ? norm_width + em() * 1.6F : em() * 0.8F);
  const float right = corner.x + width - (part.norm_after ? norm_width + em() * 0.8F : 0.0F);
  const ImVec2 from(left, corner.y + em() * 0.3F), to(right, corner.y + height - em() * 0.5F);
  const float middle = (from.y + to.y) * 0.5F;
  const float line = std::max(1.0F, em() * 0.12F);
  list->AddLine(ImVec2(stream, middle), ImVec2(left, middle), palette().residual, line);
  if (part.norm_before) draw_norm(ImVec2(corner.x + em() * 0.8F, middle), norm_width, norm);
  list->AddRectFilled(from, to, mix(palette().panel, part.color, 0.16F), em() * 0.45F);
  list->AddRectFilled(from, ImVec2(from.x + em() * 0.28F, to.y), part.color, em() * 0.14F);
  const float room = right - left - em() * 1.2F;
  {
    const ScopedFont strong(fonts().strong);
    list->AddText(ImVec2(left + em() * 0.8F, from.y + em() * 0.25F), palette().text,
                  shortened(part.title, room).c_str());
  }
  {
    const ScopedFont mono(fonts().mono, 0.82F);
    list->AddText(ImVec2(left + em() * 0.95F, from.y + em() * 1.95F), palette().muted,
                  shortened(part.sizes, room).c_str());
  }
  if (part.heads > 0) draw_heads(part, ImVec2(left + em() * 0.8F, from.y + em() * 2.95F), room);
  if (part.norm_after) draw_norm(ImVec2(right + em() * 0.4F, middle), norm_width, norm);
  if (part.adds) {
    const ImVec2 plus(stream, to.y + em() * 0.1F);
    const float y = plus.y;
    list->AddLine(ImVec2((from.x + to.x) * 0.5F, to.y), ImVec2((from.x + to.x) * 0.5F, y), part.color, line);
    list->AddLine(ImVec2((from.x + to.x) * 0.5F, y), plus, with_alpha(part.color, 0.7F), line);
    list->AddCircleFilled(plus, em() * 0.45F, palette().panel);
    list->AddCircle(plus, em() * 0.45F, palette().residual, 0, line);
    list->AddLine(ImVec2(plus.x - em() * 0.25F, y), ImVec2(plus.x + em() * 0.25F, y), palette().text, line);
    list->AddLine(ImVec2(plus.x, y - em() * 0.25F), ImVec2(plus.x, y + em() * 0.25F), palette().text, line);
  }
  ImGui::SetCursorScreenPos(from);
  ImGui::PushID(static_cast<int>(from.y));
  ImGui::Dummy(ImVec2(std::max(1.0F, to.x - from.x), to.y - from.y));
  ImGui::PopID();
  if (ImGui::IsItemHovered() && ImGui::BeginTooltip()) {
    ImGui::PushTextWrapPos(em() * 26.0F);
    ImGui::TextUnformatted(part.title.c_str());
    ImGui::TextDisabled("%s", part.sizes.c_str());
    ImGui::TextUnformatted(text(part.tip).c_str());
    ImGui::PopTextWrapPos();
    ImGui::EndTooltip();
  }
  return corner.y + height;
}

std::string times_words(const ArchitectureDescription& a) {
  std::string words = format_text("picture.blocks", fmt::arg("count", a.layers));
  if (a.wiring == Wiring::parallel) words += "  ·  " + text("picture.parallel");
  if (a.kv_heads > 0) {
    words += "  ·  " + format_text(a.kv_heads == a.heads ? "picture.heads" : "picture.grouped",
                                   fmt::arg("heads", a.heads), fmt::arg("shared", a.kv_heads),
                                   fmt::arg("numbers", a.d_head));
  }
  return words;
}

// Returns where the stack ends.
float draw_stack(const ArchitectureDescription& a, ImVec2 corner, float width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float stream = corner.x + em() * 1.4F;
  const float inner = corner.x + em() * 2.2F;
  const float inner_width = width - em() * 2.8F;
  const std::string norm = norm_name(a.norm);
  const std::vector<Part> before = parts_before(a), block = block_parts(a), behind = parts_behind(a);
  float height = em() * 1.8F;
  for (const Part& part : block) height += part_height(part);
  float y = corner.y;
  // The stream lies under everything.
  const float start = y + em() * 1.5F;
  float end = start + part_height(before.front()) + height + part_height(behind.front());
  list->AddLine(ImVec2(stream, start), ImVec2(stream, end - em() * 1.4F),
                with_alpha(palette().residual, 0.6F), em() * 0.35F);
  for (const Part& part : before) y = draw_part(part, norm, stream, ImVec2(inner, y), inner_width);
  y += em() * 0.3F;
  list->AddRect(ImVec2(corner.x, y), ImVec2(corner.x + width, y + height), palette().grid, em() * 0.6F,
                std::max(1.0F, em() * 0.1F));
  {
    const ScopedFont small(fonts().body, 0.9F);
    list->AddText(ImVec2(inner, y + em() * 0.3F), palette().text,
                  shortened(times_words(a), inner_width).c_str());
  }
  float inside = y + em() * 1.7F;
  for (const Part& part : block) inside = draw_part(part, norm, stream, ImVec2(inner, inside), inner_width);
  y += height + em() * 0.3F;
  for (const Part& part : behind) y = draw_part(part, norm, stream, ImVec2(inner, y), inner_width);
  return y;
}

}  // namespace

void draw_model_picture(const Model& model) {
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const float gap = em() * 1.5F;
  float end = start.y;
  if (model.encoder) {
    const float half = (width - gap) * 0.5F;
    const float top = start.y + em() * 1.6F;
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->AddText(start, palette().muted, text("picture.encoder").c_str());
    list->AddText(ImVec2(start.x + half + gap, start.y), palette().muted, text("picture.decoder").c_str());
    end = draw_stack(model.encoder->architecture, ImVec2(start.x, top), half);
    end = std::max(end, draw_stack(model.architecture, ImVec2(start.x + half + gap, top), half));
  } else {
    end = draw_stack(model.architecture, start, std::min(width, em() * 46.0F));
  }
  ImGui::SetCursorScreenPos(ImVec2(start.x, end));
  ImGui::Dummy(ImVec2(1.0F, em() * 0.5F));
}

}  // namespace headlight
