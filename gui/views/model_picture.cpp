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

// Where a norm stands: in front of what reads the stream; behind it, before the sum; or on the stream itself.
struct Part {
  std::string title, sizes;
  const char* tip = "";
  ImU32 color = 0;
  bool norm_before = false, norm_behind = false, norm_on_stream = false;
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
  embedding.norm_on_stream = a.embedding_norm;
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
  part.norm_behind = a.sandwich_norms;
  part.norm_on_stream = a.wiring == Wiring::post_norm;
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
  mlp.color = palette().mlp;
  mlp.adds = true;
  mlp.norm_before = a.wiring != Wiring::post_norm;
  mlp.norm_behind = parts.front().norm_behind;
  mlp.norm_on_stream = parts.front().norm_on_stream;
  if (a.has_mlp()) parts.push_back(mlp);
  return parts;
}

std::vector<Part> parts_behind(const ArchitectureDescription& a) {
  Part output;
  output.norm_before = a.final_norm;
  output.color = palette().probability;
  output.tip = "picture.output_tip";
  if (a.head == OutputHead::classifier) {
    output.title = format_text("model.head_classes", fmt::arg("count", a.labels));
    output.sizes = by(a.labels, a.d_model);
  } else if (has_hook(Hook::logits, a)) {
    output.title = text("picture.logits");
    output.sizes = "W_U " + by(a.vocabulary, a.d_model) + (a.tied_output ? "  =  W_E" : "");
  } else {
    output.title = text(a.pooling == Pooling::none ? "model.head_none" : "model.head_sentence");
    output.tip = "picture.vector_tip";
    output.sizes = fmt::format("[{}]", grouped_text(a.d_model));
  }
  return {output};
}

// How large the picture is drawn: as wide as there is room, and its boxes higher where there is room for
// that.
struct Scale {
  float width = 0.0F, height = 1.0F;
};

constexpr float norm_width_em = 4.6F, norm_height_em = 1.3F;
constexpr float tallest = 1.7F;  // a box, in heights that it needs

float box_width(const Part& part, const Scale& scale) {
  const float norm = em() * (norm_width_em + 0.8F);
  return scale.width - em() * 0.8F - (part.norm_before ? norm : 0.0F) - (part.norm_behind ? norm : 0.0F);
}

float words_width(float box) { return std::max(em() * 4, box - em() * 1.6F); }

float words_height(const Part& part, float width) {
  const ScopedFont small(fonts().body, 0.86F);
  return ImGui::CalcTextSize(text(part.tip).c_str(), nullptr, false, width).y;
}

float content_height(const Part& part, const Scale& scale) {
  const float lines = em() * (part.heads > 0 ? 4.45F : 3.1F);
  return lines + words_height(part, words_width(box_width(part, scale)));
}

// With what is between this part and the next.
float part_height(const Part& part, const Scale& scale) {
  return (content_height(part, scale) + em() * 0.7F) * scale.height + em() * 0.8F +
         (part.norm_on_stream ? em() * (norm_height_em + 0.9F) : 0.0F);
}

// Where a part stands, below `corner`: its box, and the heights at which it reads the stream and adds to it.
struct Place {
  ImVec2 from, to;
  float in = 0.0F, out = 0.0F;
};

Place place_part(const Part& part, ImVec2 corner, const Scale& scale) {
  Place place;
  const float left = corner.x + em() * 0.8F + (part.norm_before ? em() * (norm_width_em + 0.8F) : 0.0F);
  const float height = (content_height(part, scale) + em() * 0.7F) * scale.height;
  place.from = ImVec2(left, corner.y + em() * 0.3F);
  place.to = ImVec2(left + box_width(part, scale), place.from.y + height);
  place.in = part.adds ? place.from.y + height * 0.36F : (place.from.y + place.to.y) * 0.5F;
  place.out = part.norm_behind ? place.to.y + em() * 0.25F : place.from.y + height * 0.8F;
  return place;
}

