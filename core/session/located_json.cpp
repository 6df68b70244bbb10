// Strict JSON reading with line numbers.
#include "core/session/located_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/said_in_both.h"

namespace headlight {
namespace {

constexpr int deepest_nesting = 64;
constexpr std::size_t most_values = 1'000'000;

std::size_t line_of_byte(std::string_view text, std::size_t byte) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

// "[json.exception.parse_error.101] parse error at line 3, column 5: syntax error while ..." -> "syntax error
// ..."
Bilingual not_json(const nlohmann::json::exception& error) {
  const std::string what = error.what();
  const std::size_t colon = what.find(": ");
  return in_both("this is not JSON: {}", "올바른 JSON이 아닙니다({})",
                 colon == std::string::npos ? what : what.substr(colon + 2));
}

Bilingual kind_of(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::null:
      return {"null", "null"};
    case nlohmann::json::value_t::boolean:
      return {"true or false", "true나 false"};
    case nlohmann::json::value_t::string:
      return {"a text", "글"};
    case nlohmann::json::value_t::array:
      return {"a list", "목록"};
    case nlohmann::json::value_t::object:
      return {"an object", "객체"};
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned:
    case nlohmann::json::value_t::number_float:
      return {"a number", "수"};
    case nlohmann::json::value_t::binary:
    case nlohmann::json::value_t::discarded:
      break;
  }
  return {"something else", "다른 것"};
}

}  // namespace

struct LocatedJson::Document {
  nlohmann::json root;
  std::map<std::string, std::size_t, std::less<>> lines;  // of "/steps/2/text"
};

LocatedJson::LocatedJson(std::shared_ptr<const Document> document, const nlohmann::json* value,
                         std::string path)
    : document_(std::move(document)), value_(value), path_(std::move(path)) {}

bool LocatedJson::is_null() const { return value_->is_null(); }
bool LocatedJson::is_object() const { return value_->is_object(); }
bool LocatedJson::is_string() const { return value_->is_string(); }
bool LocatedJson::is_number() const { return value_->is_number(); }

// Walks text that nlohmann has already accepted and notes the line of every value.
class LocatedJson::LineScanner {
 public:
  LineScanner(std::string_view text, std::map<std::string, std::size_t, std::less<>>& lines)
      : text_(text), lines_(lines) {}

  void scan_value(const std::string& path, int depth) {
    skip_space();
    if (depth > deepest_nesting)
      throw Told<LocatedError>(
          in_both("nested deeper than {}", "{}단계보다 깊게 겹쳐 있습니다", deepest_nesting), line_);
    if (lines_.size() >= most_values) {
      throw Told<LocatedError>(
          in_both("there are more than {} values", "값이 {}개보다 많습니다", most_values), line_);
    }
    lines_[path] = line_;
    if (peek() == '{') {
      scan_members(path, depth);
    } else if (peek() == '[') {
      scan_items(path, depth);
    } else if (peek() == '"') {
      scan_string();
    } else {
      while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(peek()) == std::string_view::npos)
        ++at_;
    }
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(peek()) != std::string_view::npos) {
      if (peek() == '\n') ++line_;
      ++at_;
    }
  }

  // A comma means another member follows; either way the mark is passed.
  bool another_follows() {
    skip_space();
    return at_ < text_.size() && text_[at_++] == ',';
  }

  void scan_members(const std::string& path, int depth) {
    ++at_;
    skip_space();
    if (peek() == '}') {
      ++at_;
      return;
    }
    do {
      skip_space();
      const std::size_t line = line_;
      const std::string name = scan_string();
      skip_space();
      ++at_;  // the colon
      const std::string member = path + "/" + name;
      if (lines_.count(member) != 0) {
        throw Told<LocatedError>(in_both("the field '{}' stands here twice; keep one of them",
                                         "'{}' 항목이 두 번 있습니다. 하나만 남겨 주세요", name),
                                 line);
      }
      scan_value(member, depth + 1);
    } while (another_follows());
  }

  void scan_items(const std::string& path, int depth) {
    ++at_;
    skip_space();
    if (peek() == ']') {
      ++at_;
      return;
    }
    std::size_t index = 0;
    do {
      scan_value(fmt::format("{}/{}", path, index++), depth + 1);
    } while (another_follows());
  }

  std::string scan_string() {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && peek() != '"') at_ += peek() == '\\' ? 2 : 1;
    ++at_;
    return nlohmann::json::parse(text_.substr(begin, at_ - begin)).get<std::string>();
  }

  std::string_view text_;
  std::map<std::string, std::size_t, std::less<>>& lines_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

LocatedJson LocatedJson::parse(std::string_view text, std::size_t largest) {
  if (text.size() > largest) {
    throw Told<LocatedError>(
        in_both("the file has {} bytes; at most {} are read",
                "파일의 크기가 {}바이트입니다. {}바이트까지 읽습니다", text.size(), largest),
        std::size_t{0});
  }
  auto document = std::make_shared<Document>();
  try {
    document->root = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw Told<LocatedError>(not_json(error), line_of_byte(text, error.byte == 0 ? 0 : error.byte - 1));
  } catch (const nlohmann::json::exception& error) {  // a number that no double can hold
    throw Told<LocatedError>(not_json(error), std::size_t{0});
  }
  LineScanner(text, document->lines).scan_value("", 0);
  const nlohmann::json* root = &document->root;
  return LocatedJson(std::move(document), root, "");
}

