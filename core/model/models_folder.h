// The folder that fetched models lie in: one writer at a time, enough space, whole models or none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/model/catalog.h"

namespace headlight {

// Both throw UserError naming the folder.
void make_folder(const std::filesystem::path& folder);
void remove_folder(const std::filesystem::path& folder);

[[noreturn]] void stop_fetch();  // throws FetchCancelled

// One fetch at a time for a user; the system lets go of the lock when its holder dies. The constructor waits,
// reporting FetchPhase::waiting. Throws UserError and FetchCancelled.
class FetchLock {
 public:
  FetchLock(const std::string& models, const FetchProgress& progress, const IsCancelled& is_cancelled);
  ~FetchLock();
  FetchLock(const FetchLock&) = delete;
  FetchLock& operator=(const FetchLock&) = delete;

 private:
  int descriptor_ = -1;
};

// Throws UserError when the disk of `folder` has not `bytes` and a little to spare.
void require_space(const std::string& model, std::int64_t bytes, const std::filesystem::path& folder);

// Moves the finished folder `from` to models/<name>, in place of what lay there.
void put_in_place(const std::filesystem::path& from, const std::filesystem::path& to);

// What was noted when a model came from a hub, in a file inside its folder.
struct FetchRecord {
  std::string repository, revision, commit;
  std::vector<CatalogFile> files;  // all with size and hash
};
void write_record(const FetchRecord& record, const std::filesystem::path& folder);
// Nothing when there is none, or it cannot be read.
std::optional<FetchRecord> read_record(const std::filesystem::path& folder);

// True when each of the files lies below the folder with its size (any size where it is not known).
bool has_files(const std::filesystem::path& folder, const std::vector<CatalogFile>& files);

// What to open of a model that lies in `folder`: its only file, or the folder; nothing unless has_files.
std::optional<std::string> path_of_files(const std::filesystem::path& folder,
                                         const std::vector<CatalogFile>& files);

}  // namespace headlight