// One square a head; those that share a key/value head stand together.
void draw_heads(const Part& part, ImVec2 corner, float width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::int64_t kv_heads = std::max<std::int64_t>(1, part.kv_heads);
  const std::int64_t shared = std::max<std::int64_t>(1, part.heads / kv_heads);
  const float apart = shared > 1 ? 0.7F : 0.0F;  // of a side, more than between two squares
  const float sides = static_cast<float>(part.heads) * 1.18F + static_cast<float>(kv_heads) * apart;
  const float side = std::min(em() * 0.85F, width / sides);
  if (side < 2.0F) return;
  for (std::int64_t head = 0; head < part.heads; ++head) {
    const float place = static_cast<float>(head) * 1.18F + static_cast<float>(head / shared) * apart;
    const ImVec2 at(corner.x + place * side, corner.y);
    list->AddRectFilled(at, ImVec2(at.x + side, at.y + side), with_alpha(part.color, 0.9F), side * 0.2F);
  }
}

void draw_norm(ImVec2 from, const std::string& name) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float width = em() * norm_width_em, height = em() * norm_height_em;
  const ImU32 ground = mix(palette().panel, palette().residual, 0.3F);
  list->AddRectFilled(ImVec2(from.x, from.y - height * 0.5F), ImVec2(from.x + width, from.y + height * 0.5F),
                      ground, em() * 0.3F);
  const ScopedFont small(fonts().body, 0.78F);
  const std::string words = shortened(name, width - em() * 0.2F);
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  list->AddText(ImVec2(from.x + (width - size.x) * 0.5F, from.y - size.y * 0.5F), palette().text,
                words.c_str());
}

// From the box, by way of a norm where there is one behind it, back to the stream.
void draw_sum(const Part& part, const Place& place, const std::string& norm, float stream) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float line = std::max(1.0F, em() * 0.12F);
  float start = place.from.x;
  if (part.norm_behind) {
    const float middle = (place.from.y + place.to.y) * 0.5F, left = place.to.x + em() * 0.8F;
    start = left + em() * norm_width_em * 0.5F;
    list->AddLine(ImVec2(place.to.x, middle), ImVec2(left, middle), part.color, line);
    list->AddLine(ImVec2(start, middle), ImVec2(start, place.out), part.color, line);
    draw_norm(ImVec2(left, middle), norm);
  }
  const ImVec2 plus(stream, place.out);
  const float radius = em() * 0.45F, arm = em() * 0.25F;
  list->AddLine(ImVec2(start, plus.y), plus, part.color, line);
  list->AddCircleFilled(plus, radius, palette().panel);
  list->AddCircle(plus, radius, palette().residual, 0, line);
  list->AddLine(ImVec2(plus.x - arm, plus.y), ImVec2(plus.x + arm, plus.y), palette().text, line);
  list->AddLine(ImVec2(plus.x, plus.y - arm), ImVec2(plus.x, plus.y + arm), palette().text, line);
}

// Title, sizes, heads and one sentence, in the middle of the box.
void draw_words(const Part& part, const Place& place, float content) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float left = place.from.x + em() * 0.9F, room = words_width(place.to.x - place.from.x);
  float y = (place.from.y + place.to.y - content) * 0.5F;
  {
    const ScopedFont strong(fonts().strong);
    list->AddText(ImVec2(left, y), palette().text, shortened(part.title, room).c_str());
  }
  y += em() * 1.6F;
  {
    const ScopedFont mono(fonts().mono, 0.82F);
    list->AddText(ImVec2(left, y), palette().muted, shortened(part.sizes, room).c_str());
  }
  y += em() * 1.5F;
  if (part.heads > 0) {
    draw_heads(part, ImVec2(left, y), room);
    y += em() * 1.35F;
  }
  const ScopedFont small(fonts().body, 0.86F);
  list->AddText(ImGui::GetFont(), ImGui::GetFontSize(), ImVec2(left, y), palette().text,
                text(part.tip).c_str(), nullptr, room);
}

// A part right of the stream; returns where the next one begins.
float draw_part(const Part& part, const std::string& norm, float stream, ImVec2 corner, const Scale& scale) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const Place place = place_part(part, corner, scale);
  const ImVec2 from = place.from, to = place.to;
  list->AddLine(ImVec2(stream, place.in), ImVec2(from.x, place.in), palette().residual,
                std::max(1.0F, em() * 0.12F));
  if (part.norm_before) draw_norm(ImVec2(corner.x + em() * 0.6F, place.in), norm);
  if (part.adds) draw_sum(part, place, norm, stream);
  if (part.norm_on_stream)
    draw_norm(ImVec2(stream - em() * 0.7F, to.y + em() * (0.4F + norm_height_em * 0.5F)), norm);
  list->AddRectFilled(from, to, mix(palette().panel, part.color, 0.16F), em() * 0.45F);
  list->AddRectFilled(from, ImVec2(from.x + em() * 0.28F, to.y), part.color, em() * 0.14F);
  draw_words(part, place, content_height(part, scale));
  ImGui::SetCursorScreenPos(from);
  ImGui::Dummy(ImVec2(std::max(1.0F, to.x - from.x), to.y - from.y));
  ImGui::SetItemTooltip("%s\n%s", part.title.c_str(), part.sizes.c_str());  // they may be shortened above
  return corner.y + part_height(part, scale);
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

