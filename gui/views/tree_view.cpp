// Tools above, the tree below: a chip a token, its probability under it, the branch's own behind its end.
#include "gui/views/tree_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/session/text_tokens.h"
#include "core/text/token_ids.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/icon_button.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float chip_height() { return em() * 1.45F; }
float row_height() { return em() * 2.55F; }
float column_gap() { return em() * 1.5F; }
// Wide enough for the probability under it.
float chip_width(const std::string& label) {
  return std::max(ImGui::CalcTextSize(label.c_str()).x + em() * 0.8F, em() * 3.1F);
}

void muted(const std::string& words) {
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
}

// A small number to type or drag. True when it changed.
bool small_number(const char* id, std::int64_t& value, std::int64_t least, std::int64_t most,
                  const std::string& tooltip) {
  int now = static_cast<int>(value);
  ImGui::SetNextItemWidth(em() * 2.2F);
  const bool changed = ImGui::DragInt(id, &now, 0.08F, static_cast<int>(least), static_cast<int>(most), "%d",
                                      ImGuiSliderFlags_AlwaysClamp);
  ImGui::SetItemTooltip("%s", tooltip.c_str());
  value = now;
  return changed;
}

// The end of the text, for the first chip.
std::string text_end(const std::string& text) {
  constexpr std::size_t shown = 14;
  if (text.size() <= shown) return visible_bytes(text);
  std::size_t begin = text.size() - shown;
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) ++begin;
  return "…" + visible_bytes(text.substr(begin));
}

}  // namespace

struct TreeView::Scene {
  const Frame& frame;
  Commands& commands;
  const ContinuationTree& tree;
  const Tokenizer& tokenizer;
  ImVec2 origin;              // of the canvas, on the screen
  std::int64_t current = -1;  // the node that is the text of the prompt

  float x(std::size_t column, const std::vector<Column>& columns) const {
    return origin.x + columns[column].left;
  }
  float y(std::int64_t row) const { return origin.y + static_cast<float>(row) * row_height(); }
};

TreeView::TreeView() : worker_(make_continuation_worker()) {}

std::string TreeView::text_of(const TokenPath& path, const Tokenizer& tokenizer) const {
  std::string text = root_text_;
  for (const TokenId id : path) text += tokenizer.bytes(id);
  return text;
}

void TreeView::start(Growth growth) { growth_ = std::move(growth); }

// Asks for the tree of this frame's document. False when there is nothing to ask about.
bool TreeView::take(const Frame& frame, Commands& commands) {
  const Trace* trace = frame.trace();
  if (!frame.model || !trace || trace->shared_model().get() != frame.model || !frame.model->tokenizer ||
      frame.model->architecture.head != OutputHead::language_model || !frame.model->architecture.causal) {
    return false;
  }
  const NextChoices& choices = frame.document.next;
  const std::string& text = choices.branches.empty() ? frame.document.text : choices.root;
  if (!root_known_ || root_.model != trace->shared_model() || root_text_ != text) {
    root_known_ = true;
    root_ = {};
    root_.model = trace->shared_model();
    root_text_ = text;
    root_.tokens = token_ids(text_tokens(*root_.model, text));
    shown_.reset();
  }
  if (root_.model->encoder) {
    root_.source = token_ids(source_tokens(*root_.model, frame.document.source_text));
    if (root_.source.empty()) return false;
  }
  root_.interventions = frame.document.interventions;
  if (root_.tokens.empty()) return false;
  if (!trace->complete()) return true;  // the text itself comes first, and is re-used then
  const bool reusable = !trace->modified && root_.interventions.empty();
  worker_->want({root_, choices.branches, growth_, reusable ? frame.result.trace : nullptr, frame.device});
  const auto done = worker_->done();
  if (done && done->key.root == root_ && (done->value || !done->error.empty())) shown_ = done;
  if (worker_->pending()) {
    if (growth_.depth > 0) {
      commands.progress(text_of_work(), worker_->fraction());
    } else {
      commands.pending();
    }
  }
  take_grown(frame, commands);
  return true;
}

const std::string& TreeView::text_of_work() const {
  return text(growth_.width > 1 ? "tree.searching" : "tree.growing");
}

// What has grown becomes branches of the document: one step to undo.
void TreeView::take_grown(const Frame& frame, Commands& commands) {
  if (growth_.depth == 0 || !shown_ || !(shown_->key.growth == growth_) || worker_->pending()) return;
  if (shown_->value) {
    NextChoices choices = frame.document.next;
    if (choices.branches.empty()) choices.root = root_text_;
    for (const TokenPath& path : shown_->value->grown) choices = with_branch(std::move(choices), path);
    commands.edit(SetChoices{std::move(choices)});
  }
  growth_ = {};
}

