// Typed, checked access to the keys by which a model file describes itself: GGUF metadata or config.json.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/base/bilingual.h"
#include "core/model/architecture.h"

namespace headlight {

class ModelFile;

constexpr std::int64_t most_values = std::int64_t{1} << 24;  // no axis of a known model comes near

// A key that is there as null counts as absent, as in Python. All throw FileError with the file, the key,
// what was found and what was expected.
class DescriptionKeys {
 public:
  // `prefix` stands before every key ("llama."). The file must outlive this.
  DescriptionKeys(const ModelFile& file, std::string prefix);
  // The keys of an object inside the file; `where` names it in messages ("rope_parameters.").
  DescriptionKeys(const ModelFile& file, const nlohmann::json& object, std::string where);

  const ModelFile& file() const { return file_; }
  bool has(const std::string& key) const;
  const nlohmann::json& at(const std::string& key) const;

  std::int64_t count(const std::string& key, std::int64_t largest) const;  // 1 to largest
  std::int64_t count_or(const std::string& key, std::int64_t otherwise, std::int64_t largest) const;
  std::int64_t whole_or(const std::string& key, std::int64_t otherwise) const;  // 0 is allowed
  double positive(const std::string& key) const;
  double positive_or(const std::string& key, double otherwise) const;
  bool flag_or(const std::string& key, bool otherwise) const;
  std::string text(const std::string& key) const;
  std::string text_or(const std::string& key, const std::string& otherwise) const;

  // Hugging Face's names of activations.
  Activation activation_or(const std::string& key, const std::string& otherwise) const;

  // A key whose presence changes the result in a way that is not computed here.
  void must_be_absent(const std::string& key) const;
  // The same for every value but this one.
  void must_be(const std::string& key, const nlohmann::json& value) const;

  [[noreturn]] void refuse(const std::string& key, const Bilingual& reason) const;
  // What hardly anybody meets is said in English alone, in a sentence of both languages.
  [[noreturn]] void refuse(const std::string& key, const std::string& reason) const;

 private:
  const ModelFile& file_;
  const nlohmann::json& object_;
  std::string prefix_, where_;
};

// 1/sqrt(width): Vaswani et al. 2017, eq. 1.
double usual_attention_scale(double width);

// Checks that the heads divide as they must, and says which key is wrong.
void check_heads(const DescriptionKeys& keys, const ArchitectureDescription& architecture,
                 const std::string& kv_heads_key);

}  // namespace headlight
