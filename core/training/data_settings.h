// The objects "tokenizer" and "data" of a training config: how the vocabulary is made, and from which files
// what is learnt.
//
//   "tokenizer": {
//     "vocabulary_size": 6144,                      special tokens and the 256 bytes count
//     "special_tokens": ["<pad>", "<bos>", …],      ids 0, 1, 2 …
//     "frame": "beginning",                         what is put around a text: none; beginning: <bos> A;
//                                                   classification: <cls> A <sep>; end: A <eos>
//     "least_count": 2                              rarer pairs become no piece; 2 if absent
//   },
//   "data": {
//     "bundled": true,                              only sources of bundled_sources.h; false if absent
//     "sources": [{
//       "name": "daily chat",                       for the log; once
//       "path": "chatbot_ko/pairs_daily.jsonl",     below the folder of the corpora; .jsonl: one JSON object
//                                                   a line, otherwise one document a line
//       "own": true,                                the path is below the config's own folder; false if
//       absent "generated": "repeats", "documents": 9000,  instead of "path": texts made by generated_texts.h
//       "sha256": "6e8c…",                          of the file; may be absent where nothing is bundled
//       "licence": "MIT", "language": "ko",         may be absent where nothing is bundled
//       "text": "{q}\n{a}",                         fields of the object; a list of texts is joined with
//                                                   spaces; of plain text "{line}", which may be left out
//       "source": "{ko}", "target": "{en}",         instead of "text": a translation
//       "prompt": "{q}\n", "chosen": "{good}", "rejected": "{bad}",   instead of "text": two answers, each
//                                                   joined to what is asked, of which the first is better
//       "label": "label",                           with "text": the field with the class, a number from 0
//       "part": "train",                            or valid or test: the whole file is held out
//       "hold_out_every": 50,                       of "train": each 50th document is for validation instead
//       "repeat": 2,                                how often a document stands in a pass; of 0.5 every other
//                                                   one in one pass, the rest in the next; 1 if absent
//       "vocabulary_repeat": 0.3                    the same for making the vocabulary; as "repeat" if absent
//     }, …]
//   }
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/training/byte_pair_training.h"

namespace headlight {

enum class CorpusPart { train, valid, test };
enum class DocumentKind { text, translation, labelled, preference };

struct CorpusSource {
  std::string name, path, sha256, licence, language;
  std::string folder;          // where the path lies; empty: in that of the corpora
  std::int64_t generated = 0;  // so many documents are made by generated_texts.h; there is no path then
  std::string text;            // the template of the text, of the one to translate from, or of what is asked
  std::string target;          // of a translation, or of the better answer
  std::string rejected;        // of the other answer
  std::string label;           // the field
  DocumentKind kind = DocumentKind::text;
  CorpusPart part = CorpusPart::train;
  std::int64_t hold_out_every = 0;  // 0: none
  double repeat = 1;
  double vocabulary_repeat = 1;
};

struct DataSettings {
  bool bundled = false;
  std::vector<CorpusSource> sources;  // all of one kind
};

// `path` is the config's, for messages. Throws FileError: a key that is not known, missing or of another
// type, and, for what is to be bundled, a source that is not on the list of bundled_sources.h.
BytePairSettings byte_pair_settings_from_json(const nlohmann::json& tokenizer, const std::string& path);
DataSettings data_settings_from_json(const nlohmann::json& data, const std::string& path);

}  // namespace headlight
