// Fetches a model from the hub: its list of files, then each of them, then the whole folder into its place.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "core/base/byte_reader.h"
#include "core/base/http_download.h"
#include "core/base/said_in_both.h"
#include "core/base/sha256.h"
#include "core/model/fetch_steps.h"
#include "core/model/hub_files.h"
#include "core/model/models_folder.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t largest_listing = 32 << 20;
constexpr const char* partial_folder = ".partial";  // inside the models folder; kept when a fetch stops

// Where the terms of a repository are read and accepted.
std::string page(const HubSettings& settings, const HubSource& source) {
  return settings.endpoint + "/" + source.repository;
}

[[noreturn]] void ask_for_permission(const HubSettings& settings, const HubSource& source) {
  if (settings.token.empty()) {
    throw told<UserError>(
        "{} is gated: its owner wants its terms accepted first. Open {} in a browser and accept them, make a "
        "token on {}/settings/tokens, set HF_TOKEN to it, and fetch again.",
        "{} 저장소는 먼저 이용 조건에 동의해야 받을 수 있습니다. 브라우저에서 {} 페이지를 열어 동의하고, "
        "{}/settings/tokens에서 토큰을 만들어 HF_TOKEN에 지정한 뒤 다시 내려받아 주세요.",
        source.repository, page(settings, source), settings.endpoint);
  }
  if (settings.http.token.empty()) {
    throw told<UserError>(
        "{} needs a token, but HF_ENDPOINT is {}: a token is only sent over https.",
        "{} 저장소는 토큰이 필요한데, HF_ENDPOINT의 값이 {}입니다. 토큰은 https로만 보냅니다.",
        source.repository, settings.endpoint);
  }
  throw told<UserError>(
      "{} did not let this token in. Open {} in a browser with the token's account, accept the terms, see "
      "that the token may read gated repositories, and fetch again.",
      "{} 저장소가 이 토큰을 받아들이지 않았습니다. 토큰의 계정으로 브라우저에서 {} 페이지를 열어 이용 "
      "조건에 동의하고, 토큰에 제한된(gated) 저장소를 읽을 권한이 있는지 확인한 뒤 다시 내려받아 주세요.",
      source.repository, page(settings, source));
}

// The error of a transfer in terms of the model. Called where it was caught.
[[noreturn]] void explain(const HttpError& error, const HubSettings& settings, const HubSource& source,
                          const std::string& file) {
  const bool refused = error.status == 401 || error.status == 403;
  if (refused && (error.error_code == "GatedRepo" || source.gated)) ask_for_permission(settings, source);
  if (error.error_code == "RevisionNotFound" || (error.status == 404 && file.empty())) {
    throw told<UserError>(
        "{} has no repository {} with a revision '{}' (404). Check the spelling on {}.",
        "{}: 없는 저장소나 리비전입니다(404): 저장소 {}, 리비전 '{}'. {}에서 철자를 확인해 주세요.",
        settings.endpoint, source.repository, source.revision, settings.endpoint);
  }
  if (error.status == 404) {
    throw told<UserError>(
        "{} has no file '{}' at {} (404). Fetch again, or choose another revision.",
        "{} 저장소에 '{}' 파일이 없습니다(리비전: {}, 404). 다시 내려받거나 다른 리비전을 골라 주세요.",
        source.repository, file, source.revision);
  }
  if (refused && settings.http.token.empty()) {
    throw told<UserError>(
        "{} answered {}: there is no repository {}, or it is not open to everybody. Check the spelling, or "
        "set HF_TOKEN to a token that may read it.",
        "{} 서버가 {} 상태로 답했습니다: {} 저장소가 없거나 공개되지 않았습니다. 철자를 확인하거나, 읽을 수 "
        "있는 토큰을 HF_TOKEN에 지정해 주세요.",
        settings.endpoint, error.status, source.repository);
  }
  if (refused) {
    throw told<UserError>(
        "{} answered {} for {}: the token is not valid, or may not read it. Check HF_TOKEN.",
        "{} 서버가 {} 상태로 답했습니다(저장소: {}). 토큰이 올바르지 않거나 읽을 권한이 없습니다. HF_TOKEN을 "
        "확인해 주세요.",
        settings.endpoint, error.status, source.repository);
  }
  if (error.status == 429) {
    throw told<UserError>(
        "{} asks us to wait (429). Try again in some minutes, or set HF_TOKEN.",
        "{} 서버가 기다려 달라고 합니다(429). 몇 분 뒤에 다시 시도하거나 HF_TOKEN을 지정해 주세요.",
        settings.endpoint);
  }
  if (error.problem == HttpProblem::unreachable) {
    throw told<UserError>(
        "{} A mirror can be named in HF_ENDPOINT; a folder that you already have is opened by its path.",
        "{} 미러는 HF_ENDPOINT에 지정할 수 있고, 이미 받아 둔 폴더는 그 경로로 열 수 있습니다.", said(error));
  }
  throw;  // as it is: with both of its languages
}

// A page of words in place of a file, as login pages of networks are, is seen here.
void require_format(const fs::path& path) {
  const std::string ending = path.extension().string();
  std::ifstream file(path, std::ios::binary);
  std::array<char, 64> head{};
  file.read(head.data(), head.size());
  const std::string_view bytes(head.data(), static_cast<std::size_t>(file.gcount()));
  if (ending == ".json") {
    const std::size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || (bytes[first] != '{' && bytes[first] != '['))
      throw told<FileError>(
          "{}: what arrived is not JSON; something on the way answers for the hub.",
          "{}: 받은 것이 JSON이 아닙니다. 중간의 다른 무언가(로그인 페이지 등)가 허브 대신 답하고 있습니다.",
          path.string());
  }
  if (ending == ".safetensors") {
    const std::uintmax_t size = fs::file_size(path);
    const std::uint64_t header =
        bytes.size() > 8 ? little_endian<std::uint64_t>(std::as_bytes(std::span(bytes)).data()) : 0;
    if (bytes.size() < 9 || header < 2 || header > size - 8 || bytes[8] != '{')
      throw told<FileError>("{}: what arrived is not a safetensors file.",
                            "{}: 받은 것이 safetensors 파일이 아닙니다.", path.string());
  }
}

