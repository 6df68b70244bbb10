#include "core/training/config_object.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/base/errors.h"
#include "core/base/shown_text.h"

namespace headlight {

using nlohmann::json;

ConfigObject::ConfigObject(const json& value, const std::string& path, std::string place)
    : value_(&value), path_(&path), place_(std::move(place)) {
  if (!value.is_object()) {
    throw FileError(fmt::format("{}: '{}' is of type {}, but an object in braces was expected.", path, place_,
                                value.type_name()));
  }
}

void ConfigObject::allow(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : value_->items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      throw FileError(fmt::format("{}: the key '{}' is not known here; known are {}.", *path_,
                                  place_of(printable(key, 80).c_str()), fmt::join(keys, ", ")));
    }
  }
}

bool ConfigObject::has(const char* key) const { return value_->contains(key); }

std::string ConfigObject::text(const char* key) const {
  const json& value = at(key);
  if (!value.is_string() || value.get_ref<const std::string&>().empty())
    fail_value(key, "a text that is not empty");
  return value.get<std::string>();
}

std::string ConfigObject::text_or(const char* key, const std::string& otherwise) const {
  return has(key) ? text(key) : otherwise;
}

std::int64_t ConfigObject::whole(const char* key, std::int64_t least, std::int64_t most) const {
  const json& value = at(key);
  const std::string expected = fmt::format("a whole number from {} to {}", least, most);
  if (!value.is_number_integer()) fail_value(key, expected);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    fail_value(key, expected);
  const auto number = value.get<std::int64_t>();
  if (number < least || number > most) fail_value(key, expected);
  return number;
}

std::int64_t ConfigObject::whole_or(const char* key, std::int64_t otherwise, std::int64_t least,
                                    std::int64_t most) const {
  return has(key) ? whole(key, least, most) : otherwise;
}

double ConfigObject::number(const char* key, double least, double most) const {
  const json& value = at(key);
  const double number = value.is_number() ? value.get<double>() : NAN;
  if (!(number >= least && number <= most))
    fail_value(key, fmt::format("a number from {} to {}", least, most));
  return number;
}

double ConfigObject::number_or(const char* key, double otherwise, double least, double most) const {
  return has(key) ? number(key, least, most) : otherwise;
}

bool ConfigObject::flag_or(const char* key, bool otherwise) const {
  if (!has(key)) return otherwise;
  if (!at(key).is_boolean()) fail_value(key, "true or false");
  return at(key).get<bool>();
}

std::size_t ConfigObject::choice(const char* key, std::initializer_list<std::string_view> names) const {
  const json& value = at(key);
  const auto found = value.is_string()
                         ? std::find(names.begin(), names.end(), value.get_ref<const std::string&>())
                         : names.end();
  if (found == names.end()) fail_value(key, fmt::format("one of {}", fmt::join(names, ", ")));
  return static_cast<std::size_t>(found - names.begin());
}

std::vector<std::string> ConfigObject::texts(const char* key) const {
  const json& value = at(key);
  std::vector<std::string> result;
  const bool is_list = value.is_array() && std::all_of(value.begin(), value.end(), [](const json& item) {
                         return item.is_string() && !item.get_ref<const std::string&>().empty();
                       });
  if (!is_list) fail_value(key, "a list of texts that are not empty");
  for (const json& item : value) result.push_back(item.get<std::string>());
  return result;
}

std::vector<std::int64_t> ConfigObject::wholes(const char* key, std::int64_t least, std::int64_t most) const {
  const json& value = at(key);
  const bool is_list = value.is_array() && std::all_of(value.begin(), value.end(), [&](const json& item) {
                         return item.is_number_integer() &&
                                item.get<double>() >= static_cast<double>(least) &&
                                item.get<double>() <= static_cast<double>(most);
                       });
  if (!is_list) fail_value(key, fmt::format("a list of whole numbers from {} to {}", least, most));
  return value.get<std::vector<std::int64_t>>();
}

ConfigObject ConfigObject::object(const char* key) const { return {at(key), *path_, place_of(key)}; }

std::vector<ConfigObject> ConfigObject::objects(const char* key) const {
  const json& value = at(key);
  if (!value.is_array() || value.empty()) fail_value(key, "a list of one object or more");
  std::vector<ConfigObject> result;
  for (const json& item : value)
    result.emplace_back(item, *path_, fmt::format("{}[{}]", place_of(key), result.size()));
  return result;
}

void ConfigObject::fail(const char* key, const std::string& problem) const {
  throw FileError(fmt::format("{}: '{}' {}", *path_, place_of(key), problem));
}

const json& ConfigObject::at(const char* key) const {
  const auto found = value_->find(key);
  if (found == value_->end()) fail(key, "is missing.");
  return *found;
}

std::string ConfigObject::place_of(const char* key) const {
  return place_.empty() ? key : fmt::format("{}.{}", place_, key);
}

void ConfigObject::fail_value(const char* key, const std::string& expected) const {
  const std::string found = at(key).dump(-1, ' ', false, json::error_handler_t::replace);
  fail(key, fmt::format("is {}, but {} was expected.", printable(found, 80), expected));
}

}  // namespace headlight
