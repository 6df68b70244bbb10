// The small vocabulary that tests/golden/make_tokenizer_golden.py trained, and random texts.
#pragma once

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>

#include "core/text/tokenizer.h"
#include "core/text/utf8.h"
#include "tests/core/source_dir.h"

namespace headlight::test {

inline nlohmann::json golden_json(const std::string& name) {
  std::ifstream file(source_dir() + "/tests/golden/" + name);
  if (!file) throw std::runtime_error("tests/golden/" + name + " is not there");
  return nlohmann::json::parse(file);
}

inline nlohmann::json small_metadata() { return golden_json("tokenizer_small.json").at("metadata"); }

inline std::shared_ptr<const Tokenizer> small_tokenizer(const std::string& pre = "smollm") {
  nlohmann::json metadata = small_metadata();
  metadata["tokenizer.ggml.pre"] = pre;
  return tokenizer_from_gguf(metadata, "small.gguf");
}

// Up to 40 characters; half of them from the plane where most scripts are, the others from anywhere.
inline std::string random_unicode(std::mt19937& random) {
  std::string text;
  const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  for (unsigned count = below(41); count > 0; --count) {
    char32_t code_point = 0;
    do {
      switch (below(4)) {
        case 0:
          code_point = below(0x80);
          break;
        case 1:
          code_point = below(0x3000);
          break;
        case 2:
          code_point = below(0x10000);
          break;
        default:
          code_point = below(0x110000);
          break;
      }
    } while (code_point >= 0xD800 && code_point < 0xE000);
    append_utf8(text, code_point);
  }
  return text;
}

inline std::string random_bytes(std::mt19937& random) {
  std::string text(random() % 61, '\0');
  for (char& byte : text) byte = static_cast<char>(random() & 0xFFU);
  return text;
}

}  // namespace headlight::test
