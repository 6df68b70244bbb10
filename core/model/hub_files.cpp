#include "core/model/hub_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/relative_path.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t most_files = 20000;
constexpr std::int64_t largest_file = std::int64_t{1} << 40;
constexpr std::uintmax_t largest_index = 64 << 20;
constexpr const char* weights_name = "model.safetensors";
constexpr const char* index_name = "model.safetensors.index.json";

// Everything beside the weights that says how the model and its tokenizer work.
constexpr std::array side_files = {"config.json",
                                   "generation_config.json",
                                   "tokenizer.json",
                                   "tokenizer_config.json",
                                   "special_tokens_map.json",
                                   "added_tokens.json",
                                   "chat_template.jinja",
                                   "vocab.json",
                                   "vocab.txt",
                                   "merges.txt",
                                   "spiece.model",
                                   "tokenizer.model",
                                   "sentencepiece.bpe.model",
                                   "source.spm",
                                   "target.spm",
                                   "modules.json",
                                   "sentence_bert_config.json",
                                   "config_sentence_transformers.json",
                                   "1_Pooling/config.json",
                                   "2_Dense/config.json",
                                   "2_Dense/model.safetensors"};

constexpr std::array tokenizer_files = {"tokenizer.json", "vocab.txt",       "vocab.json",
                                        "spiece.model",   "tokenizer.model", "sentencepiece.bpe.model",
                                        "source.spm"};