class HubFetch {
 public:
  HubFetch(const CatalogEntry& entry, const HubSettings& settings, const FetchProgress& progress,
           const IsCancelled& is_cancelled)
      : source_(*entry.hub()), settings_(settings), progress_(progress), is_cancelled_(is_cancelled) {}

  HubListing ask() const {
    progress_({.phase = FetchPhase::preparing});
    const std::string url = listing_address(settings_.endpoint, source_);
    try {
      const std::string answer = http_get(url, largest_listing, settings_.http, [&](auto, auto) {
        if (is_cancelled_()) stop_fetch();
      });
      return parse_listing(answer, shown_address(url));
    } catch (const HttpError& error) {
      explain(error, settings_, source_, {});
    }
  }

  // Fetches what is not there yet into `folder`; fills in sizes and hashes.
  void get_files(std::vector<CatalogFile>& files, const std::string& commit, const fs::path& folder) const {
    std::int64_t total = 0;
    for (const CatalogFile& file : files) total += file.bytes;
    std::int64_t before = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
      CatalogFile& file = files[i];
      const auto report = [&](std::int64_t done, std::int64_t) {
        if (is_cancelled_()) stop_fetch();
        progress_({FetchPhase::downloading, before + done, std::max(total, before + done), file.path,
                   static_cast<int>(i) + 1, static_cast<int>(files.size())});
      };
      const fs::path path = folder / file.path;
      make_folder(path.parent_path());
      if (is_there(file, path, report)) {
        before += file.bytes;
        continue;
      }
      try {
        file.sha256 = http_download({file_address(settings_.endpoint, source_.repository, commit, file.path),
                                     path.string(), file.bytes, file.sha256},
                                    settings_.http, report);
      } catch (const HttpError& error) {
        explain(error, settings_, source_, file.path);
      }
      require_format_or_remove(path);
      file.bytes = static_cast<std::int64_t>(fs::file_size(path));
      before += file.bytes;
    }
  }

 private:
  // True when an earlier fetch finished this file; fills in its hash. A file that differs is removed.
  template <typename Report>
  static bool is_there(CatalogFile& file, const fs::path& path, const Report& report) {
    std::error_code error;
    if (!fs::exists(path, error)) return false;
    if (file.bytes > 0 && fs::file_size(path, error) == static_cast<std::uintmax_t>(file.bytes)) {
      const std::string found = sha256_of_file(path.string(), [&](std::int64_t done) { report(done, 0); });
      if (file.sha256.empty()) file.sha256 = found;
      if (file.sha256 == found) return true;
    }
    fs::remove(path, error);
    return false;
  }

  static void require_format_or_remove(const fs::path& path) {
    try {
      require_format(path);
    } catch (const FileError&) {
      std::error_code ignored;
      fs::remove(path, ignored);
      throw;
    }
  }

  const HubSource& source_;
  const HubSettings& settings_;
  const FetchProgress& progress_;
  const IsCancelled& is_cancelled_;
};

// The folder for this commit; what was fetched of another one is removed.
fs::path partial_of(const CatalogEntry& entry, const std::string& models, const std::string& commit) {
  const fs::path all = fs::path(models) / partial_folder / entry.folder_name();
  make_folder(all / commit);
  for (const auto& other : fs::directory_iterator(all)) {
    if (other.path().filename() != commit) remove_folder(other.path());
  }
  return all / commit;
}

std::int64_t bytes_below(const fs::path& folder) {
  std::int64_t sum = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) sum += static_cast<std::int64_t>(file.file_size());
  }
  return sum;
}

}  // namespace

std::string fetch_from_hub(const CatalogEntry& entry, const std::string& models, const HubSettings& settings,
                           const FetchProgress& progress, const IsCancelled& is_cancelled) {
  if (auto path = installed_path(entry, models)) return *path;
  const HubSource& source = *entry.hub();
  if (settings.offline) {
    throw told<UserError>(
        "{} is not here, and HF_HUB_OFFLINE forbids asking for it. Unset it and try again.",
        "{} 모델이 없는데, HF_HUB_OFFLINE 설정 때문에 받을 수도 없습니다. 설정을 지우고 다시 시도해 주세요.",
        entry.name);
  }
  make_folder(models);
  const FetchLock lock(models, progress, is_cancelled);
  if (auto path = installed_path(entry, models)) return *path;  // whoever held the lock has fetched it

  const HubFetch hub(entry, settings, progress, is_cancelled);
  const HubListing listing = hub.ask();
  FetchRecord record{source.repository, source.revision, listing.commit, files_of_model(listing, entry)};
  if (listing.gated && settings.http.token.empty()) ask_for_permission(settings, source);
  const fs::path partial = partial_of(entry, models, listing.commit);
  std::int64_t needed = 0;
  for (const CatalogFile& file : record.files) needed += file.bytes;
  require_space(entry.name, std::max<std::int64_t>(0, needed - bytes_below(partial)), models);
  hub.get_files(record.files, listing.commit, partial);
  write_record(record, partial);
  const fs::path target = fs::path(models) / entry.folder_name();
  put_in_place(partial, target);
  std::error_code ignored;
  fs::remove(partial.parent_path(), ignored);
  fs::remove(partial.parent_path().parent_path(), ignored);
  return target.string();
}

}  // namespace headlight
