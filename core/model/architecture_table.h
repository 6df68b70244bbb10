// THE place where model families differ: how each one's file describes itself and names its weights.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/architecture.h"

namespace headlight {

class ModelFile;

// Names of tensors; {l} is the layer. Empty: the family has no such tensor. A bias has the name of its weight
// with "bias" at the end. Only what the description asks for is looked up.
struct WeightNames {
  std::string embedding = {}, position_table = {}, token_types = {}, embedding_norm = {}, ln_final = {};
  std::string ln1 = {}, ln2 = {}, ln1_post = {}, ln2_post = {}, ln_cross = {};
  std::string q = {}, k = {}, v = {}, o = {}, q_norm = {}, k_norm = {};
  std::string cross_q = {}, cross_k = {}, cross_v = {}, cross_o = {};
  std::string in = {}, gate = {}, out = {};
  std::string relative_bias = {};
  std::string head_dense = {}, head_norm = {};  // masked_lm and classifier
  std::string unembedding = {};                 // with its bias beside it, unless that has its own name:
  std::string output_bias = {};
  std::string rotary_divisors = {};
};

// How q, k and v lie in one tensor: one behind the other, or for each head its q, k and v.
enum class FusedQkv { no, blocks, per_head };

// What has to be undone at load, so that the forward pass sees one form.
struct WeightForm {
  FusedQkv fused = FusedQkv::no;
  bool transposed = false;               // blocks' matrices are stored [inputs, outputs] (GPT-2's Conv1D)
  bool interleaved_rotary_rows = false;  // rows of q and k come in neighbouring pairs (GGUF's Llama)
  bool gain_is_offset = false;           // norms store their gain minus 1 (Gemma)
  std::int64_t position_offset = 0;      // rows of the position table before position 0
  // Tensors that change nothing here (masks, heads for other tasks), as globs with *.
  std::vector<std::string> ignored = {};
};

struct ModelPart {
  ArchitectureDescription architecture;
  WeightNames names;
  WeightForm form;
};

struct ModelDescription {
  ModelPart main;  // the decoder of an encoder-decoder
  std::optional<ModelPart> encoder;
  std::optional<std::int64_t> decoder_start;  // the token before the first of a decoder's text
  std::vector<std::string> label_names;
};

// The description of the family that the file names. Throws FileError: an unknown family (with the list of
// known ones), a key that is missing, of another type or impossible, or one that is set and would change the
// result in a way that this program does not compute.
ModelDescription describe_model(const ModelFile& file);

// The two halves of the table, and the names they know.
ModelDescription describe_gguf(const ModelFile& file);
std::vector<std::string> gguf_families();
ModelDescription describe_hugging_face(const ModelFile& file);
std::vector<std::string> hugging_face_families();

// Parts of the second half, a file each.
ModelDescription describe_decoder(const ModelFile& file, const std::string& model_type);
ModelDescription describe_encoder(const ModelFile& file, const std::string& model_type);
ModelDescription describe_encoder_decoder(const ModelFile& file, const std::string& model_type);

}  // namespace headlight