bool is_hexadecimal(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_word(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= 96 && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

// Everything but letters, digits and -._~ as %XX; a slash stays where it separates folders.
std::string percent_encoded(std::string_view text, bool keep_slash) {
  std::string encoded;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    const bool plain = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
                       (code >= '0' && code <= '9') || code == '-' || code == '.' || code == '_' ||
                       code == '~';
    if (plain || (keep_slash && letter == '/')) {
      encoded += letter;
    } else {
      encoded += fmt::format("%{:02X}", code);
    }
  }
  return encoded;
}

// "model-00001-of-00003.safetensors"
bool is_part_of_weights(std::string_view name) {
  constexpr std::string_view begin = "model-";
  constexpr std::string_view end = ".safetensors";
  if (name.size() != begin.size() + 14 + end.size() || name.substr(0, begin.size()) != begin ||
      name.substr(name.size() - end.size()) != end)
    return false;
  const std::string_view middle = name.substr(begin.size(), 14);  // "00001-of-00003"
  const auto digits = [](std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return digits(middle.substr(0, 5)) && middle.substr(5, 4) == "-of-" && digits(middle.substr(9));
}

CatalogFile parse_file(const json& object, const std::string& where) {
  const auto text = [&](const json& parent, const char* name) -> std::string {
    const auto found = parent.find(name);
    return found != parent.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto size = [&](const json& parent) -> std::int64_t {
    const auto found = parent.find("size");
    if (found == parent.end() || !found->is_number_integer()) return 0;
    return *found >= 0 && *found <= largest_file ? found->get<std::int64_t>() : 0;
  };
  if (!object.is_object()) {
    throw told<FileError>("{}: a file that is no JSON object.", "{}: 파일 항목이 JSON 객체가 아닙니다.",
                          where);
  }
  CatalogFile file;
  file.path = text(object, "rfilename");
  if (!is_plain_relative_path(file.path)) {
    throw told<FileError>("{}: lists a file that is no relative path.",
                          "{}: 파일 목록에 상대 경로가 아닌 것이 있습니다.", where);
  }
  file.bytes = size(object);
  if (const auto large = object.find("lfs"); large != object.end() && large->is_object()) {
    if (const std::int64_t bytes = size(*large); bytes > 0) file.bytes = bytes;
    std::string hash = text(*large, "sha256");
    if (hash.empty()) hash = text(*large, "oid");
    if (is_hexadecimal(hash, 64)) file.sha256 = hash;
  }
  return file;
}

const CatalogFile* find_file(const std::vector<CatalogFile>& files, std::string_view path) {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const CatalogFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

// Says what there is instead of safetensors, and what to do.
[[noreturn]] void refuse_weights(const HubListing& listing, const HubSource& source) {
  const auto any = [&](std::string_view ending) {
    return std::any_of(listing.files.begin(), listing.files.end(), [&](const CatalogFile& file) {
      return file.path.size() > ending.size() && file.path.substr(file.path.size() - ending.size()) == ending;
    });
  };
  const Bilingual name = in_both("{} at {}", "{} (리비전 {})", source.repository, source.revision);
  if (any(".gguf")) {
    throw told<UserError>(
        "{} holds GGUF files and no model.safetensors. Download the one that you want and open it by its "
        "path.",
        "{} 저장소에는 model.safetensors가 없고 GGUF 파일만 있습니다. 원하는 파일을 내려받아 그 경로로 열어 "
        "주세요.",
        name);
  }
  if (any(".bin") || any(".pt") || any(".pth")) {
    const std::string convert = fmt::format(
        "python3 -c \"import transformers as t; r='{0}'; c=t.AutoConfig.from_pretrained(r); getattr(t, "
        "c.architectures[0]).from_pretrained(r).save_pretrained('converted'); "
        "t.AutoTokenizer.from_pretrained(r).save_pretrained('converted')\"",
        source.repository);
    throw told<UserError>(
        "{0} holds its weights only as a Python pickle (.bin), which can run code when it is opened and is "
        "never read. Convert it once where you trust it, with Python's transformers: {2}, then open the "
        "folder 'converted'. Or look on its page for a revision with model.safetensors: hf:{1}@REVISION.",
        "{0} 저장소의 가중치는 Python pickle(.bin)뿐입니다. pickle은 열 때 코드를 실행할 수 있어 읽지 "
        "않습니다. 믿을 수 있는 곳에서 Python의 transformers로 한 번 변환한 다음 'converted' 폴더를 열어 "
        "주세요: {2}. 또는 저장소 페이지에서 model.safetensors가 있는 리비전을 찾아 주세요: hf:{1}@REVISION.",
        name, source.repository, convert);
  }
  throw told<UserError>("{} holds no model.safetensors, so there is nothing to run.",
                        "{} 저장소에는 model.safetensors가 없어 실행할 것이 없습니다.", name);
}

void apply_pins(CatalogFile& file, const CatalogFile& pinned) {
  if ((pinned.bytes > 0 && file.bytes > 0 && pinned.bytes != file.bytes) ||
      (!pinned.sha256.empty() && !file.sha256.empty() && pinned.sha256 != file.sha256)) {
    throw told<UserError>(
        "The hub's '{}' has {} bytes and SHA-256 {}, the catalog expects {} and {}; nothing was fetched.",
        "허브의 '{}' 파일은 {}바이트(SHA-256 {})인데, 모델 목록에는 {}바이트(SHA-256 {})로 적혀 있어 "
        "내려받지 않았습니다.",
        file.path, file.bytes, file.sha256, pinned.bytes, pinned.sha256);
  }
  if (pinned.bytes > 0) file.bytes = pinned.bytes;
  if (!pinned.sha256.empty()) file.sha256 = pinned.sha256;
}

// The names of the parts that an index of weights lists.
std::set<std::string> parts_of_index(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > largest_index) return {};
  std::ifstream file(path, std::ios::binary);
  const json index = json::parse(std::string(std::istreambuf_iterator<char>(file), {}), nullptr, false);
  std::set<std::string> parts;
  if (!index.is_object()) return parts;
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object()) return parts;
  for (const auto& [tensor, part] : map->items()) {
    if (part.is_string()) parts.insert(part.get<std::string>());
  }
  return parts;
}

bool is_whole_model(const fs::path& folder) {
  const auto has = [&](const std::string& name) {
    std::error_code error;
    return is_plain_relative_path(name) && fs::is_regular_file(folder / name, error);
  };
  if (!has("config.json")) return false;
  if (std::none_of(tokenizer_files.begin(), tokenizer_files.end(), has)) return false;
  if (has(weights_name)) return true;
  if (!has(index_name)) return false;
  const std::set<std::string> parts = parts_of_index(folder / index_name);
  return !parts.empty() && std::all_of(parts.begin(), parts.end(), has);
}

}  // namespace

bool is_repository(std::string_view name) {
  const std::size_t slash = name.find('/');
  return slash != std::string_view::npos && is_word(name.substr(0, slash)) && is_word(name.substr(slash + 1));
}

bool is_revision(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == '/';
  };
  return is_plain_relative_path(name) && name.size() <= 200 && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), fits);
}