void TreeView::lay_out(const Tokenizer& tokenizer) {
  const ContinuationTree* tree = shown_->value.get();
  if (laid_out_ == tree && label_size_ == em()) return;
  laid_out_ = tree;
  label_size_ = em();
  layout_ = tree_layout(*tree);
  labels_.assign(tree->nodes.size(), "");
  columns_.assign(static_cast<std::size_t>(layout_.columns), Column{});
  for (std::size_t i = 0; i < tree->nodes.size(); ++i) {
    const TokenPath& path = tree->nodes[i].path;
    if (path.empty()) {
      labels_[i] = text_end(root_text_);
    } else {
      const std::string before = text_of({path.begin(), path.end() - 1}, tokenizer);
      const std::string tail = before.substr(before.size() - std::min<std::size_t>(3, before.size()));
      labels_[i] = shortened(step_label(tail, tokenizer.bytes(path.back())), em() * 9.0F);
    }
    Column& column = columns_[static_cast<std::size_t>(layout_.places[i].column)];
    column.width = std::max(column.width, chip_width(labels_[i]));
  }
  float left = em() * 0.2F;
  for (Column& column : columns_) {
    column.left = left;
    left += column.width + column_gap();
  }
}

// The node whose text is that of the prompt; -1: none is.
std::int64_t TreeView::current_node(const Frame& frame) const {
  if (!frame.document.text.starts_with(root_text_)) return -1;
  const Tokenizer& tokenizer = *root_.model->tokenizer;
  for (std::size_t i = 0; i < shown_->value->nodes.size(); ++i) {
    if (text_of(shown_->value->nodes[i].path, tokenizer) == frame.document.text) {
      return static_cast<std::int64_t>(i);
    }
  }
  return -1;
}

void TreeView::draw_work(Commands&) {
  if (growth_.depth == 0) return;
  ImGui::SameLine(0.0F, em());
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = em() * 6.0F, height = em() * 0.35F;
  const float y = corner.y + (ImGui::GetFrameHeight() - height) * 0.5F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(ImVec2(corner.x, y), ImVec2(corner.x + width, y + height), palette().raised, height);
  list->AddRectFilled(ImVec2(corner.x, y),
                      ImVec2(corner.x + std::max(height, width * worker_->fraction()), y + height),
                      palette().probability, height);
  ImGui::Dummy(ImVec2(width, ImGui::GetFrameHeight()));
  ImGui::SameLine(0.0F, em() * 0.5F);
  if (ImGui::Button((text("load.cancel") + "###cancel").c_str())) growth_ = {};
}

// From where tools grow: the node that the prompt is at, else the text itself.
void TreeView::draw_tools(const Frame& frame, Commands& commands) {
  NextChoices choices = frame.document.next;
  TokenPath from;
  if (shown_ && shown_->value) {
    const std::int64_t current = current_node(frame);
    if (current >= 0) from = shown_->value->nodes[static_cast<std::size_t>(current)].path;
  }
  const bool working = growth_.depth > 0;
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(em() * 0.5F, em() * 0.2F));
  ImGui::BeginDisabled(working);
  if (ImGui::Button((text("tree.grow") + "###grow").c_str())) start({from, 1, choices.grow_tokens});
  ImGui::SetItemTooltip("%s", text("tree.grow_tip").c_str());
  ImGui::SameLine(0.0F, em() * 0.3F);
  bool changed = small_number("##tokens", choices.grow_tokens, 1, 50, text("tree.tokens_tip"));
  ImGui::SameLine(0.0F, em() * 1.2F);
  if (ImGui::Button((text("tree.beam") + "###beam").c_str())) {
    start({from, choices.beam_width, choices.beam_depth});
  }
  ImGui::SetItemTooltip("%s", text("tree.beam_tip").c_str());
  ImGui::SameLine(0.0F, em() * 0.3F);
  changed |= small_number("##width", choices.beam_width, 2, 12, text("tree.width_tip"));
  ImGui::SameLine(0.0F, em() * 0.25F);
  ImGui::AlignTextToFramePadding();
  muted("×");
  ImGui::SameLine(0.0F, em() * 0.25F);
  changed |= small_number("##depth", choices.beam_depth, 1, 24, text("tree.depth_tip"));
  ImGui::EndDisabled();
  if (!choices.branches.empty()) {
    ImGui::SameLine(0.0F, em() * 1.2F);
    if (ImGui::Button((text("tree.clear") + "###clear").c_str())) {
      choices.branches.clear();
      changed = true;
    }
    ImGui::SetItemTooltip("%s", text("tree.clear_tip").c_str());
  }
  draw_work(commands);
  ImGui::SameLine();
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() +
                       std::max(0.0F, ImGui::GetContentRegionAvail().x - icon_button_size()));
  if (icon_button("###close", Icon::close, text("tree.close_tip"))) {
    choices.tree = false;
    changed = true;
  }
  ImGui::PopStyleVar();
  if (changed) commands.edit(SetChoices{std::move(choices)});
}

