// Fills a trace hook by hook.
#include "tests/gui/synthetic_trace.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/forward/derived_values.h"
#include "gui/view.h"
#include "imgui.h"

namespace headlight {
namespace {

constexpr std::int64_t vocabulary = 40;

// Token i is a space and a letter.
class LetterTokenizer : public Tokenizer {
 public:
  LetterTokenizer() {
    for (std::int64_t id = 0; id < vocabulary; ++id) {
      bytes_.push_back(std::string(" ") + static_cast<char>('a' + id % 26) + (id < 26 ? "" : "2"));
    }
  }
  std::vector<Token> encode(std::string_view) const override { return {}; }
  std::vector<MergeHistory> merge_history(std::string_view) const override { return {}; }
  std::int64_t vocabulary_size() const override { return vocabulary; }
  const std::string& piece(TokenId id) const override { return bytes_.at(static_cast<std::size_t>(id)); }
  const std::string& bytes(TokenId id) const override { return bytes_.at(static_cast<std::size_t>(id)); }
  bool is_special(TokenId) const override { return false; }
  bool has_byte(std::uint8_t) const override { return false; }
  std::optional<TokenId> beginning_of_text() const override { return std::nullopt; }
  std::optional<TokenId> end_of_text() const override { return std::nullopt; }

 private:
  std::vector<std::string> bytes_;
};

// Repeatable values between -1 and 1.
Tensor filled(const Shape& shape, std::uint32_t seed, bool not_a_number) {
  Tensor tensor(shape);
  float* out = tensor.writable();
  std::uint32_t state = seed * 2654435761U + 1U;
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    out[i] = not_a_number ? std::numeric_limits<float>::quiet_NaN()
                          : static_cast<float>(state >> 8U) / 8388608.0F - 1.0F;
  }
  return tensor;
}

bool is_attention_map(Hook hook) { return hook == Hook::attn_scores || hook == Hook::pattern; }

void set_maps(Trace& trace, std::int64_t layer) {
  const std::int64_t heads = trace.model().architecture.heads;
  const std::int64_t positions = trace.positions();
  Tensor scores({heads, positions, positions});
  Tensor pattern({heads, positions, positions});
  for (std::int64_t head = 0; head < heads; ++head) {
    const Tensor one_scores = head_scores(trace, layer, head);
    const Tensor one_pattern = head_pattern(trace, layer, head);
    std::copy_n(one_scores.data(), one_scores.size(), scores.writable() + head * positions * positions);
    std::copy_n(one_pattern.data(), one_pattern.size(), pattern.writable() + head * positions * positions);
  }
  trace.set(Hook::attn_scores, layer, scores);
  trace.set(Hook::pattern, layer, pattern);
}

}  // namespace

std::shared_ptr<const Trace> synthetic_trace(const SyntheticShape& shape) {
  auto model = std::make_shared<Model>();
  model->name = "synthetic";
  model->title = "Synthetic";
  model->tokenizer = std::make_shared<LetterTokenizer>();
  ArchitectureDescription& a = model->architecture;
  a.family = "test";
  a.layers = shape.layers;
  a.heads = shape.heads;
  a.kv_heads = shape.kv_heads;
  a.d_head = 4;
  a.d_model = 8;
  a.d_mlp = 6;
  a.vocabulary = vocabulary;
  a.context = 4096;
  a.rotary_dimensions = 4;
  a.attention_scale = 0.5;
  std::vector<TokenId> tokens;
  for (std::int64_t i = 0; i < shape.positions; ++i) tokens.push_back(static_cast<TokenId>(i % vocabulary));
  auto trace = std::make_shared<Trace>(model, tokens);
  const std::int64_t done = shape.layers_done < 0 ? shape.layers : shape.layers_done;
  std::uint32_t seed = 1;
  for (const HookInfo& info : all_hooks()) {
    const bool at_the_end = !info.in_block && info.hook != Hook::embed;
    if (is_attention_map(info.hook) || (at_the_end && shape.layers_done >= 0)) continue;
    for (std::int64_t layer = 0; layer < (info.in_block ? done : 1); ++layer) {
      trace->set(info.hook, layer,
                 filled(hook_shape(info.hook, a, shape.positions), seed++, shape.not_a_number));
    }
  }
  for (std::int64_t layer = 0; shape.maps && layer < done; ++layer) set_maps(*trace, layer);
  return trace;
}

SyntheticWorld::SyntheticWorld(const SyntheticShape& shape) {
  result.trace = synthetic_trace(shape);
  model = result.trace->shared_model();
  result.wall = head_wall(*result.trace, nullptr);
  for (std::size_t i = 0; i < result.trace->tokens().size(); ++i) {
    document.text += model->tokenizer->bytes(result.trace->tokens()[i]);
    const std::size_t begin = tokens.empty() ? 0 : tokens.back().end;
    tokens.push_back({result.trace->tokens()[i], begin, document.text.size()});
  }
  if (!result.trace->complete()) return;
  const Tensor& logits = result.trace->at(Hook::logits);
  result.next_position = result.trace->positions() - 1;
  const float* last = logits.data() + result.next_position * logits.axis(1);
  result.next = std::make_shared<Distribution>(
      distribution({last, static_cast<std::size_t>(logits.axis(1))}, document.sampling));
}

Frame SyntheticWorld::frame() const {
  return {.document = document,
          .settings = settings,
          .hover = hover,
          .tokens = tokens,
          .model = model.get(),
          .result = result,
          .load = load,
          .error = error,
          .device = device,
          .busy = false,
          .generating = false,
          .can_undo = false,
          .can_redo = false,
          .examples = examples,
          .lessons = lessons,
          .highlights = highlights,
          .focus_prompt = false,
          .frame_seconds = 0.0,
          .seconds = 0.0};
}

std::function<void()> SyntheticWorld::drawn_by(View& view) {
  return [this, &view] {
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
    ImGui::Begin("view", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
    Commands commands;
    view.draw(frame(), commands);
    ImGui::End();
    hover = commands.hover();
    for (const Command& edit : commands.edits()) {
      document = apply(document, edit);
      edits.push_back(edit);
    }
  };
}

}  // namespace headlight
