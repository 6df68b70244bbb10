// Every picture has a column for each first part of the word, so that boxes of one stretch lie under each
// other.
#include "gui/views/token_ways.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr float captioned_height = 2.1F;  // em, of a box with both
float em() { return ImGui::GetFontSize(); }

enum class BoxLook { quiet, newest, final_token, left_over };

struct Box {
  ImVec2 corner, opposite;
  std::string label;
  std::string caption;  // small, under the label; may be empty
  BoxLook look = BoxLook::quiet;
  std::size_t token = 0;  // of a final token: its place among the text's
};

// Returns whether the mouse is over it.
bool draw_box(const ShownExplanation& shown, const Box& box) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float rounding = em() * 0.25F;
  const float alpha = shown.alpha();
  const bool is_token = box.look == BoxLook::final_token;
  ImU32 ground = palette().raised;
  if (is_token) ground = token_color(box.token + static_cast<std::size_t>(shown.shift));
  if (box.look == BoxLook::newest) ground = mix(palette().raised, palette().probability, 0.35F);
  if (box.look == BoxLook::left_over) ground = palette().masked;
  list->AddRectFilled(box.corner, box.opposite, with_alpha(ground, alpha), rounding);
  const float room = box.opposite.x - box.corner.x - em() * 0.16F;
  const std::string label = shortened(box.label, room);
  const ImVec2 size = ImGui::CalcTextSize(label.c_str());
  const bool has_caption = !box.caption.empty();
  const float height = box.opposite.y - box.corner.y;
  const float top = box.corner.y + (has_caption ? em() * 0.02F : (height - size.y) * 0.5F);
  const ImU32 ink = is_token                         ? palette().token_text
                    : box.look == BoxLook::left_over ? palette().muted
                                                     : palette().text;
  list->AddText(ImVec2((box.corner.x + box.opposite.x - size.x) * 0.5F, top), with_alpha(ink, alpha),
                label.c_str());
  if (has_caption) {
    const ScopedFont small(fonts().body, smallest_words);
    const ImVec2 extent = ImGui::CalcTextSize(box.caption.c_str());
    if (extent.x <= room + em() * 0.2F) {
      list->AddText(
          ImVec2((box.corner.x + box.opposite.x - extent.x) * 0.5F, box.opposite.y - extent.y - em() * 0.12F),
          with_alpha(mix(ink, ground, 0.25F), alpha), box.caption.c_str());
    }
  }
  ImGui::PushID(static_cast<int>(box.corner.x));
  ImGui::PushID(static_cast<int>(box.corner.y - ImGui::GetWindowPos().y + ImGui::GetScrollY()));
  const bool pressed = pressed_at("##box", box.corner, box.opposite);
  const bool inside = ImGui::IsItemHovered();
  ImGui::PopID();
  ImGui::PopID();
  if (is_token) {
    const bool lit = shown.hovered() == box.token;
    if (lit || shown.locked() == box.token) {
      list->AddRect(box.corner, box.opposite, lit ? palette().hover : palette().lock, rounding,
                    std::max(1.5F, em() * 0.1F));
    }
    if (inside) shown.hover(box.token);
    if (pressed) shown.click(box.token);
  } else if (inside || box.look == BoxLook::newest) {
    list->AddRect(box.corner, box.opposite,
                  inside ? palette().hover : with_alpha(palette().probability, alpha), rounding,
                  std::max(1.0F, em() * 0.07F));
  }
  return inside;
}

// A grid of columns at the cursor.
struct Columns {
  ImVec2 origin = ImGui::GetCursorScreenPos();
  float width = 0.0F;  // of one column

  Columns(std::size_t count, float least, float most) {
    const float room = ImGui::GetContentRegionAvail().x - em() * 0.5F;
    width = std::clamp(room / static_cast<float>(std::max<std::size_t>(count, 1)), em() * least, em() * most);
  }
  float left(std::size_t column) const { return origin.x + width * static_cast<float>(column); }
  Box box(std::size_t first, std::size_t last, float top, float height) const {
    Box box;
    box.corner = ImVec2(left(first) + em() * 0.06F, origin.y + top);
    box.opposite = ImVec2(left(last) - em() * 0.06F, origin.y + top + height);
    return box;
  }
  void end(std::size_t count, float height) const {
    ImGui::SetCursorScreenPos(origin);
    ImGui::Dummy(ImVec2(width * static_cast<float>(count), height));
  }
};