void TreeView::draw(const Frame& frame, Commands& commands) {
  const bool possible = take(frame, commands);
  if (!possible) {
    const bool other = frame.model && frame.model->architecture.head != OutputHead::language_model;
    muted(text(other ? "tree.not_this_model" : "tree.no_text"));
    return;
  }
  draw_tools(frame, commands);
  if (!shown_) return muted(text("next.waiting"));
  if (!shown_->value) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().error);
    ImGui::TextWrapped("%s", in_language(shown_->error).c_str());
    ImGui::PopStyleColor();
    return;
  }
  lay_out(*root_.model->tokenizer);
  if (ImGui::BeginChild("##tree", ImVec2(0.0F, 0.0F), ImGuiChildFlags_NavFlattened,
                        ImGuiWindowFlags_HorizontalScrollbar | ImGuiWindowFlags_NoBackground)) {
    draw_canvas(frame, commands);
  }
  ImGui::EndChild();
}

void TreeView::draw_canvas(const Frame& frame, Commands& commands) {
  const Scene scene{frame,
                    commands,
                    *shown_->value,
                    *root_.model->tokenizer,
                    ImVec2(ImGui::GetCursorScreenPos().x, ImGui::GetCursorScreenPos().y + em() * 0.3F),
                    current_node(frame)};
  draw_edges(scene);
  for (std::size_t i = 0; i < scene.tree.nodes.size(); ++i) {
    draw_node(scene, i);
    if (i > 0 && layout_.places[i].leaf) draw_leaf(scene, i);
  }
  // What else could follow the text itself.
  const bool bare = scene.tree.nodes.size() == 1;
  const float x = scene.x(0, columns_) + (bare ? columns_[0].width + column_gap() : em() * 0.2F);
  const float y = scene.y(bare ? 0 : layout_.rows);
  draw_offers(scene, 0, ImVec2(x, y), 6);
  ImGui::SetCursorScreenPos(ImVec2(scene.origin.x, scene.y(layout_.rows + 1)));
  ImGui::Dummy(ImVec2(1.0F, 1.0F));
}

void TreeView::draw_edges(const Scene& scene) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float half = chip_height() * 0.5F;
  for (std::size_t i = 1; i < scene.tree.nodes.size(); ++i) {
    const ContinuationNode& node = scene.tree.nodes[i];
    const TreePlace& place = layout_.places[i];
    const TreePlace& parent = layout_.places[static_cast<std::size_t>(node.parent)];
    const auto before = static_cast<std::size_t>(parent.column);
    const std::string& label = labels_[static_cast<std::size_t>(node.parent)];
    const float start = scene.x(before, columns_) + chip_width(label);
    const ImVec2 from(start, scene.y(parent.row) + half);
    const ImVec2 to(scene.x(static_cast<std::size_t>(place.column), columns_), scene.y(place.row) + half);
    const auto share = static_cast<float>(std::exp(std::min(0.0, node.step)));
    const float width = em() * (0.07F + 0.33F * std::sqrt(std::isnan(share) ? 0.0F : share));
    const ImU32 color = with_alpha(palette().probability, 0.35F + 0.5F * share);
    const float bend = column_gap() * 0.5F;
    if (from.y == to.y) {
      list->AddLine(from, to, color, width);
    } else {
      list->AddBezierCubic(from, ImVec2(from.x + bend, from.y), ImVec2(from.x + bend * 0.4F, to.y),
                           ImVec2(from.x + bend * 1.6F, to.y), color, width);
      list->AddLine(ImVec2(from.x + bend * 1.6F, to.y), to, color, width);
    }
  }
}