std::string listing_address(const std::string& endpoint, const HubSource& source) {
  return fmt::format("{}/api/models/{}/revision/{}?blobs=true", endpoint,
                     percent_encoded(source.repository, true), percent_encoded(source.revision, false));
}

std::string file_address(const std::string& endpoint, const std::string& repository,
                         const std::string& commit, const std::string& path) {
  return fmt::format("{}/{}/resolve/{}/{}", endpoint, percent_encoded(repository, true),
                     percent_encoded(commit, false), percent_encoded(path, true));
}

HubListing parse_listing(std::string_view text, const std::string& where) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) {
    throw told<FileError>("{}: the answer is not the JSON of a model hub.",
                          "{}: 받은 답이 모델 허브의 JSON이 아닙니다.", where);
  }
  HubListing listing;
  const auto commit = all.find("sha");
  if (commit == all.end() || !commit->is_string() ||
      !is_hexadecimal(commit->get_ref<const std::string&>(), 40))
    throw told<FileError>("{}: the answer names no commit.", "{}: 받은 답에 커밋이 없습니다.", where);
  listing.commit = commit->get<std::string>();
  if (const auto gated = all.find("gated"); gated != all.end())
    listing.gated = gated->is_string() || (gated->is_boolean() && gated->get<bool>());
  const auto siblings = all.find("siblings");
  if (siblings == all.end() || !siblings->is_array() || siblings->size() > most_files)
    throw told<FileError>("{}: the answer lists no files, or too many.",
                          "{}: 받은 답에 파일 목록이 없거나 너무 깁니다.", where);
  for (const json& object : *siblings) listing.files.push_back(parse_file(object, where));
  return listing;
}

std::vector<CatalogFile> files_of_model(const HubListing& listing, const CatalogEntry& entry) {
  const HubSource& source = *entry.hub();
  std::vector<CatalogFile> chosen;
  if (!entry.files.empty()) {
    for (const CatalogFile& pinned : entry.files) {
      const CatalogFile* file = find_file(listing.files, pinned.path);
      if (!file)
        throw told<UserError>("{} has no file '{}' any more.", "{} 저장소에 '{}' 파일이 더는 없습니다.",
                              source.repository, pinned.path);
      chosen.push_back(*file);
      apply_pins(chosen.back(), pinned);
    }
    return chosen;
  }
  for (const char* name : side_files) {
    if (const CatalogFile* file = find_file(listing.files, name)) chosen.push_back(*file);
  }
  const bool has_weights = find_file(listing.files, weights_name) != nullptr;
  const CatalogFile* index = find_file(listing.files, index_name);
  if (has_weights) {
    chosen.push_back(*find_file(listing.files, weights_name));
  } else if (index) {
    chosen.push_back(*index);
    for (const CatalogFile& file : listing.files) {
      if (is_part_of_weights(file.path)) chosen.push_back(file);
    }
  } else {
    refuse_weights(listing, source);
  }
  if (!find_file(chosen, "config.json")) {
    throw told<UserError>("{} has weights but no config.json, so nobody can know what they mean.",
                          "{} 저장소에는 가중치만 있고 config.json이 없어 어떤 모델인지 알 수 없습니다.",
                          source.repository);
  }
  return chosen;
}

std::optional<std::string> find_in_hub_cache(const CatalogEntry& entry, const std::string& cache) {
  const HubSource* source = entry.hub();
  if (!source || cache.empty()) return std::nullopt;
  std::string name = "models--" + source->repository;
  name.replace(name.find('/'), 1, "--");
  const fs::path folder = fs::path(cache) / name;
  std::string commit = source->revision;
  if (!is_hexadecimal(commit, 40)) {
    std::ifstream reference(folder / "refs" / source->revision);
    commit.clear();
    reference >> commit;
  }
  if (!is_hexadecimal(commit, 40)) return std::nullopt;
  const fs::path snapshot = folder / "snapshots" / commit;
  const auto whole = [&] {
    if (entry.files.empty()) return is_whole_model(snapshot);
    return std::all_of(entry.files.begin(), entry.files.end(), [&](const CatalogFile& file) {
      std::error_code error;
      const auto size = fs::file_size(snapshot / file.path, error);
      return !error && (file.bytes == 0 || size == static_cast<std::uintmax_t>(file.bytes));
    });
  };
  return whole() ? std::optional(snapshot.string()) : std::nullopt;
}

}  // namespace headlight
