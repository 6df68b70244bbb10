// Fills a trace hook by hook.
#include "tests/gui/synthetic_trace.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
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

void set_maps(Trace& trace, std::int64_t layer, bool cross) {
  const std::int64_t heads = trace.model().architecture.heads;
  const std::int64_t queries = trace.positions(), keys = attention_keys(trace, cross);
  Tensor scores({heads, queries, keys});
  Tensor pattern({heads, queries, keys});
  for (std::int64_t head = 0; head < heads; ++head) {
    const Tensor one_scores = head_scores(trace, layer, head, cross);
    const Tensor one_pattern = head_pattern(trace, layer, head, cross);
    std::copy_n(one_scores.data(), one_scores.size(), scores.writable() + head * queries * keys);
    std::copy_n(one_pattern.data(), one_pattern.size(), pattern.writable() + head * queries * keys);
  }
  const AttentionHooks hooks = attention_hooks(trace.model().architecture, cross);
  trace.set(hooks.scores, layer, scores);
  trace.set(hooks.pattern, layer, pattern);
}

void become_gpt2(ArchitectureDescription& a) {
  a.rotary = {};
  a.positions = PositionTable::learned;
  a.norm = Norm::layer;
  a.gated = false;
  a.activation = Activation::gelu_tanh;
}

void become_bert(ArchitectureDescription& a) {
  become_gpt2(a);
  a.activation = Activation::gelu;
  a.wiring = Wiring::post_norm;
  a.token_types = true;
  a.embedding_norm = true;
  a.final_norm = false;
  a.causal = false;
  a.head = OutputHead::masked_lm;
}

void become(SyntheticKind kind, ArchitectureDescription& a) {
  switch (kind) {
    case SyntheticKind::llama:
      break;
    case SyntheticKind::gpt2:
      become_gpt2(a);
      break;
    case SyntheticKind::neox:
      a.norm = Norm::layer;
      a.wiring = Wiring::parallel;
      a.gated = false;
      a.rotary.dimensions = 2;
      break;
    case SyntheticKind::gemma:
      a.sandwich_norms = true;
      a.query_key_norm = true;
      a.attention_soft_cap = 5;
      a.window = 3;
      a.local_layers.assign(static_cast<std::size_t>(a.layers), true);
      a.local_rotary = a.rotary;
      break;
    case SyntheticKind::bert:
      become_bert(a);
      break;
    case SyntheticKind::classifier:
      become_bert(a);
      a.head = OutputHead::classifier;
      a.labels = 3;
      break;
    case SyntheticKind::sentence:
      become_bert(a);
      a.head = OutputHead::none;
      a.pooling = Pooling::mean;
      break;
    case SyntheticKind::t5:
      a.rotary = {};
      a.relative_buckets = 8;
      a.relative_distance = 16;
      a.cross_attention = true;
      break;
  }
}

Weight filled_weight(std::int64_t rows, std::int64_t columns, std::uint32_t seed) {
  const auto numbers = std::make_shared<Tensor>(filled({rows, columns}, seed, false));
  Weight weight;
  weight.rows = rows;
  weight.columns = columns;
  weight.bytes = reinterpret_cast<const std::byte*>(numbers->data());
  weight.owner = numbers;
  return weight;
}

// The bias of every distance and head.
Weight relative_bias_table(const ArchitectureDescription& a) {
  return filled_weight(a.relative_buckets, a.heads, 99);
}

void give_weights(Model& model) {
  const ArchitectureDescription& a = model.architecture;
  const NormWeights norm{filled({a.d_model}, 5, false), {}};
  model.unembedding = filled_weight(a.head == OutputHead::classifier ? a.labels : a.vocabulary, a.d_model, 1);
  model.head_dense = filled_weight(a.d_model, a.d_model, 2);
  model.ln_final = model.head_norm = model.embedding_norm = norm;
  BlockWeights block;
  block.ln1 = block.ln2 = block.ln_cross = block.ln1_post = block.ln2_post = norm;
  block.attention.w_o = block.cross.w_o = filled_weight(a.d_model, a.heads * a.d_head, 3);
  block.w_out = filled_weight(a.d_model, a.d_mlp, 4);
  model.blocks.assign(static_cast<std::size_t>(a.layers), block);
}

std::shared_ptr<Model> synthetic_model(const SyntheticShape& shape, bool is_encoder) {
  auto model = std::make_shared<Model>();
  model->name = "synthetic";
  model->title = "Synthetic";
  model->tokenizer = std::make_shared<LetterTokenizer>();
  model->label_names = {"good", "bad", "neither"};
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
  a.rotary.dimensions = 4;
  a.attention_scale = 0.5;
  become(shape.kind, a);
  if (is_encoder) {
    a.cross_attention = false;
    a.causal = false;
    a.head = OutputHead::none;
  }
  if (a.relative_buckets > 0) model->relative_bias = relative_bias_table(a);
  model->embedding = filled_weight(vocabulary, a.d_model, 99);
  if (a.positions != PositionTable::none) model->position_table = filled_weight(64, a.d_model, 99);
  if (shape.weights) give_weights(*model);
  return model;
}

// All that this model has, of so many blocks; what stands behind them only in a finished pass.
void fill(Trace& trace, const SyntheticShape& shape, std::int64_t done) {
  const ArchitectureDescription& a = trace.model().architecture;
  const std::int64_t source = trace.source() ? trace.source()->positions() : 0;
  std::uint32_t seed = 1;
  for (const HookInfo& info : all_hooks()) {
    const bool at_the_end = !info.in_block && info.hook > Hook::resid_post;
    if (!has_hook(info.hook, a) || is_attention_map(info.hook) || (at_the_end && shape.layers_done >= 0))
      continue;
    for (std::int64_t layer = 0; layer < (info.in_block ? done : 1); ++layer) {
      trace.set(info.hook, layer,
                filled(hook_shape(info.hook, a, trace.positions(), source), seed++, shape.not_a_number));
    }
  }
  for (std::int64_t layer = 0; shape.maps && layer < done; ++layer) {
    set_maps(trace, layer, false);
    if (a.cross_attention) set_maps(trace, layer, true);
  }
}

std::vector<TokenId> letters(std::int64_t count) {
  std::vector<TokenId> tokens;
  for (std::int64_t i = 0; i < count; ++i) tokens.push_back(static_cast<TokenId>(i % vocabulary));
  return tokens;
}

}  // namespace

std::shared_ptr<const Trace> synthetic_trace(const SyntheticShape& shape) {
  auto model = synthetic_model(shape, false);
  std::shared_ptr<Trace> source;
  if (shape.kind == SyntheticKind::t5) {
    const auto encoder = synthetic_model(shape, true);
    encoder->tokenizer.reset();  // one tokenizer is for both texts
    model->encoder = encoder;
    source = std::make_shared<Trace>(model->encoder, letters(shape.positions + 2));
    fill(*source, shape, shape.layers);
  }
  auto trace = std::make_shared<Trace>(model, letters(shape.positions));
  trace->set_source(source);
  fill(*trace, shape, shape.layers_done < 0 ? shape.layers : shape.layers_done);
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
  if (result.trace->source()) document.source_text = "a b c";
  if (!result.trace->complete() || !result.trace->has(Hook::logits)) return;
  const Tensor logits = result.trace->at(Hook::logits);
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
          .paused = false,
          .can_undo = false,
          .can_redo = false,
          .examples = examples,
          .lessons = lessons,
          .highlights = highlights,
          .focus_prompt = false,
          .frame_seconds = 0.0,
          .seconds = 0.0,
          .tasks = tasks,
          .learning = learning.get()};
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