void LocatedJson::refuse_kind(const char* english, const char* korean) const {
  fail(in_both("expected {} here, found {}", "있어야 할 것: {}, 있는 것: {}", Bilingual{english, korean},
               kind_of(*value_)));
}

bool LocatedJson::has(std::string_view field) const {
  return value_->is_object() && value_->find(std::string(field)) != value_->end();
}

LocatedJson LocatedJson::at(std::string_view field) const {
  if (!value_->is_object()) refuse_kind("an object", "객체");
  const auto found = value_->find(std::string(field));
  if (found == value_->end()) fail(in_both("the field '{}' is missing", "'{}' 항목이 없습니다", field));
  return LocatedJson(document_, &*found, path_ + "/" + std::string(field));
}

void LocatedJson::allow_fields(std::initializer_list<std::string_view> fields) const {
  allow_fields(std::vector<std::string_view>(fields));
}

void LocatedJson::allow_fields(const std::vector<std::string_view>& fields) const {
  if (!value_->is_object()) refuse_kind("an object", "객체");
  for (const auto& member : value_->items()) {
    if (std::find(fields.begin(), fields.end(), member.key()) != fields.end()) continue;
    at(member.key())
        .fail(in_both("the field '{}' is not known here; known are {}",
                      "여기에 쓸 수 없는 항목입니다: '{}'. 쓸 수 있는 것: {}", member.key(),
                      fmt::format("{}", fmt::join(fields, ", "))));
  }
}

std::vector<LocatedJson> LocatedJson::items() const {
  if (!value_->is_array()) refuse_kind("a list", "목록");
  std::vector<LocatedJson> found;
  for (std::size_t index = 0; index < value_->size(); ++index) {
    found.push_back(LocatedJson(document_, &(*value_)[index], fmt::format("{}/{}", path_, index)));
  }
  return found;
}

std::vector<std::string> LocatedJson::field_names() const {
  if (!value_->is_object()) refuse_kind("an object", "객체");
  std::vector<std::string> names;
  for (const auto& member : value_->items()) names.push_back(member.key());
  return names;
}

std::string LocatedJson::text() const {
  std::string found = any_text();
  if (found.empty()) fail(in_both("this text is empty", "빈 글입니다"));
  return found;
}

std::string LocatedJson::any_text() const {
  if (!value_->is_string()) refuse_kind("a text", "글");
  return value_->get<std::string>();
}

double LocatedJson::number() const {
  if (!value_->is_number()) refuse_kind("a number", "수");
  const double found = value_->get<double>();
  if (!std::isfinite(found)) fail(in_both("this number is not finite", "유한하지 않은 수입니다"));
  return found;
}

std::int64_t LocatedJson::integer() const {
  const bool fits = value_->is_number_integer() && (!value_->is_number_unsigned() ||
                                                    value_->get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
  if (!fits)
    fail(in_both("expected a whole number here, found {}", "정수여야 하는데, 있는 것: {}",
                 value_->is_number() ? Bilingual{value_->dump(), value_->dump()} : kind_of(*value_)));
  return value_->get<std::int64_t>();
}

std::uint64_t LocatedJson::natural() const {
  if (value_->is_number_unsigned()) return value_->get<std::uint64_t>();
  const std::int64_t found = integer();
  if (found < 0)
    fail(in_both("expected a whole number from 0 on, found {}", "0 이상의 정수여야 하는데, 있는 것: {}",
                 found));
  return static_cast<std::uint64_t>(found);
}

bool LocatedJson::boolean() const {
  if (!value_->is_boolean()) refuse_kind("true or false", "true나 false");
  return value_->get<bool>();
}

std::size_t LocatedJson::line() const {
  const auto found = document_->lines.find(path_);
  return found == document_->lines.end() ? 0 : found->second;
}

void LocatedJson::fail(const Bilingual& reason) const {
  const std::string place = path_.empty() ? "" : path_ + ": ";
  throw Told<LocatedError>(in_both("{}{}", "{}{}", place, reason), line());
}

void LocatedJson::fail(const std::string& reason) const {
  fail(in_both("{}", "읽을 수 없는 값입니다({})", reason));
}

std::string read_small_text_file(const std::string& path, std::size_t largest) {
  std::ifstream file(path, std::ios::binary);
  const auto refuse = [](const Bilingual& reason) { throw Told<LocatedError>(reason, std::size_t{0}); };
  if (!file) {
    refuse({"the file cannot be opened; check that it exists and may be read",
            "파일을 열 수 없습니다. 파일이 있는지, 읽기 권한이 있는지 확인해 주세요"});
  }
  std::string text;
  constexpr std::size_t piece = std::size_t{1} << 16;
  while (file && text.size() <= largest) {
    const std::size_t before = text.size();
    text.resize(before + piece);
    file.read(text.data() + before, static_cast<std::streamsize>(piece));
    text.resize(before + static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) refuse({"the file cannot be read to its end", "파일을 끝까지 읽을 수 없습니다"});
  if (text.size() > largest)
    refuse(in_both("the file is over {} bytes", "파일이 {}바이트보다 큽니다", largest));
  return text;
}

}  // namespace headlight
