// The other tokenizer is read, and the text put through it, in the background.
#include "gui/views/two_tokenizers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/combo.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/muted_text.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float chip_height() { return em() * 1.5F; }
float row_height() { return em() * 1.75F; }

std::string label_of(const Tokenizer& tokenizer, const Token& token) {
  const std::string& bytes = tokenizer.bytes(token.id);
  return shortened(token_piece(bytes), em() * 10.0F);
}

const char* script_key(Script script) {
  switch (script) {
    case Script::latin:
      return "prompt.script.latin";
    case Script::hangul:
      return "prompt.script.hangul";
    case Script::han_kana:
      return "prompt.script.han_kana";
    case Script::other_letters:
      return "prompt.script.other";
    case Script::signs:
      break;
  }
  return "prompt.script.signs";
}

const ScriptCost* cost_of(const ExplainedText& text, Script script) {
  const auto found = std::find_if(text.costs.begin(), text.costs.end(),
                                  [script](const ScriptCost& cost) { return cost.script == script; });
  return found == text.costs.end() ? nullptr : &*found;
}

}  // namespace

TwoTokenizers::TwoTokenizers()
    : tokenizers_([](const std::string& name, const Progress&) { return open_tokenizer(name); }),
      sources_([](const int&, const Progress&) { return tokenizer_sources(); }),
      texts_([](const ExplainedKey& key, const Progress&) { return explain(key); }) {}

void TwoTokenizers::choose(const ShownExplanation& shown, const std::string& name) const {
  PromptChoices choices = shown.frame.document.prompt;
  choices.second_model = name;
  shown.commands.edit(SetChoices{choices});
}

// As the catalog spells it; of a path what is at its end.
std::string TwoTokenizers::title_of(const std::string& name) const {
  const auto sources = sources_.done();
  if (sources && sources->value) {
    for (const TokenizerSource& source : *sources->value) {
      if (source.name == name) return source.title;
    }
  }
  return std::filesystem::path(name).filename().string();
}