std::string id_text(const ShownExplanation& shown, std::size_t token) {
  return fmt::format("{}", shown.tokens()[token].id);
}

std::string in_bars(const std::string& bytes) { return "|" + token_piece(bytes) + "|"; }

void token_tooltip(const ShownExplanation& shown, std::size_t token) {
  const std::string& bytes = shown.key.tokenizer->bytes(shown.tokens()[token].id);
  facts_tooltip(in_bars(bytes),
                {{text("prompt.id"), id_text(shown, token)},
                 {text("prompt.piece"), visible_bytes(shown.key.tokenizer->piece(shown.tokens()[token].id))},
                 {text("prompt.bytes"), hex_bytes(bytes.substr(0, 16)) + (bytes.size() > 16 ? " …" : "")}},
                text("prompt.final_note"));
}

// Offsets of the characters of a word, and its end.
std::vector<std::size_t> character_offsets(std::string_view word) {
  std::vector<std::size_t> offsets;
  for (std::size_t at = 0; at < word.size(); ++at) {
    if ((static_cast<unsigned char>(word[at]) & 0xC0U) != 0x80U) offsets.push_back(at);
  }
  if (offsets.empty() || offsets.front() != 0) offsets.insert(offsets.begin(), 0);
  offsets.push_back(word.size());
  return offsets;
}

std::size_t column_of(const std::vector<std::size_t>& offsets, std::size_t byte) {
  return static_cast<std::size_t>(std::lower_bound(offsets.begin(), offsets.end(), byte) - offsets.begin());
}

}  // namespace

std::vector<MergeNode> merge_tree(const WordSteps& history) {
  std::vector<MergeNode> nodes;
  if (history.steps.empty()) return nodes;
  std::vector<std::size_t> parts;  // by their place in the step
  for (const std::string& part : history.steps.front()) {
    MergeNode leaf;
    leaf.first = nodes.size();
    leaf.last = leaf.first + 1;
    leaf.bytes = part;
    parts.push_back(nodes.size());
    nodes.push_back(std::move(leaf));
  }
  for (std::size_t step = 1; step < history.steps.size() && step <= history.ranks.size(); ++step) {
    const auto& before = history.steps[step - 1];
    const auto& after = history.steps[step];
    const auto changed = std::mismatch(after.begin(), after.end(), before.begin(), before.end()).first;
    const auto place = static_cast<std::size_t>(changed - after.begin());
    MergeNode node;
    node.left = parts.at(place);
    node.right = parts.at(place + 1);
    node.first = nodes[node.left].first;
    node.last = nodes[node.right].last;
    node.depth = std::max(nodes[node.left].depth, nodes[node.right].depth) + 1;
    node.step = step;
    node.rank = history.ranks[step - 1];
    node.bytes = after[place];
    nodes[node.left].gone_after = step;
    nodes[node.right].gone_after = step;
    parts[place] = nodes.size();
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(place) + 1);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

namespace {

// "merge 25,185"; the number alone where a box is too narrow.
std::string rank_caption(std::int64_t rank, float room) {
  const ScopedFont small(fonts().body, smallest_words);
  const std::string number = grouped_text(rank);
  const std::string words = format_text("prompt.merge_caption", fmt::arg("rank", number));
  return ImGui::CalcTextSize(words.c_str()).x <= room ? words : number;
}

}  // namespace

void draw_merge_tree(const ShownExplanation& shown, const TokenizedWord& word, std::size_t step) {
  const std::vector<MergeNode> nodes = merge_tree(word.history);
  const std::size_t leaves = word.history.steps.front().size();
  const std::size_t last_step = word.history.ranks.size();
  const Columns columns(leaves, 1.55F, 4.0F);
  const float height = em() * captioned_height;
  const float row = height + em() * 0.38F;
  int deepest = 0;
  for (const MergeNode& node : nodes) deepest = std::max(deepest, node.depth);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto middle = [&](const MergeNode& node) {
    return (columns.left(node.first) + columns.left(node.last)) * 0.5F;
  };
  const auto bottom = [&](const MergeNode& node) {
    return columns.origin.y + static_cast<float>(node.depth) * row + height;
  };
  for (const MergeNode& node : nodes) {
    if (node.step == 0 || node.step > step) continue;
    const float top = columns.origin.y + static_cast<float>(node.depth) * row;
    for (const std::size_t child : {node.left, node.right}) {
      list->AddLine(ImVec2(middle(nodes[child]), bottom(nodes[child])), ImVec2(middle(nodes[child]), top),
                    with_alpha(palette().muted, 0.7F * shown.alpha()), std::max(1.0F, em() * 0.08F));
    }
  }
  std::size_t token = word.first_token;
  std::vector<std::size_t> order(nodes.size());
  for (std::size_t at = 0; at < order.size(); ++at) order[at] = at;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return nodes[a].first < nodes[b].first; });
  const MergeNode* under_mouse = nullptr;
  std::optional<std::size_t> token_under_mouse;
  for (const std::size_t at : order) {
    const MergeNode& node = nodes[at];
    if (node.step > step) continue;
    Box box = columns.box(node.first, node.last, static_cast<float>(node.depth) * row, height);
    box.label = token_piece(node.bytes);
    if (node.step > 0) box.caption = rank_caption(node.rank, box.opposite.x - box.corner.x);
    if (node.step == step && step > 0) box.look = BoxLook::newest;
    const bool is_final = step == last_step && node.gone_after == 0;
    if (is_final && token < word.first_token + word.history.tokens.size()) {
      box.look = BoxLook::final_token;
      box.token = token++;
    }
    if (!draw_box(shown, box)) continue;
    under_mouse = &node;
    if (box.look == BoxLook::final_token) token_under_mouse = box.token;
  }
  columns.end(leaves, static_cast<float>(deepest) * row + height);
  if (under_mouse == nullptr) return;
  if (under_mouse->step == 0 && !token_under_mouse) return;
  if (under_mouse->step == 0) {
    token_tooltip(shown, *token_under_mouse);
    return;
  }
  Facts facts = {{text("prompt.merged"),
                  in_bars(nodes[under_mouse->left].bytes) + " + " + in_bars(nodes[under_mouse->right].bytes)},
                 {text("prompt.merge_rank"), grouped_text(under_mouse->rank)},
                 {text("prompt.step"), fmt::format("{} / {}", under_mouse->step, last_step)}};
  if (token_under_mouse) facts.emplace_back(text("prompt.id"), id_text(shown, *token_under_mouse));
  facts_tooltip(in_bars(under_mouse->bytes), facts, text("prompt.rank_note"));
}

