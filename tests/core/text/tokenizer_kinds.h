// The kinds of tokenizers that tests/golden/make_tokenizer_kinds.py made, and the texts for them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/base64.h"
#include "core/text/hugging_face_tokenizer.h"
#include "tests/core/text/tokenizer_fixture.h"

namespace headlight::test {

inline const nlohmann::json& tokenizer_kinds() {
  static const nlohmann::json kinds = golden_json("tokenizer_kinds/kinds.json");
  return kinds;
}

// tokenizer.json of a kind: its own fields and a shared model.
inline nlohmann::json kind_json(const std::string& name) {
  nlohmann::json kind = tokenizer_kinds().at("kinds").at(name);
  nlohmann::json model = tokenizer_kinds().at("models").at(kind.at("model").get<std::string>());
  if (kind.contains("changes")) model.update(kind.at("changes"));
  kind.erase("changes");
  kind.erase("offsets_differ");
  kind["model"] = std::move(model);
  return kind;
}

inline std::shared_ptr<const Tokenizer> tokenizer_of(const nlohmann::json& tokenizer_json) {
  HuggingFaceTokenizerFiles files;
  files.tokenizer_json = tokenizer_json.dump();
  return tokenizer_from_hugging_face(files, "model");
}

inline std::string sentencepiece_bytes(const std::string& name) {
  return *bytes_from_base64(tokenizer_kinds().at("sentencepiece").at(name).get<std::string>());
}

inline std::shared_ptr<const Tokenizer> sentencepiece_tokenizer(const std::string& name) {
  HuggingFaceTokenizerFiles files;
  files.sentencepiece_model = sentencepiece_bytes(name);
  return tokenizer_from_hugging_face(files, "model");
}

inline std::vector<std::string> stored_lines() {
  std::vector<std::string> lines;
  for (const nlohmann::json& line : golden_json("tokenizer_kinds/lines.json")) {
    const bool is_repeated = line.is_array();
    const auto part = (is_repeated ? line.at(0) : line).get<std::string>();
    std::string text;
    for (std::size_t count = is_repeated ? line.at(1).get<std::size_t>() : 1; count > 0; --count)
      text += part;
    lines.push_back(std::move(text));
  }
  return lines;
}

// 20 code points a line, between "a" and "b", of all that Unicode 14 assigns but for private use.
inline std::vector<std::string> code_point_lines() {
  std::vector<std::string> lines;
  std::size_t count = 0;
  for (const nlohmann::json& run : tokenizer_kinds().at("assigned")) {
    for (unsigned code = run.at(0); code <= run.at(1).get<unsigned>(); ++code) {
      if (count++ % 20 == 0) {
        if (!lines.empty()) lines.back() += "b";
        lines.emplace_back("a");
      }
      append_utf8(lines.back(), static_cast<char32_t>(code));
    }
  }
  lines.back() += "b";
  return lines;
}

}  // namespace headlight::test
