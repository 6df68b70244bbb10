// What the readers of config.json share.
#pragma once

#include <string>
#include <vector>

#include "core/model/description_keys.h"

namespace headlight {

// Where a family keeps its rotary numbers, and what they are when it does not say.
struct RotaryKeys {
  std::string base = "rope_theta";
  double usual_base = 10000.0;
  std::string fraction = "partial_rotary_factor";
  double usual_fraction = 1.0;
  std::string layer_type = "full_attention";  // where rope_parameters are kept by type of layer
  bool scaled = true;  // false: a rope_scaling for the whole model does not concern these layers
};

// Both spellings, of transformers 5 (rope_parameters) and of before (rope_theta, rope_scaling).
// `architecture` has its d_head and context. Throws FileError.
Rotary read_rotary(const DescriptionKeys& config, const ArchitectureDescription& architecture,
                   const RotaryKeys& names = {});

// "layer_types": true where the layer is local.
std::vector<bool> read_layer_types(const DescriptionKeys& config, std::int64_t layers);

// The first of "architectures" ("BertForMaskedLM"); empty when the file does not say.
std::string model_class(const DescriptionKeys& config);

// Whether the output layer is the embedding table. Files often hold an output matrix beside
// tie_word_embeddings = true, and transformers takes that one where it differs: so do we.
bool is_tied(const DescriptionKeys& config, bool usual, const std::string& output,
             const std::string& embedding);

// Files of a bare model lack the prefix that its other classes put before every name ("transformer.").
std::string name_prefix(const ModelFile& file, const std::string& prefix, const std::string& embedding);

}  // namespace headlight
