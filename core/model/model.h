// A loaded model: description, weights, tokenizer. Immutable and shared between threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "core/model/architecture.h"
#include "core/model/weight.h"
#include "core/text/chat_template.h"
#include "core/text/tokenizer.h"

namespace headlight {

class ModelFile;

// Biases and whatever else a model lacks are empty.
struct NormWeights {
  Tensor gain, bias;  // [width]
};

struct AttentionWeights {
  Weight w_q, w_k,
      w_v;  // [heads * d_head, d_model], [kv_heads * d_head, d_model] twice; Hugging Face's order
  Tensor b_q, b_k, b_v;   // one number a row
  Tensor q_norm, k_norm;  // [d_head]: gains of the norm over each head
  Weight w_o;             // [d_model, heads * d_head]
  Tensor b_o;
};

struct BlockWeights {
  NormWeights ln1, ln2;            // before attention and before the MLP; behind them with post-norm wiring
  NormWeights ln1_post, ln2_post;  // sandwich norms
  NormWeights ln_cross;
  AttentionWeights attention, cross;
  Weight
      w_in;  // [d_mlp, d_model]: what the activation is applied to; of a gated MLP what it is multiplied with
  Weight w_gate;  // [d_mlp, d_model]: of a gated MLP what the activation is applied to
  Weight w_out;   // [d_model, d_mlp]
  Tensor b_in, b_gate, b_out;
};

struct Model {
  std::string name;           // as the user named it: catalog name or path
  std::string title;          // from the file, for people: "SmolLM2 135M Instruct"
  std::string number_format;  // of most weights: "Q4_1"
  std::int64_t parameters = 0;
  std::int64_t file_bytes = 0;
  ArchitectureDescription architecture;
  Weight embedding;            // [vocabulary, d_model]
  Weight position_table;       // [context, d_model]: learned or sinusoidal
  Weight token_types;          // [segments, d_model]
  NormWeights embedding_norm;  // before the first block
  Weight relative_bias;        // [buckets, heads], shared by all layers
  std::vector<BlockWeights> blocks;
  NormWeights ln_final;
  Weight head_dense;  // [d_model, d_model]: masked_lm and classifier
  Tensor head_bias;
  NormWeights head_norm;  // masked_lm
  Weight unembedding;     // [vocabulary, d_model], the embedding itself when tied; of a classifier [labels,
                          // d_model]
  Tensor output_bias;
  std::vector<std::string> label_names;       // of a classifier
  std::optional<std::int64_t> decoder_start;  // of an encoder-decoder: the token before its text
  std::shared_ptr<const Tokenizer> tokenizer;
  ChatTemplate chat_template;            // none where the files have none
  std::shared_ptr<const Model> encoder;  // of an encoder-decoder; the rest of this Model is then the decoder
};

// File + description -> Model. Every shape is checked against the description.
// `name` is kept as Model::name. Throws FileError.
std::shared_ptr<const Model> load_model(const std::string& path, const std::string& name);

// From an already opened file.
std::shared_ptr<const Model> load_model(std::shared_ptr<const ModelFile> file, const std::string& name);
// Only what computes: for files without a tokenizer, whose token ids come from elsewhere.
std::shared_ptr<Model> load_weights(std::shared_ptr<const ModelFile> file, const std::string& name);

}  // namespace headlight
