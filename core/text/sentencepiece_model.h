// SentencePiece's .model files: a protocol buffer with pieces, scores and the rules of normalisation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/text/hugging_face_tokenizer.h"
#include "core/text/pipeline_tokenizer.h"

namespace headlight {

enum class PieceType : std::uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

struct SentencePieceModel {
  std::vector<std::string> pieces;  // by id, UTF-8
  std::vector<float> scores;        // finite
  std::vector<PieceType> types;
  enum class Kind { unigram = 1, byte_pair = 2, word = 3, character = 4 } kind = Kind::unigram;
  bool byte_fallback = false;
  bool whitespace_as_suffix = false;
  std::string character_map;  // PrecompiledMap's bytes
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
};

// Throws FileError, with the place, for damaged bytes and for what is no such model.
SentencePieceModel read_sentencepiece(std::span<const std::byte> bytes, const std::string& path);

// Normaliser, model and spelling as SentencePiece itself has them. Pieces of control type are recognised when
// they are spelled out in a text, which SentencePiece leaves to its callers. Throws FileError for a model
// that cannot be used; `path` is for messages. GGUF files carry the same content under other names.
TokenizerPipeline pipeline_from_sentencepiece(SentencePieceModel model, const std::string& path);

// From files.sentencepiece_model, with the ids and the template that the directory's tokenizer class has:
// Llama, Gemma, T5, XLM-RoBERTa, and Marian when there is vocab_json. Throws FileError for another class.
TokenizerPipeline sentencepiece_pipeline(const HuggingFaceTokenizerFiles& files, const std::string& path);

}  // namespace headlight