void draw_match_rows(const ShownExplanation& shown, const TokenizedWord& word, std::size_t step) {
  const auto& steps = word.history.steps;
  const std::string& whole = steps.front().front();
  const std::vector<std::size_t> offsets = character_offsets(whole);
  const Columns columns(offsets.size() - 1, 1.1F, 2.5F);
  const float height = em() * 1.6F;
  const float row = height + em() * 0.25F;
  const bool is_unknown = steps.size() > 1 && steps.back().size() == 1;
  for (std::size_t at = 0; at <= step && at < steps.size(); ++at) {
    std::size_t offset = 0;
    const bool is_last = at + 1 == steps.size();
    for (std::size_t part = 0; part < steps[at].size(); ++part) {
      const std::size_t end = std::min(offset + steps[at][part].size(), whole.size());
      Box box = columns.box(column_of(offsets, offset), column_of(offsets, end), static_cast<float>(at) * row,
                            height);
      box.label = visible_bytes(steps[at][part]);
      const bool rest = !is_last && part + 1 == steps[at].size();
      if (rest || is_unknown) box.look = BoxLook::left_over;
      if (!rest && part + 1 == at && !is_unknown) box.look = BoxLook::newest;
      if (is_last && part < word.history.tokens.size()) {
        box.look = BoxLook::final_token;
        box.token = word.first_token + part;
        box.label = visible_bytes(shown.key.tokenizer->piece(word.history.tokens[part].id));
      }
      if (draw_box(shown, box) && box.look == BoxLook::final_token) token_tooltip(shown, box.token);
      offset = end;
    }
  }
  columns.end(offsets.size() - 1, static_cast<float>(steps.size()) * row);
}

