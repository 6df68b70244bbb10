// THE place where model families differ: how each one's file describes itself and names its weights.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/model/architecture.h"

namespace headlight {

class ModelFile;

// GGUF tensor names of one family; {l} is the layer.
struct WeightNames {
  std::string embedding, ln_final, unembedding;
  std::string ln1, ln2, q, k, v, o, gate, in, out;
};

struct ArchitectureEntry {
  std::string family;
  // Metadata -> description. Throws FileError when a key is missing, has another type or an impossible value,
  // or when one is set that would change the result and that this program does not compute.
  ArchitectureDescription (*describe)(const ModelFile& file);
  WeightNames names;
  // GGUF stores the q and k rows of this family permuted for interleaved rotary pairs; undone at load.
  bool interleaved_rotary_rows;
};

// The entry of the family that the file names. Throws FileError with the list of known ones.
const ArchitectureEntry& architecture_entry(const ModelFile& file);

}  // namespace headlight