void TreeView::draw_tip(const Scene& scene, std::size_t index) const {
  const ContinuationNode& node = scene.tree.nodes[index];
  const auto percent = [](double log) { return percent_text(std::exp(log)); };
  Facts facts;
  if (!node.path.empty()) {
    facts.emplace_back(text("tree.step"),
                       fmt::format("{}  (ln p = {})", percent(node.step), significant_text(node.step, 6)));
    facts.emplace_back(text("next.rank"), "#" + grouped_text(node.rank));
    facts.emplace_back(text("tree.path"), fmt::format("{}  (Σ ln p = {})", percent(node.log_probability),
                                                      significant_text(node.log_probability, 6)));
    facts.emplace_back(text("next.id"), fmt::format("{}", node.path.back()));
  }
  if (!node.ends) {
    facts.emplace_back(
        text("tree.behind"),
        format_text("next.bits", fmt::arg("bits", fmt::format("{:.2f}", node.entropy / std::log(2.0)))));
  }
  const bool here = static_cast<std::int64_t>(index) == scene.current;
  std::string words = text_of(node.path, scene.tokenizer);
  if (words.size() > 160) words = "…" + text_end(words);
  facts_tooltip(readable_bytes(words), facts,
                text(node.ends ? "tree.ends"
                     : here    ? "tree.here_tip"
                               : "tree.take_tip"));
}

void TreeView::draw_node(const Scene& scene, std::size_t index) {
  const ContinuationNode& node = scene.tree.nodes[index];
  const TreePlace& place = layout_.places[index];
  const ImVec2 corner(scene.x(static_cast<std::size_t>(place.column), columns_), scene.y(place.row));
  const float width = chip_width(labels_[index]);
  const ImVec2 opposite(corner.x + width, corner.y + chip_height());
  ImGui::SetCursorScreenPos(corner);
  ImGui::PushID(static_cast<int>(index));
  const bool clicked =
      ImGui::InvisibleButton("##node", ImVec2(width, chip_height()), ImGuiButtonFlags_EnableNav);
  ImGui::PopID();
  const bool hovered = ImGui::IsItemHovered() || (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible);
  const bool here = static_cast<std::int64_t>(index) == scene.current;
  // The candidate behind the prompt that this node stands for.
  const bool follows = index > 0 && node.parent == scene.current;
  if (hovered) {
    draw_tip(scene, index);
    if (follows) scene.commands.hover().candidate = node.path.back();
  }
  const bool lit = hovered || (follows && scene.frame.hover.candidate == node.path.back());
  ImDrawList* list = ImGui::GetWindowDrawList();
  const bool special = index > 0 && scene.tokenizer.is_special(node.path.back());
  const ImU32 ground = index == 0 ? palette().raised
                       : special  ? mix(palette().panel, palette().attention, 0.35F)
                                  : mix(palette().panel, palette().probability, 0.22F);
  list->AddRectFilled(corner, opposite, lit ? mix(ground, palette().text, 0.14F) : ground, em() * 0.3F);
  if (here || lit) {
    list->AddRect(corner, opposite, here ? palette().lock : palette().hover, em() * 0.3F,
                  std::max(1.0F, em() * 0.09F));
  }
  const float words = ImGui::CalcTextSize(labels_[index].c_str()).x;
  list->AddText(ImVec2(corner.x + (width - words) * 0.5F, corner.y + (chip_height() - em()) * 0.45F),
                palette().text, labels_[index].c_str());
  if (index > 0) {
    const ScopedFont mono(fonts().mono, smallest_mono);
    const std::string percent = percent_text(std::exp(node.step));
    const float wide = ImGui::CalcTextSize(percent.c_str()).x;
    list->AddText(ImVec2(corner.x + (width - wide) * 0.5F, opposite.y + em() * 0.06F), palette().muted,
                  percent.c_str());
  }
  if (!clicked || node.ends) return;
  // Once more: back to the text in front of the tree.
  scene.commands.edit(SetText{text_of(here ? TokenPath() : node.path, scene.tokenizer)});
}

