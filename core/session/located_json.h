// JSON that people write by hand: every value knows its line, and reading is strict.
// Unknown fields, repeated fields, missing fields and wrong types are errors with a line and a reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bilingual.h"

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
  // What a person writes by hand has some ten kilobytes; this keeps a mistaken file from filling the memory.
  static constexpr std::size_t largest_text = std::size_t{4} << 20;

  // Refuses texts over `largest` bytes, syntax errors, fields that stand twice, nesting deeper than 64 and
  // more than a million values.
  static LocatedJson parse(std::string_view text, std::size_t largest = largest_text);

  bool is_null() const;
  bool is_object() const;
  bool is_string() const;
  bool is_number() const;

  bool has(std::string_view field) const;
  LocatedJson at(std::string_view field) const;
  // The value must be an object with no other fields than these.
  void allow_fields(std::initializer_list<std::string_view> fields) const;
  void allow_fields(const std::vector<std::string_view>& fields) const;

  std::vector<LocatedJson> items() const;        // of an array
  std::vector<std::string> field_names() const;  // of an object
  std::string text() const;                      // a string that is not empty
  std::string any_text() const;                  // a string
  double number() const;                         // finite
  std::int64_t integer() const;                  // a whole number
  std::uint64_t natural() const;                 // a whole number from 0 to 2^64 - 1
  bool boolean() const;
  std::size_t line() const;

  [[noreturn]] void fail(const Bilingual& reason) const;
  // The same, said in English alone: for files that are made by the program, or by its authors.
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  struct Document;
  class LineScanner;
  [[noreturn]] void refuse_kind(const char* english, const char* korean) const;

  LocatedJson(std::shared_ptr<const Document> document, const nlohmann::json* value, std::string path);

  std::shared_ptr<const Document> document_;
  const nlohmann::json* value_;
  std::string path_;
};

// The whole file as text. Throws LocatedError (line 0) when it cannot be read or is over `largest` bytes.
std::string read_small_text_file(const std::string& path, std::size_t largest = LocatedJson::largest_text);

}  // namespace headlight
