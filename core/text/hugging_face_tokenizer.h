// A tokenizer from the files of a Hugging Face directory.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/text/tokenizer.h"

namespace headlight {

// The contents of the files, as far as the directory has them; whoever fills this has read them.
struct HuggingFaceTokenizerFiles {
  std::optional<std::string> tokenizer_json;
  std::optional<std::string> tokenizer_config_json;
  std::optional<std::string> special_tokens_map_json;
  std::optional<std::string> generation_config_json;
  std::optional<std::string> chat_template_jinja;
  // Needed only where there is no tokenizer.json:
  std::optional<std::string> vocab_txt;            // BERT: one piece a line
  std::optional<std::string> vocab_json;           // GPT-2 with merges_txt; Marian with sentencepiece_model
  std::optional<std::string> merges_txt;           // GPT-2
  std::optional<std::string> sentencepiece_model;  // spiece.model, tokenizer.model, sentencepiece.bpe.model
                                                   // or source.spm: the bytes of whichever is there
};

// `path` is where the files lie, for messages. tokenizer.json is used when it is there; otherwise vocab.json
// + sentencepiece_model (Marian: its end token is appended), sentencepiece_model alone, vocab.json +
// merges.txt (byte-level BPE of GPT-2) or vocab.txt (WordPiece of BERT), in this order. Throws FileError,
// beginning with `path`, when none of these is there, or when a file is damaged or asks for something that
// this program does not know: it is named. Truncation and padding are ignored.
std::shared_ptr<const Tokenizer> tokenizer_from_hugging_face(const HuggingFaceTokenizerFiles& files,
                                                             const std::string& path);

}  // namespace headlight
