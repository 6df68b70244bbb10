// Small training runs: texts, a config for each kind of model, and a folder that they lie in.
#pragma once

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/training/training_run.h"
#include "tests/core/model_files/safetensors_builder.h"

namespace headlight {

inline const std::vector<std::string> run_kinds = {"next_token", "masked", "translation", "classes"};

// Ninety sentences that say a little about each other.
inline std::string tiny_sentence(int number) {
  static const char* const who[] = {"the cat", "a dog", "my friend", "the old bird", "눈사람"};
  static const char* const does[] = {"sees", "likes", "waits for", "runs after", "sings to", "보는"};
  static const char* const what[] = {"the moon", "a red ball", "the river", "her garden"};
  return std::string(who[number % 5]) + " " + does[number / 5 % 6] + " " + what[number / 3 % 4] + " " +
         std::to_string(number);
}

class TinyRun {
 public:
  explicit TinyRun(const std::string& kind) {
    std::string lines;
    for (int i = 0; i < 90; ++i) {
      const std::string text = tiny_sentence(i);
      lines +=
          nlohmann::json{
              {"text", text}, {"other", text.substr(text.find(' ') + 1)}, {"label", i % 5 == 0 ? 1 : 0}}
              .dump();
      lines += "\n";
    }
    folder_.write("corpora/a.jsonl", lines);
    config = {
        {"name", "tiny"},
        {"model", model(kind)},
        {"tokenizer",
         {{"vocabulary_size", 300},
          {"special_tokens", {"<pad>", "<bos>", "<eos>", "<sep>", "<mask>", "<cls>"}},
          {"frame", kind == "next_token"    ? "beginning"
                    : kind == "translation" ? "end"
                                            : "classification"}}},
        {"data", {{"sources", {source(kind)}}}},
        {"training",
         {{"steps", 24}, {"batch", 4}, {"learning_rate", 1e-2}, {"warm_up", 2}, {"evaluate_every", 6}}}};
  }

  static nlohmann::json source(const std::string& kind) {
    nlohmann::json source = {{"name", "a"}, {"path", "a.jsonl"}, {"hold_out_every", 10}, {"text", "{text}"}};
    if (kind == "classes") source["label"] = "label";
    if (kind == "translation") {
      source.erase("text");
      source["source"] = "{text}";
      source["target"] = "{other}";
    }
    return source;
  }

  static nlohmann::json model(const std::string& kind) {
    if (kind == "next_token") {
      return {{"model_type", "llama"},       {"architectures", {"LlamaForCausalLM"}},
              {"hidden_size", 16},           {"intermediate_size", 24},
              {"num_hidden_layers", 1},      {"num_attention_heads", 2},
              {"num_key_value_heads", 1},    {"max_position_embeddings", 48},
              {"tie_word_embeddings", true}, {"rms_norm_eps", 1e-5},
              {"hidden_act", "silu"}};
    }
    if (kind == "translation") {
      return {{"model_type", "marian"},
              {"architectures", {"MarianMTModel"}},
              {"d_model", 16},
              {"encoder_layers", 1},
              {"decoder_layers", 1},
              {"encoder_attention_heads", 2},
              {"decoder_attention_heads", 2},
              {"encoder_ffn_dim", 24},
              {"decoder_ffn_dim", 24},
              {"max_position_embeddings", 48},
              {"activation_function", "gelu"},
              {"scale_embedding", true},
              {"is_encoder_decoder", true},
              {"pad_token_id", 0},
              {"eos_token_id", 2},
              {"decoder_start_token_id", 0}};
    }
    nlohmann::json bert = {{"model_type", "bert"},
                           {"architectures", {"BertForMaskedLM"}},
                           {"hidden_size", 16},
                           {"intermediate_size", 24},
                           {"num_hidden_layers", 1},
                           {"num_attention_heads", 2},
                           {"max_position_embeddings", 48},
                           {"type_vocab_size", 2},
                           {"hidden_act", "gelu"},
                           {"layer_norm_eps", 1e-12}};
    if (kind == "classes") {
      bert["architectures"] = {"BertForSequenceClassification"};
      bert["num_labels"] = 2;
    }
    return bert;
  }

  std::string write_config() const { return folder_.write("config.json", config.dump(1)); }
  std::string corpora() const { return folder_ / "corpora"; }
  std::string operator/(const std::string& name) const { return folder_ / name; }
  const TemporaryFolder& folder() const { return folder_; }

  std::unique_ptr<TrainingRun> open(const std::string& out, int threads = 1,
                                    ComputeDevice device = {}) const {
    return std::make_unique<TrainingRun>(read_training_config(write_config()), corpora(), folder_ / out,
                                         threads, Preparation(), std::move(device));
  }

  nlohmann::json config;

 private:
  TemporaryFolder folder_;
};

inline std::vector<float> weights_of(const TrainingRun& run) {
  const auto values = run.parameters().values();
  return {values.begin(), values.end()};
}

}  // namespace headlight