struct Stack {
  std::vector<Part> before, block, behind;
};

Stack stack_of(const ArchitectureDescription& a) {
  return {parts_before(a), block_parts(a), parts_behind(a)};
}

constexpr float block_heading = 1.7F, block_gap = 0.3F;  // em
constexpr float stream_em = 1.4F, inner_em = 2.2F, right_em = 0.6F;

Scale scale_for(const Stack& stack, float width, float room) {
  Scale scale{width - em() * (inner_em + right_em), 1.0F};
  float boxes = 0.0F, rest = em() * (block_heading + block_gap * 2);
  for (const std::vector<Part>* parts : {&stack.before, &stack.block, &stack.behind}) {
    for (const Part& part : *parts) {
      const float box = content_height(part, scale) + em() * 0.7F;
      boxes += box;
      rest += part_height(part, scale) - box;
    }
  }
  scale.height = std::clamp((room - rest) / std::max(1.0F, boxes), 1.0F, tallest);
  return scale;
}

// Returns where the stack ends. The stream lies under everything.
float draw_stack(const ArchitectureDescription& a, ImVec2 corner, float width, float room) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const Stack stack = stack_of(a);
  const Scale scale = scale_for(stack, width, room);
  const float stream = corner.x + em() * stream_em, inner = corner.x + em() * inner_em;
  const std::string norm = norm_name(a.norm);
  float height = em() * block_heading;
  for (const Part& part : stack.block) height += part_height(part, scale);
  const float block = corner.y + part_height(stack.before.front(), scale) + em() * block_gap;
  const float end = block + height + em() * block_gap;
  list->AddLine(ImVec2(stream, place_part(stack.before.front(), corner, scale).in),
                ImVec2(stream, place_part(stack.behind.front(), ImVec2(inner, end), scale).in),
                with_alpha(palette().residual, 0.6F), em() * 0.35F);
  draw_part(stack.before.front(), norm, stream, ImVec2(inner, corner.y), scale);
  list->AddRect(ImVec2(corner.x, block), ImVec2(corner.x + width, block + height), palette().grid,
                em() * 0.6F, std::max(1.0F, em() * 0.1F));
  {
    const ScopedFont small(fonts().body, 0.9F);
    list->AddText(ImVec2(inner, block + em() * 0.3F), palette().text,
                  shortened(times_words(a), scale.width).c_str());
  }
  float inside = block + em() * block_heading;
  for (const Part& part : stack.block) inside = draw_part(part, norm, stream, ImVec2(inner, inside), scale);
  return draw_part(stack.behind.front(), norm, stream, ImVec2(inner, end), scale);
}

}  // namespace

void draw_model_picture(const Model& model) {
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const float room = ImGui::GetContentRegionAvail().y - em() * 1.5F;
  const float gap = em() * 1.5F;
  float end = start.y;
  if (model.encoder) {
    const float half = (width - gap) * 0.5F, names = em() * 1.6F;
    const float top = start.y + names;
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->AddText(start, palette().muted, text("picture.encoder").c_str());
    list->AddText(ImVec2(start.x + half + gap, start.y), palette().muted, text("picture.decoder").c_str());
    end = draw_stack(model.encoder->architecture, ImVec2(start.x, top), half, room - names);
    end =
        std::max(end, draw_stack(model.architecture, ImVec2(start.x + half + gap, top), half, room - names));
  } else {
    end = draw_stack(model.architecture, start, width, room);
  }
  ImGui::SetCursorScreenPos(ImVec2(start.x, end));
  ImGui::Dummy(ImVec2(1.0F, em() * 0.5F));
}

}  // namespace headlight
