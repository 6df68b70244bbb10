// Reads fields of a JSON file that we did not make, and says what is wrong with one, and where.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

// A value and its place ("model.vocab[3]"). The document and the path outlive it. Whatever is missing or of
// another type throws FileError: the path, the place, what was found and what was expected.
class JsonField {
 public:
  JsonField(const nlohmann::json& value, const std::string& path, std::string place)
      : value_(&value), path_(&path), place_(std::move(place)) {}

  [[noreturn]] void fail(std::string_view problem) const;
  [[noreturn]] void fail_type(std::string_view expected) const;
  // The value is none of those that this program knows.
  [[noreturn]] void fail_unknown(std::string_view known) const;

  JsonField at(const char* key) const;                   // which must be there
  std::optional<JsonField> find(const char* key) const;  // none when it is missing or null
  const std::string& text() const;
  bool flag() const;
  std::int64_t integer() const;
  double number() const;  // finite
  std::vector<JsonField> items() const;
  const nlohmann::json& object() const;
  const nlohmann::json& array() const;
  const nlohmann::json& value() const { return *value_; }
  const std::string& place() const { return place_; }

  std::string text_or(const char* key, const char* otherwise) const;
  bool flag_or(const char* key, bool otherwise) const;

 private:
  const nlohmann::json* value_;
  const std::string* path_;
  std::string place_;
};

// Throws FileError, with the place, for what is no JSON.
nlohmann::json parse_json(const std::string& text, const std::string& path, const char* name);

}  // namespace headlight
