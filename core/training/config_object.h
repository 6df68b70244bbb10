// One object of a training config, which people write: every key is known, and every message names the key.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

// All throw FileError: the file, the key with its place ("data.sources[2].repeat"), what was found, what was
// expected.
class ConfigObject {
 public:
  // `place` is where the object stands, "" for the whole file. The value and the path outlive this.
  ConfigObject(const nlohmann::json& value, const std::string& path, std::string place);

  const std::string& path() const { return *path_; }
  void allow(std::initializer_list<std::string_view> keys) const;  // no other key may stand there
  bool has(const char* key) const;

  std::string text(const char* key) const;  // not empty
  std::string text_or(const char* key, const std::string& otherwise) const;
  std::int64_t whole(const char* key, std::int64_t least, std::int64_t most) const;
  std::int64_t whole_or(const char* key, std::int64_t otherwise, std::int64_t least, std::int64_t most) const;
  double number(const char* key, double least, double most) const;
  double number_or(const char* key, double otherwise, double least, double most) const;
  bool flag_or(const char* key, bool otherwise) const;
  std::size_t choice(const char* key, std::initializer_list<std::string_view> names) const;  // its place

  std::vector<std::int64_t> wholes(const char* key, std::int64_t least, std::int64_t most) const;
  std::vector<std::string> texts(const char* key) const;  // none of them empty
  ConfigObject object(const char* key) const;
  std::vector<ConfigObject> objects(const char* key) const;  // at least one

  [[noreturn]] void fail(const char* key, const std::string& problem) const;

 private:
  const nlohmann::json& at(const char* key) const;
  std::string place_of(const char* key) const;
  [[noreturn]] void fail_value(const char* key, const std::string& expected) const;

  const nlohmann::json* value_;
  const std::string* path_;
  std::string place_;
};

}  // namespace headlight