// What is on this machine, and a line for a path.
void TwoTokenizers::draw_choice(const ShownExplanation& shown) {
  const std::string& chosen = shown.frame.document.prompt.second_model;
  const auto sources = sources_.done();
  const std::string preview = chosen.empty() ? text("prompt.choose_tokenizer") : title_of(chosen);
  if (looked_ == 0) sources_.want(++looked_);
  if (sources_.pending()) shown.commands.pending();
  ImGui::AlignTextToFramePadding();
  muted_text(text("prompt.compared_with"));
  ImGui::SameLine();
  ImGui::SetNextItemWidth(std::min(em() * 22.0F, ImGui::GetContentRegionAvail().x));
  if (!begin_combo("##second", shortened(preview, em() * 18.0F))) return;
  if (ImGui::IsWindowAppearing()) sources_.want(++looked_);  // what was fetched meanwhile
  if (sources && sources->value) {
    for (const TokenizerSource& source : *sources->value) {
      if (ImGui::Selectable(fmt::format("{}##{}", source.title, source.name).c_str(), source.name == chosen))
        choose(shown, source.name);
      ImGui::SetItemTooltip("%s", source.name.c_str());
    }
  }
  ImGui::Separator();
  muted_text(text("prompt.tokenizer_path"));
  ImGui::SetNextItemWidth(em() * 20.0F);
  const bool entered = ImGui::InputTextWithHint("##path", text("prompt.tokenizer_path_hint").c_str(), &typed_,
                                                ImGuiInputTextFlags_EnterReturnsTrue);
  if (entered && !typed_.empty()) {
    choose(shown, typed_);
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndCombo();
}

void TwoTokenizers::ChipRows::update(const ExplainedKey& key, const ExplainedText& drawn, float room) {
  if (of == &drawn && width == room && font == em()) return;
  of = &drawn;
  width = room;
  font = em();
  chips.clear();
  float x = 0.0F;
  int row = 0;
  for (const Token& token : drawn.tokenization.tokens) {
    const float wide = ImGui::CalcTextSize(label_of(*key.tokenizer, token).c_str()).x + em() * 0.6F;
    if (x > 0.0F && x + wide > room) {
      x = 0.0F;
      ++row;
    }
    chips.push_back({x, wide, row});
    x += wide + em() * 0.2F;
  }
  rows = chips.empty() ? 0 : row + 1;
}

void TwoTokenizers::draw_rows(const ShownExplanation& shown, const ExplainedKey& key,
                              const ExplainedText& drawn, ChipRows& rows, bool is_own) {
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x;
  rows.update(key, drawn, room);
  const auto row_top = [&](int row) { return origin.y + static_cast<float>(row) * row_height(); };
  const auto& tokens = drawn.tokenization.tokens;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 clip_min = list->GetClipRectMin();
  const ImVec2 clip_max = list->GetClipRectMax();
  const auto first = std::partition_point(rows.chips.begin(), rows.chips.end(), [&](const Chip& chip) {
    return row_top(chip.row) + 2 * row_height() < clip_min.y;  // the keyboard goes on to rows out of sight
  });
  for (auto chip = first; chip != rows.chips.end() && row_top(chip->row) - row_height() < clip_max.y;
       ++chip) {
    const auto at = static_cast<std::size_t>(chip - rows.chips.begin());
    const Token& token = tokens[at];
    const ImVec2 from(origin.x + chip->left, row_top(chip->row));
    const ImVec2 to(from.x + chip->width, from.y + chip_height());
    const std::size_t place = at + static_cast<std::size_t>(is_own ? shown.shift : 0);
    const bool special = key.tokenizer->is_special(token.id);
    list->AddRectFilled(
        from, to,
        with_alpha(special ? mix(palette().panel, palette().attention, 0.22F) : token_color(place),
                   shown.alpha()),
        em() * (special ? 0.7F : 0.25F));
    const std::string label = label_of(*key.tokenizer, token);
    list->AddText(ImVec2(from.x + em() * 0.3F, from.y + em() * 0.25F),
                  with_alpha(palette().token_text, shown.alpha()), label.c_str());
    const bool lit = lit_begin_ < lit_end_ ? token.begin < lit_end_ && token.end > lit_begin_
                                           : is_own && shown.hovered() == at;
    if (lit) list->AddRect(from, to, palette().hover, em() * 0.25F, std::max(1.5F, em() * 0.09F));
    if (!lit && is_own && shown.locked() == at)
      list->AddRect(from, to, palette().lock, em() * 0.25F, std::max(1.5F, em() * 0.09F));
    if (shown.stale) continue;
    ImGui::PushID(static_cast<int>(at));
    const bool pressed = pressed_at(is_own ? "##token" : "##other", from, to);
    ImGui::PopID();
    if (!ImGui::IsItemHovered()) continue;
    next_begin_ = token.begin;
    next_end_ = token.end;
    if (is_own) shown.hover(at);
    if (is_own && pressed) shown.click(at);
    const std::string& bytes = key.tokenizer->bytes(token.id);
    facts_tooltip("|" + token_piece(bytes) + "|",
                  {{text("prompt.id"), fmt::format("{}", token.id)},
                   {text("prompt.piece"), visible_bytes(key.tokenizer->piece(token.id))},
                   {text("prompt.bytes"), hex_bytes(bytes.substr(0, 16)) + (bytes.size() > 16 ? " …" : "")}},
                  "");
  }
  ImGui::SetCursorScreenPos(origin);
  ImGui::Dummy(ImVec2(room, static_cast<float>(std::max(rows.rows, 1)) * row_height()));
}

// For each script a bar for this tokenizer, and one under it for the other, on one scale.
void TwoTokenizers::draw_meter(const ShownExplanation& shown, const ExplainedText* other) const {
  muted_text(text("prompt.meter"));
  double most = 1.0;
  for (const ScriptCost& cost : shown.explained.costs) most = std::max(most, cost.per_character());
  if (other) {
    for (const ScriptCost& cost : other->costs) most = std::max(most, cost.per_character());
  }
  const ScopedFont small(fonts().body, 0.9F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (const ScriptCost& cost : shown.explained.costs) {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const float room = ImGui::GetContentRegionAvail().x;
    list->AddText(corner, palette().text, text(script_key(cost.script)).c_str());
    const float left = corner.x + em() * 6.5F;
    const float width = std::max(em(), room - em() * 11.0F);
    const ScriptCost* second = other ? cost_of(*other, cost.script) : nullptr;
    const std::array<const ScriptCost*, 2> both = {&cost, second};
    for (std::size_t at = 0; at < both.size(); ++at) {
      if (!both[at]) continue;
      const float top = corner.y + em() * (0.1F + 1.0F * static_cast<float>(at));
      const ImU32 color = at == 0 ? palette().query : palette().attention;
      const auto part = static_cast<float>(both[at]->per_character() / most);
      list->AddRectFilled(ImVec2(left, top), ImVec2(left + width, top + em() * 0.75F),
                          with_alpha(palette().raised, 0.7F), em() * 0.2F);
      list->AddRectFilled(ImVec2(left, top),
                          ImVec2(left + std::max(em() * 0.15F, width * part), top + em() * 0.75F),
                          with_alpha(color, shown.alpha()), em() * 0.2F);
      const ScopedFont mono(fonts().mono, 0.92F);
      list->AddText(ImVec2(left + width + ImGui::GetFontSize() * 0.5F, top - ImGui::GetFontSize() * 0.1F),
                    palette().text, fmt::format("{:.2f}", both[at]->per_character()).c_str());
    }
    ImGui::Dummy(ImVec2(room, em() * (second ? 2.2F : 1.25F)));
    if (ImGui::IsItemHovered()) {
      ImGui::SetTooltip("%s",
                        format_text("prompt.meter_tip", fmt::arg("characters", grouped_text(cost.characters)),
                                    fmt::arg("first", significant_text(cost.tokens)),
                                    fmt::arg("second", second ? significant_text(second->tokens) : "–"))
                            .c_str());
    }
  }
}

void TwoTokenizers::draw_problem(const std::string& words) const {
  ImGui::PushStyleColor(ImGuiCol_Text, palette().error);
  ImGui::TextWrapped("%s", words.c_str());
  ImGui::PopStyleColor();
}

namespace {

void draw_title(ImU32 color, const std::string& name, std::size_t tokens) {
  const ScopedFont small(fonts().body, smallest_words);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(corner.x, corner.y + em() * 0.15F),
                                            ImVec2(corner.x + em() * 0.3F, corner.y + em() * 1.05F), color,
                                            em() * 0.1F);
  ImGui::SetCursorScreenPos(ImVec2(corner.x + em() * 0.7F, corner.y));
  muted_text(format_text("prompt.tokenizer_title", fmt::arg("name", name),
                         fmt::arg("tokens", grouped_text(static_cast<std::int64_t>(tokens)))));
}

}  // namespace

void TwoTokenizers::draw(const ShownExplanation& shown) {
  draw_choice(shown);
  const std::string& name = shown.frame.document.prompt.second_model;
  std::shared_ptr<const ExplainedTexts::Done> other;
  std::string problem;
  if (!name.empty()) {
    tokenizers_.want(name);
    if (tokenizers_.pending()) shown.commands.pending();
    const auto found = tokenizers_.done();
    if (found && found->key == name && !found->value) problem = in_language(found->error);
    if (found && found->key == name && found->value) {
      texts_.want({*found->value, shown.key.text});
      if (texts_.pending()) shown.commands.pending();
      other = texts_.done();
      if (other && other->key.tokenizer != *found->value) other.reset();  // of an earlier choice
      if (other && !other->value) problem = in_language(other->error);
    }
  }
  next_begin_ = next_end_ = 0;
  const float room = ImGui::GetContentRegionAvail().x;
  const bool wide = room > em() * 48.0F;
  const float left_width = wide ? room - em() * 22.0F : room;
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  if (ImGui::BeginChild("rows", ImVec2(left_width, 0.0F),
                        ImGuiChildFlags_AutoResizeY | ImGuiChildFlags_NavFlattened)) {
    draw_title(palette().query, text("prompt.this_model"), shown.tokens().size());
    draw_rows(shown, shown.key, shown.explained, own_rows_, true);
    if (!problem.empty()) {
      draw_problem(problem);
    } else if (other && other->value) {
      draw_title(palette().attention, title_of(name), other->value->tokenization.tokens.size());
      draw_rows(shown, other->key, *other->value, other_rows_, false);
    } else {
      muted_text(text(name.empty() ? "prompt.no_second" : "prompt.computing"));
    }
  }
  ImGui::EndChild();
  const float bottom = ImGui::GetCursorScreenPos().y;
  if (wide) ImGui::SetCursorScreenPos(ImVec2(origin.x + left_width + em() * 1.5F, origin.y));
  ImGui::BeginGroup();
  draw_meter(shown, other && other->value && problem.empty() ? other->value.get() : nullptr);
  ImGui::EndGroup();
  if (wide) {
    const float end = std::max(bottom, ImGui::GetCursorScreenPos().y);
    ImGui::SetCursorScreenPos(ImVec2(origin.x, end));
    ImGui::Dummy(ImVec2(0.0F, 0.0F));
  }
  if (lit_begin_ != next_begin_ || lit_end_ != next_end_) shown.commands.animate();
  lit_begin_ = next_begin_;
  lit_end_ = next_end_;
}

}  // namespace headlight
