// A loaded model: description, weights, tokenizer. Immutable and shared between threads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "core/model/architecture.h"
#include "core/model/weight.h"
#include "core/text/tokenizer.h"

namespace headlight {

class ModelFile;

struct BlockWeights {
  Tensor ln1_gain, ln2_gain;  // [d_model]
  Weight w_q, w_k,
      w_v;     // [heads * d_head, d_model], [kv_heads * d_head, d_model] twice; rows in Hugging Face's order
  Weight w_o;  // [d_model, heads * d_head]
  Weight w_gate, w_in;  // [d_mlp, d_model]: what the activation is applied to; what it is multiplied with
  Weight w_out;         // [d_model, d_mlp]
};

struct Model {
  std::string name;           // as the user named it: catalog name or path
  std::string title;          // from the file, for people: "SmolLM2 135M Instruct"
  std::string number_format;  // of most weights: "Q4_1"
  std::int64_t parameters = 0;
  std::int64_t file_bytes = 0;
  ArchitectureDescription architecture;
  Weight embedding;  // [vocabulary, d_model]
  std::vector<BlockWeights> blocks;
  Tensor ln_final_gain;  // [d_model]
  Weight unembedding;    // [vocabulary, d_model]; the embedding itself when tied
  std::shared_ptr<const Tokenizer> tokenizer;
};

// File + architecture table -> Model. Every shape is checked against the description.
// `name` is kept as Model::name. Throws FileError.
std::shared_ptr<const Model> load_model(const std::string& path, const std::string& name);

// From an already opened file.
std::shared_ptr<const Model> load_model(std::shared_ptr<const ModelFile> file, const std::string& name);

}  // namespace headlight