namespace {

// Lines of boxes that do not overlap: the best path in the first, the others below.
std::vector<int> lanes_of(const WordLattice& lattice) {
  std::vector<int> lanes(lattice.pieces.size(), 0);
  std::vector<std::size_t> ends = {lattice.word.size()};  // of each lane; the first is the best path's
  for (std::size_t at = 0; at < lattice.pieces.size(); ++at) {
    const PlacedPiece& piece = lattice.pieces[at];
    if (piece.is_on_best_path) continue;
    std::size_t lane = 1;
    while (lane < ends.size() && ends[lane] > piece.left) ++lane;
    if (lane == ends.size()) ends.push_back(0);
    ends[lane] = piece.right;
    lanes[at] = static_cast<int>(lane);
  }
  return lanes;
}

}  // namespace

void draw_lattice(const ShownExplanation& shown, const WordLattice& lattice, std::size_t first_token) {
  const std::vector<std::size_t> offsets = character_offsets(lattice.word);
  const Columns columns(offsets.size() - 1, 2.7F, 4.5F);
  const std::vector<int> lanes = lanes_of(lattice);
  const float height = em() * captioned_height;
  const float row = height + em() * 0.25F;
  const int last_lane = lanes.empty() ? 0 : *std::max_element(lanes.begin(), lanes.end());
  const float tall = static_cast<float>(last_lane + 1) * row;
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (std::size_t at = 0; at < offsets.size(); ++at) {  // the lattice's nodes: borders between characters
    list->AddLine(ImVec2(columns.left(at), columns.origin.y),
                  ImVec2(columns.left(at), columns.origin.y + tall), palette().grid,
                  std::max(1.0F, em() * 0.05F));
  }
  std::size_t on_path = 0;
  for (std::size_t at = 0; at < lattice.pieces.size(); ++at) {
    const PlacedPiece& piece = lattice.pieces[at];
    Box box = columns.box(column_of(offsets, piece.left), column_of(offsets, piece.right),
                          static_cast<float>(lanes[at]) * row, height);
    const std::string& spelled = shown.key.tokenizer->piece(piece.token.id);
    box.label = visible_bytes(shown.key.tokenizer->bytes(piece.token.id));
    const bool is_unknown = shown.key.tokenizer->named_tokens().unknown == piece.token.id;
    if (is_unknown) box.label = visible_bytes(lattice.word.substr(piece.left, piece.right - piece.left));
    box.caption = significant_text(piece.log_probability);
    if (piece.is_on_best_path) {
      // Unknown characters become bytes, or are joined: then the path has not the tokens' places.
      const std::size_t token = first_token + on_path++;
      const bool is_token = token < shown.tokens().size() && shown.tokens()[token].id == piece.token.id;
      box.look = is_token ? BoxLook::final_token : BoxLook::newest;
      box.token = token;
    }
    if (!draw_box(shown, box)) continue;
    facts_tooltip(in_bars(box.label),
                  {{text("prompt.piece"), visible_bytes(spelled)},
                   {text("prompt.id"), fmt::format("{}", piece.token.id)},
                   {text("prompt.log_probability"), significant_text(piece.log_probability, 7)},
                   {text("prompt.probability_of_piece"), percent_text(std::exp(piece.log_probability))}},
                  text(piece.is_on_best_path ? "prompt.on_best_path" : "prompt.not_on_best_path"));
  }
  columns.end(offsets.size() - 1, tall);
}

void draw_tokens_alone(const ShownExplanation& shown, const TokenizedWord& word) {
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x;
  const float height = em() * captioned_height;
  ImVec2 at = origin;
  for (std::size_t i = 0; i < word.history.tokens.size(); ++i) {
    Box box;
    box.label = shortened(token_piece(shown.key.tokenizer->bytes(word.history.tokens[i].id)), em() * 12.0F);
    const float width = std::max(em() * 1.6F, ImGui::CalcTextSize(box.label.c_str()).x + em() * 0.7F);
    if (at.x + width > origin.x + room && at.x > origin.x)
      at = ImVec2(origin.x, at.y + height + em() * 0.25F);
    box.corner = at;
    box.opposite = ImVec2(at.x + width, at.y + height);
    box.look = BoxLook::final_token;
    box.token = word.first_token + i;
    box.caption = id_text(shown, box.token);
    if (ImGui::IsRectVisible(box.corner, box.opposite) && draw_box(shown, box))
      token_tooltip(shown, box.token);
    at.x += width + em() * 0.2F;
  }
  ImGui::SetCursorScreenPos(origin);
  ImGui::Dummy(ImVec2(room, at.y + height - origin.y));
}

}  // namespace headlight