// The branch's own probability, what can be done with it, and how it could go on.
void TreeView::draw_leaf(const Scene& scene, std::size_t index) {
  const ContinuationNode& node = scene.tree.nodes[index];
  const TreePlace& place = layout_.places[index];
  const auto column = static_cast<std::size_t>(place.column);
  ImVec2 at(scene.x(column, columns_) + columns_[column].width + em() * 0.6F, scene.y(place.row));
  ImGui::PushID(static_cast<int>(index));
  ImDrawList* list = ImGui::GetWindowDrawList();
  {
    const ScopedFont mono(fonts().mono, 0.95F);
    const std::string words = "= " + percent_text(std::exp(node.log_probability));
    const std::string log = fmt::format("ln p {}", significant_text(node.log_probability));
    list->AddText(ImVec2(at.x, at.y + (chip_height() - ImGui::GetFontSize()) * 0.45F),
                  readable(palette().probability), words.c_str());
    const float wide = ImGui::CalcTextSize(words.c_str()).x;
    const ScopedFont small(fonts().mono, smallest_mono);
    list->AddText(ImVec2(at.x, at.y + chip_height() + em() * 0.06F), palette().muted, log.c_str());
    ImGui::SetCursorScreenPos(at);
    const float width = std::max(wide, ImGui::CalcTextSize(log.c_str()).x);
    ImGui::InvisibleButton("##total", ImVec2(width, row_height() * 0.9F), ImGuiButtonFlags_EnableNav);
    at.x += width;
  }
  ImGui::SetItemTooltip("%s", text("tree.total_tip").c_str());
  at.x += em() * 0.6F;
  ImGui::SetCursorScreenPos(ImVec2(at.x, at.y - em() * 0.1F));
  const bool working = growth_.depth > 0;
  const std::int64_t tokens = scene.frame.document.next.grow_tokens;
  if (icon_button("###more", Icon::grow, format_text("tree.more_tip", fmt::arg("tokens", tokens)),
                  !working && !node.ends)) {
    start({node.path, 1, tokens});
  }
  ImGui::SameLine(0.0F, em() * 0.2F);
  if (icon_button("###remove", Icon::close, text("tree.remove_tip"))) {
    NextChoices choices = scene.frame.document.next;
    std::erase_if(choices.branches, [&](const TokenPath& branch) { return branch == node.path; });
    scene.commands.edit(SetChoices{std::move(choices)});
  }
  at.x += 2.0F * icon_button_size() + em() * 0.8F;
  if (!node.ends) draw_offers(scene, index, at, 3);
  ImGui::PopID();
}

// The likeliest tokens behind a node that are no branch yet: one click each. Returns where they end.
float TreeView::draw_offers(const Scene& scene, std::size_t index, ImVec2 corner, std::size_t most) {
  const ContinuationNode& node = scene.tree.nodes[index];
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::string before = text_of(node.path, scene.tokenizer);
  const std::string tail = before.substr(before.size() - std::min<std::size_t>(3, before.size()));
  std::size_t drawn = 0;
  ImGui::PushID(static_cast<int>(index));
  for (const LikelyToken& next : node.next) {
    if (drawn == most) break;
    TokenPath path = node.path;
    path.push_back(next.id);
    const bool there = std::any_of(scene.tree.nodes.begin(), scene.tree.nodes.end(),
                                   [&](const ContinuationNode& other) { return other.path == path; });
    if (there || next.id >= scene.tokenizer.vocabulary_size()) continue;
    ++drawn;
    const std::string words = shortened(step_label(tail, scene.tokenizer.bytes(next.id)), em() * 6.0F);
    const float width = ImGui::CalcTextSize(words.c_str()).x + em() * 1.6F;
    ImGui::SetCursorScreenPos(corner);
    ImGui::PushID(next.id);
    const bool clicked =
        ImGui::InvisibleButton("##offer", ImVec2(width, chip_height()), ImGuiButtonFlags_EnableNav);
    ImGui::PopID();
    const bool hovered = ImGui::IsItemHovered() || (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible);
    ImGui::SetItemTooltip("%s", text("tree.offer_tip").c_str());
    const ImVec2 opposite(corner.x + width, corner.y + chip_height());
    list->AddRect(corner, opposite, hovered ? palette().hover : palette().grid, em() * 0.3F,
                  std::max(1.0F, em() * 0.07F));
    const ImU32 ink = hovered ? palette().text : palette().muted;
    list->AddText(ImVec2(corner.x + em() * 0.35F, corner.y + (chip_height() - em()) * 0.45F), ink,
                  ("+ " + words).c_str());
    {
      const ScopedFont mono(fonts().mono, smallest_mono);
      list->AddText(ImVec2(corner.x + em() * 0.4F, opposite.y + em() * 0.06F), palette().muted,
                    percent_text(std::exp(next.log_probability)).c_str());
    }
    corner.x += width + em() * 0.5F;
    if (!clicked) continue;
    NextChoices choices = scene.frame.document.next;
    if (choices.branches.empty()) choices.root = root_text_;
    scene.commands.edit(SetChoices{with_branch(std::move(choices), path)});
  }
  ImGui::PopID();
  return corner.x;
}

}  // namespace headlight
