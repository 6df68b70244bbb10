// The sentences about a damaged JSON file.
#include "core/text/json_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/text/tokenizer.h"

namespace headlight {

void JsonField::fail(std::string_view problem) const {
  throw told<FileError>(
      "{0}: '{1}' {2}. The file is damaged or of a kind that this program does not read; download it again "
      "or "
      "open another one.",
      "{0}: 토크나이저의 '{1}' 항목을 읽을 수 없습니다. 파일이 손상되었거나 이 프로그램이 읽지 않는 "
      "종류이니, 다시 내려받거나 다른 파일을 열어 주세요. 자세히: {2}.",
      *path_, visible_bytes(place_), problem);
}

void JsonField::fail_type(std::string_view expected) const {
  fail(fmt::format("is a {}, not {}", value_->type_name(), expected));
}

void JsonField::fail_unknown(std::string_view known) const {
  const std::string found = value_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  fail(fmt::format("is {}; this program knows {}", visible_bytes(std::string_view(found).substr(0, 80)),
                   known));
}

JsonField JsonField::at(const char* key) const {
  if (!value_->is_object()) fail_type("an object");
  const auto found = value_->find(key);
  if (found == value_->end()) fail(fmt::format("has no '{}'", key));
  return {*found, *path_, place_ + "." + key};
}

std::optional<JsonField> JsonField::find(const char* key) const {
  if (!value_->is_object()) fail_type("an object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return JsonField{*found, *path_, place_ + "." + key};
}

const std::string& JsonField::text() const {
  if (!value_->is_string()) fail_type("a string");
  return value_->get_ref<const std::string&>();
}

bool JsonField::flag() const {
  if (!value_->is_boolean()) fail_type("true or false");
  return value_->get<bool>();
}

std::int64_t JsonField::integer() const {
  const bool fits = value_->is_number_unsigned()
                        ? value_->get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max()
                        : value_->is_number_integer();
  if (!fits) fail_type("an integer");
  return value_->get<std::int64_t>();
}

double JsonField::number() const {
  if (!value_->is_number()) fail_type("a number");
  const double value = value_->get<double>();
  if (!std::isfinite(value)) fail("is not a finite number");
  return value;
}

const nlohmann::json& JsonField::object() const {
  if (!value_->is_object()) fail_type("an object");
  return *value_;
}

const nlohmann::json& JsonField::array() const {
  if (!value_->is_array()) fail_type("an array");
  return *value_;
}

std::vector<JsonField> JsonField::items() const {
  std::vector<JsonField> result;
  for (const nlohmann::json& item : array())
    result.push_back({item, *path_, fmt::format("{}[{}]", place_, result.size())});
  return result;
}

std::string JsonField::text_or(const char* key, const char* otherwise) const {
  const auto field = find(key);
  return field ? field->text() : otherwise;
}

bool JsonField::flag_or(const char* key, bool otherwise) const {
  const auto field = find(key);
  return field ? field->flag() : otherwise;
}

nlohmann::json parse_json(const std::string& text, const std::string& path, const char* name) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw told<FileError>("{}: {} is not JSON: {}. The file is damaged; download it again.",
                          "{}: {} 파일이 JSON이 아닙니다: {}. 파일이 손상되었으니 다시 내려받아 주세요.",
                          path, name, visible_bytes(error.what()));
  }
}

}  // namespace headlight
