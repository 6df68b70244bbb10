// JSON that people write by hand: every value knows its line, and reading is strict.
// Unknown fields, repeated fields, missing fields and wrong types are errors with a line and a reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

class LocatedError : public std::runtime_error {
 public:
  LocatedError(std::size_t line, const std::string& reason) : std::runtime_error(reason), line_(line) {}
  std::size_t line() const { return line_; }  // from 1; 0 when it is about the whole file

 private:
  std::size_t line_;
};

// A value of a parsed text; keeps the text's document alive. Every reading function throws LocatedError.
class LocatedJson {
 public:
  // Refuses texts over 4 MiB, syntax errors, fields that stand twice and nesting deeper than 64.
  static LocatedJson parse(std::string_view text);

  bool is_object() const { return value_->is_object(); }
  bool is_string() const { return value_->is_string(); }
  bool is_number() const { return value_->is_number(); }

  bool has(std::string_view field) const;
  LocatedJson at(std::string_view field) const;
  // The value must be an object with no other fields than these.
  void allow_fields(std::initializer_list<std::string_view> fields) const;
  void allow_fields(const std::vector<std::string_view>& fields) const;

  std::vector<LocatedJson> items() const;  // of an array
  std::string text() const;                // a string that is not empty
  double number() const;                   // finite
  std::int64_t integer() const;            // a whole number
  bool boolean() const;
  std::size_t line() const;

  [[noreturn]] void fail(const std::string& reason) const;

 private:
  struct Document {
    nlohmann::json root;
    std::map<std::string, std::size_t, std::less<>> lines;  // of "/steps/2/text"
  };
  class LineScanner;

  LocatedJson(std::shared_ptr<const Document> document, const nlohmann::json* value, std::string path)
      : document_(std::move(document)), value_(value), path_(std::move(path)) {}

  std::shared_ptr<const Document> document_;
  const nlohmann::json* value_;
  std::string path_;
};

// The whole file as text. Throws LocatedError (line 0) when it cannot be read or is over 4 MiB.
std::string read_small_text_file(const std::string& path);

}  // namespace headlight
