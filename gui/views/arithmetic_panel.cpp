// Three fields with signs between them, and the list.
#include "gui/views/arithmetic_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/session/same_owner.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/tool_row.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

// What is there before anybody chose: shown only where all three are one token each.
constexpr std::array<const char*, 3> example_words = {" king", " man", " woman"};
constexpr std::array<const char*, 3> signs = {"", "−", "+"};

float em() { return ImGui::GetFontSize(); }

}  // namespace

ArithmeticPanel::Terms ArithmeticPanel::terms(const Frame& frame, const Model& model) {
  const EmbeddingChoices& choices = frame.document.embedding;
  Terms chosen = {choices.start, choices.without, choices.with};
  const std::int64_t rows = searched_rows(model);
  for (auto& id : chosen) {
    if (id && (*id < 0 || *id >= rows)) id.reset();  // of another model
  }
  if (chosen[0] || chosen[1] || chosen[2]) return chosen;
  const std::weak_ptr<const Model> now = frame.trace()->shared_model();
  if (!same_owner(now, examples_of_)) {
    examples_of_ = now;
    for (std::size_t i = 0; i < 3; ++i) {
      examples_[i].reset();
      const std::vector<TokenId> found = find_tokens(*model.tokenizer, example_words[i], 1);
      if (!found.empty() && found[0] < rows && model.tokenizer->bytes(found[0]) == example_words[i])
        examples_[i] = found[0];
    }
    if (!examples_[0] || !examples_[1] || !examples_[2]) examples_ = {};
  }
  return examples_;
}

void ArithmeticPanel::draw_fields(const Frame& frame, Commands& commands, const Terms& terms) {
  const Tokenizer& tokenizer = *frame.trace()->model().tokenizer;
  const float width =
      std::clamp((ImGui::GetContentRegionAvail().x - em() * 5.0F) / 3.0F, em() * 6.0F, em() * 8.4F);
  ToolRow row;
  for (std::size_t i = 0; i < 3; ++i) {
    const float sign = i == 0 ? 0.0F : em() * 1.4F;
    row.next(width + sign);
    if (i > 0) {
      const ScopedFont strong(fonts().strong, 1.3F);
      const ImVec2 at = ImGui::GetCursorScreenPos();
      ImGui::GetWindowDrawList()->AddText(ImVec2(at.x + em() * 0.1F, at.y + em() * 0.15F), palette().text,
                                          signs[i]);
      ImGui::Dummy(ImVec2(sign / 1.3F, em()));
      ImGui::SameLine(0, 0);
    }
    const char* id = i == 0 ? "start" : i == 1 ? "without" : "with";
    const auto chosen = fields_[i].draw(id, tokenizer, terms[i], width);
    if (!chosen) continue;
    Terms next = terms;
    next[i] = *chosen;
    EmbeddingChoices choices = frame.document.embedding;
    choices.start = next[0];
    choices.without = next[1];
    choices.with = next[2];
    commands.edit(SetChoices{choices});
  }
  const Segment inputs{text("embeddings.inputs_too"), text("embeddings.inputs_too_tip")};
  row.next(toggle_width(inputs));
  if (toggle("##inputs", inputs, frame.document.embedding.inputs_too)) {
    EmbeddingChoices choices = frame.document.embedding;
    choices.inputs_too = !choices.inputs_too;
    commands.edit(SetChoices{choices});
  }
  row.next(neighbor_order_width());
  neighbor_order_switch(commands, frame.document.embedding);
}

void ArithmeticPanel::draw(const Frame& frame, Commands& commands, const ShownText&) {
  const Model& model = frame.trace()->model();
  if (model.embedding.rows == 0 || !model.tokenizer) return draw_empty_note("embeddings.no_table");
  const Terms chosen = terms(frame, model);
  draw_fields(frame, commands, chosen);
  if (!chosen[0] && !chosen[1] && !chosen[2]) return draw_empty_note("embeddings.arithmetic_empty");

  NearestKey key{frame.trace()->shared_model(), {}, {}};
  std::vector<TokenId> inputs;
  std::vector<double> sum(static_cast<std::size_t>(model.embedding.columns), 0.0);
  std::string words;
  for (std::size_t i = 0; i < 3; ++i) {
    if (!chosen[i]) continue;
    inputs.push_back(*chosen[i]);
    const std::vector<float> row = weight_row(model.embedding, *chosen[i]);
    for (std::size_t column = 0; column < row.size(); ++column)
      sum[column] += (i == 1 ? -1.0 : 1.0) * static_cast<double>(row[column]);
    words += fmt::format("{}W_E [{}]", i == 1 ? " − " : words.empty() ? "" : " + ", *chosen[i]);
  }
  double length = 0.0;
  for (const double value : sum) {
    key.vector.push_back(static_cast<float>(value));
    length += value * value;
  }
  if (!std::isfinite(length) || length <= 0.0) return draw_empty_note("embeddings.no_direction");
  if (!frame.document.embedding.inputs_too) key.left_out = inputs;
  ImGui::Dummy(ImVec2(0, em() * 0.2F));
  {
    const ScopedFont mono(fonts().mono, 0.88F);
    const std::string formula = fmt::format("a = {}   |a| = {}", words, significant_text(std::sqrt(length)));
    ImGui::PushTextWrapPos(0.0F);
    ImGui::TextDisabled("%s", formula.c_str());
    ImGui::PopTextWrapPos();
  }
  const char* said = key.left_out.empty() ? "embeddings.inputs_in" : "embeddings.inputs_out";
  draw_caption(text("embeddings.arithmetic_caption") + " " + text(said) + " " + searched_text(model),
               palette().muted);
  if (const auto nearest = nearest_.want(commands, key))
    draw_neighbor_list(frame, commands, *nearest, frame.document.embedding.order, inputs);
}

}  // namespace headlight
