// Builds the values itself while the parser reads, so that a limit stops it before the memory is taken.
#include "core/base/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/base/shown_text.h"

namespace headlight {
namespace {

// Letters of the text that also say how far the parser has come.
class CountedLetter {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountedLetter(const char* at, std::size_t* count) : at_(at), count_(count) {}
  reference operator*() const { return *at_; }
  CountedLetter& operator++() {
    ++at_;
    ++*count_;
    return *this;
  }
  CountedLetter operator++(int) {
    CountedLetter before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountedLetter& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  std::size_t* count_;
};

// What is wrong, from a message such as "[json.exception.parse_error.101] parse error at line 1, column 5:
// syntax error while parsing value - invalid literal; last read: 'N'".
std::string syntax_reason(std::string_view message) {
  const std::size_t bracket = message.find("] ");
  if (bracket != std::string_view::npos) message.remove_prefix(bracket + 2);
  const std::size_t colon = message.find(": ");
  if (message.substr(0, 11) == "parse error" && colon != std::string_view::npos) {
    message.remove_prefix(colon + 2);
  }
  return printable(message, 200);
}

class StrictBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  StrictBuilder(std::string_view text, const StrictJson& limits) : text_(text), limits_(limits) {}

  nlohmann::json build() {
    if (text_.size() > limits_.largest_text) {
      fail_at(limits_.largest_text, fmt::format("this JSON has {} bytes, but at most {} were expected",
                                                text_.size(), limits_.largest_text));
    }
    std::size_t unused = 0;
    const CountedLetter begin(text_.data(), &read_);
    const CountedLetter end(text_.data() + text_.size(), &unused);
    nlohmann::json::sax_parse(begin, end, this);
    return std::move(root_);
  }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // exists only in binary formats
  bool start_object(std::size_t) override { return open(nlohmann::json::object()); }
  bool start_array(std::size_t) override { return open(nlohmann::json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    const auto placed = open_.back()->emplace(name, nullptr);
    if (!placed.second) {
      fail(fmt::format("the key {} stands twice in one object, but once was expected", in_quotes(name)));
    }
    member_ = &placed.first.value();
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    fail(fmt::format("this is no valid JSON ({})", syntax_reason(error.what())));
  }

 private:
  nlohmann::json& place(nlohmann::json value) {
    if (++values_ > limits_.most_values) {
      fail(fmt::format("this JSON has more than {} values, and no model needs so many", limits_.most_values));
    }
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_object()) return *member_ = std::move(value);
    open_.back()->push_back(std::move(value));
    return open_.back()->back();
  }

  bool add(nlohmann::json value) {
    place(std::move(value));
    return true;
  }

  // A pointer to an open container stays valid: its parent does not grow before it is closed.
  bool open(nlohmann::json container) {
    if (open_.size() >= limits_.deepest) {
      fail(
          fmt::format("this JSON is nested deeper than {} levels, and no model needs that", limits_.deepest));
    }
    open_.push_back(&place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  [[noreturn]] void fail(const std::string& reason) const { fail_at(read_ == 0 ? 0 : read_ - 1, reason); }

  [[noreturn]] void fail_at(std::size_t place, const std::string& reason) const {
    const Bilingual advice = {"The file is damaged; download it again.",
                              "파일이 손상되었으니 다시 내려받아 주세요."};
    if (limits_.first_byte) {
      throw told<FileError>("{0}: at byte {1}: {2}. {3}", "{0}: 바이트 {1} 위치: {3} 자세히: {2}.",
                            limits_.path, *limits_.first_byte + place, reason, advice);
    }
    const std::string_view before = text_.substr(0, place);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    throw told<FileError>("{0}: line {1}, column {2}: {3}. {4}", "{0}: {1}줄 {2}열: {4} 자세히: {3}.",
                          limits_.path, line, place - line_start + 1, reason, advice);
  }

  std::string_view text_;
  const StrictJson& limits_;
  std::size_t read_ = 0;  // letters
  std::size_t values_ = 0;
  nlohmann::json root_;
  std::vector<nlohmann::json*> open_;  // the objects and arrays around the next value
  nlohmann::json* member_ = nullptr;   // where the value of the last key belongs
};

}  // namespace

nlohmann::json parse_strict_json(std::string_view text, const StrictJson& limits) {
  return StrictBuilder(text, limits).build();
}

nlohmann::json parse_strict_object(std::string_view text, const StrictJson& limits) {
  nlohmann::json value = parse_strict_json(text, limits);
  if (!value.is_object()) {
    throw told<FileError>("{}: this JSON is of type {}, but an object in braces was expected.",
                          "{}: 이 JSON의 종류는 {}인데, 중괄호로 묶은 객체여야 합니다.", limits.path,
                          value.type_name());
  }
  return value;
}

}  // namespace headlight
