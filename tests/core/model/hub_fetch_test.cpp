// Fetching from a model hub, against a small one on the loopback interface.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "core/model/fetch_steps.h"
#include "core/model/find_model.h"
#include "core/model/hub_files.h"
#include "core/model/models_folder.h"
#include "tests/core/base/loopback_server.h"
#include "tests/core/model/fake_wheel.h"
#include "tests/core/refusals.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const FetchProgress silent = [](const FetchState&) {};
const IsCancelled never = [] { return false; };
const std::string commit(40, 'c');

// The header of a safetensors file, and numbers that do not matter here.
std::string safetensors_bytes() {
  const std::string header = "{\"__metadata__\":{}}";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  return bytes + header + model_bytes();
}

// A hub that knows one repository, owner/tiny: its large file lies on another server, as on the real one.
class HubFetch : public testing::Test {
 protected:
  void SetUp() override {
    setenv("no_proxy", "127.0.0.1,localhost", 1);  // a proxy of this machine has no part in it
    settings_.endpoint = hub_.url("");
    settings_.http.tries = 1;
    settings_.http.pause = std::chrono::milliseconds(10);
    settings_.http.stall_limit = std::chrono::milliseconds(300);
    HubSource source;
    source.repository = "owner/tiny";
    entry_.name = "tiny";
    entry_.source = source;
  }

  json listing() const {
    json files = json::array();
    for (const auto& [path, bytes] : files_) {
      json file = {{"rfilename", path}, {"size", bytes.size()}};
      if (path == "model.safetensors") file["lfs"] = {{"sha256", sha256_of(bytes)}, {"size", bytes.size()}};
      files.push_back(file);
    }
    return {{"id", "owner/tiny"},
            {"sha", commit},
            {"gated", gated_ ? json("manual") : json(false)},
            {"siblings", files}};
  }

  ServedAnswer answer(const ServedRequest& request) const {
    if (override_) {
      if (auto special = override_(request)) return *special;
    }
    if (request.path == "/api/models/owner/tiny/revision/main?blobs=true") return {.body = listing().dump()};
    const std::string folder = "/owner/tiny/resolve/" + commit + "/";
    if (request.path.rfind(folder, 0) != 0)
      return {.status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}}, .body = "no such thing"};
    const std::string path = request.path.substr(folder.size());
    if (path == "model.safetensors")
      return {.status = 302, .headers = {{"Location", store_.url("/blob?Signature=secret")}}};
    const auto found = files_.find(path);
    if (found == files_.end()) return {.status = 404, .headers = {{"X-Error-Code", "EntryNotFound"}}};
    return {.headers = {{"ETag", "\"small\""}}, .body = found->second};
  }

  std::string fetch_it() { return fetch_from_hub(entry_, models_.string(), settings_, silent, never); }

  std::string refusal() {
    const std::string message = message_in_both_of<UserError>([&] { fetch_it(); });
    EXPECT_NE(message, "") << "nothing was thrown";
    EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
    EXPECT_FALSE(fs::exists(models_ / "tiny"));
    return message;
  }

  ScratchFolder folder_;
  fs::path models_ = folder_.path() / "models";
  std::map<std::string, std::string> files_ = {{".gitattributes", "*.bin"},
                                               {"README.md", "# words"},
                                               {"config.json", "{\"model_type\": \"tiny\"}"},
                                               {"tokenizer.json", "{\"model\": {}}"},
                                               {"1_Pooling/config.json", "{}"},
                                               {"model.safetensors", safetensors_bytes()},
                                               {"pytorch_model.bin", model_bytes()},
                                               {"onnx/model.onnx", model_bytes()}};
  bool gated_ = false;
  std::function<std::optional<ServedAnswer>(const ServedRequest&)> override_;
  LoopbackServer store_{[this](const ServedRequest& request) {
    if (store_override_) return store_override_(request);
    return serve_file(request, files_.at("model.safetensors"), "\"weights\"");
  }};
  std::function<ServedAnswer(const ServedRequest&)> store_override_;
  LoopbackServer hub_{[this](const ServedRequest& request) { return answer(request); }};
  HubSettings settings_;
  CatalogEntry entry_;
};

TEST_F(HubFetch, TakesWhatMakesAModelAndNothingElse) {
  std::vector<FetchState> seen;
  const std::string path = fetch_from_hub(
      entry_, models_.string(), settings_, [&](const FetchState& state) { seen.push_back(state); }, never);
  EXPECT_EQ(path, (models_ / "tiny").string());
  for (const char* name : {"config.json", "tokenizer.json", "1_Pooling/config.json", "model.safetensors"})
    EXPECT_EQ(read_all(fs::path(path) / name), files_.at(name)) << name;
  for (const char* name : {"README.md", "pytorch_model.bin", "onnx"})
    EXPECT_FALSE(fs::exists(fs::path(path) / name)) << name;
  EXPECT_EQ(installed_path(entry_, models_.string()), path);
  EXPECT_FALSE(fs::exists(models_ / ".partial"));
  EXPECT_EQ(seen.back().file, "model.safetensors");
  EXPECT_EQ(seen.back().file_number, 4);
  EXPECT_EQ(seen.back().file_count, 4);
  EXPECT_EQ(seen.back().done, seen.back().total);

  const std::size_t before = hub_.requests().size();
  EXPECT_EQ(fetch_it(), path);
  EXPECT_EQ(hub_.requests().size(), before) << "what is here is not asked for again";
}

TEST_F(HubFetch, CheckComparesWithWhatWasNoted) {
  const std::string path = fetch_it();
  const auto checked = check_installed(entry_, path);
  ASSERT_EQ(checked.size(), 4U);
  for (const CheckedFile& file : checked) {
    EXPECT_EQ(file.compared_with, ComparedWith::record);
    EXPECT_EQ(file.sha256, sha256_of(files_.at(file.path)));
  }
  std::string damaged = files_.at("model.safetensors");
  damaged[100] = static_cast<char>(damaged[100] ^ 1);
  write_all(fs::path(path) / "model.safetensors", damaged);
  EXPECT_NE(message_of<FileError>([&] { check_installed(entry_, path); }).find("is damaged"),
            std::string::npos);
  write_all(fs::path(path) / "model.safetensors", "short");
  EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
}

TEST_F(HubFetch, TakesTheShardsOfAnIndex) {
  files_.erase("model.safetensors");
  files_["model.safetensors.index.json"] = R"({"weight_map": {"a": "model-00001-of-00002.safetensors"}})";
  files_["model-00001-of-00002.safetensors"] = safetensors_bytes();
  files_["model-00002-of-00002.safetensors"] = safetensors_bytes() + "x";
  files_["consolidated.safetensors"] = "not this one";
  const fs::path path = fetch_it();
  EXPECT_EQ(read_all(path / "model-00002-of-00002.safetensors"), safetensors_bytes() + "x");
  EXPECT_TRUE(fs::exists(path / "model.safetensors.index.json"));
  EXPECT_FALSE(fs::exists(path / "consolidated.safetensors"));
}

TEST_F(HubFetch, APickleAloneIsRefusedWithTheWayToConvertIt) {
  files_.erase("model.safetensors");
  const std::string message = refusal();
  EXPECT_NE(message.find("pickle"), std::string::npos) << message;
  EXPECT_NE(message.find("save_pretrained('converted')"), std::string::npos) << message;
  EXPECT_EQ(hub_.requests().size(), 1U) << "nothing is downloaded then";
  files_.erase("pytorch_model.bin");
  EXPECT_NE(refusal().find("no model.safetensors"), std::string::npos);
  files_["tiny.Q4_0.gguf"] = "GGUF";
  EXPECT_NE(refusal().find("GGUF"), std::string::npos);
}

TEST_F(HubFetch, TheTokenGoesToTheHubAndNotToItsStore) {
  settings_.token = settings_.http.token = "hf_secret";
  fetch_it();
  for (const ServedRequest& request : hub_.requests())
    EXPECT_EQ(request.header("authorization"), "Bearer hf_secret") << request.path;
  ASSERT_FALSE(store_.requests().empty());
  for (const ServedRequest& request : store_.requests()) EXPECT_EQ(request.header("authorization"), "");
}

TEST_F(HubFetch, AGatedRepositorySaysWhatToDo) {
  gated_ = true;
  std::string message = refusal();
  EXPECT_NE(message.find("is gated"), std::string::npos) << message;
  EXPECT_NE(message.find(hub_.url("/owner/tiny")), std::string::npos) << message;
  EXPECT_NE(message.find("HF_TOKEN"), std::string::npos) << message;
  EXPECT_EQ(hub_.requests().size(), 1U);

  settings_.token = settings_.http.token = "hf_of_somebody_else";
  override_ = [](const ServedRequest& request) -> std::optional<ServedAnswer> {
    if (request.path.find("/resolve/") == std::string::npos) return std::nullopt;
    return ServedAnswer{.status = 403, .headers = {{"X-Error-Code", "GatedRepo"}}};
  };
  message = refusal();
  EXPECT_NE(message.find("did not let this token in"), std::string::npos) << message;
  EXPECT_EQ(message.find("hf_of_somebody_else"), std::string::npos) << "a token is never printed";
}

TEST_F(HubFetch, UnknownNamesAreSaidToBeUnknown) {
  override_ = [](const ServedRequest&) {
    return ServedAnswer{.status = 401, .headers = {{"X-Error-Code", "RepoNotFound"}}};
  };
  std::string message = refusal();
  EXPECT_NE(message.find("there is no repository owner/tiny, or it is not open"), std::string::npos)
      << message;
  settings_.token = settings_.http.token = "hf_old";
  message = refusal();
  EXPECT_NE(message.find("token is not valid"), std::string::npos) << message;
  override_ = [](const ServedRequest&) {
    return ServedAnswer{.status = 404, .headers = {{"X-Error-Code", "RevisionNotFound"}}};
  };
  message = refusal();
  EXPECT_NE(message.find("with a revision 'main'"), std::string::npos) << message;
}

TEST_F(HubFetch, AFileThatIsGoneIsNamed) {
  override_ = [](const ServedRequest& request) -> std::optional<ServedAnswer> {
    if (request.path.find("tokenizer.json") == std::string::npos) return std::nullopt;
    return ServedAnswer{.status = 404, .headers = {{"X-Error-Code", "EntryNotFound"}}};
  };
  const std::string message = refusal();
  EXPECT_NE(message.find("no file 'tokenizer.json'"), std::string::npos) << message;
}

TEST_F(HubFetch, RefusesWeightsWithAnotherHashThanTheHubStates) {
  store_override_ = [this](const ServedRequest& request) {
    std::string other = files_.at("model.safetensors");
    other[50] = static_cast<char>(other[50] ^ 1);
    return serve_file(request, other, "\"weights\"");
  };
  const std::string message = refusal();
  EXPECT_NE(message.find("was expected; it was not kept"), std::string::npos) << message;
  EXPECT_EQ(message.find("Signature"), std::string::npos) << "signed addresses are not printed";
}

TEST_F(HubFetch, RefusesWhatContradictsThePins) {
  entry_.files = {{"config.json", 0, {}, {}}, {"model.safetensors", 0, std::string(64, 'a'), {}}};
  EXPECT_NE(refusal().find("the catalog expects"), std::string::npos);
  entry_.files[1] = {"model.safetensors", 12, {}, {}};
  EXPECT_NE(refusal().find("the catalog expects 12"), std::string::npos);
  entry_.files[1] = {"gone.safetensors", 0, {}, {}};
  EXPECT_NE(refusal().find("has no file 'gone.safetensors'"), std::string::npos);
  entry_.files[1] = {"model.safetensors", 0, sha256_of(files_.at("model.safetensors")), {}};
  const std::string path = fetch_it();
  EXPECT_FALSE(fs::exists(fs::path(path) / "tokenizer.json")) << "the catalog's own list decides";
  EXPECT_EQ(check_installed(entry_, path).at(1).compared_with, ComparedWith::catalog);
}

TEST_F(HubFetch, RefusesPagesInPlaceOfFiles) {
  const std::string page = "<!doctype html> please log in to this network";
  override_ = [&](const ServedRequest& request) -> std::optional<ServedAnswer> {
    if (request.path.find("config.json") == std::string::npos) return std::nullopt;
    return ServedAnswer{.body = page};
  };
  files_["config.json"] = page;
  EXPECT_NE(refusal().find("is not JSON"), std::string::npos);
  override_ = [&](const ServedRequest&) { return ServedAnswer{.body = page}; };
  EXPECT_NE(refusal().find("not the JSON of a model hub"), std::string::npos);
  override_ = nullptr;
  files_["config.json"] = "{}";
  files_["model.safetensors"] = page;
  EXPECT_NE(refusal().find("not a safetensors file"), std::string::npos);
}

TEST_F(HubFetch, RefusesListingsThatWouldWriteElsewhere) {
  for (const char* path : {"../config.json", "/etc/passwd", "a/../../b", "a\\b"}) {
    const json siblings = json::array({json{{"rfilename", path}}});
    const std::string text = json{{"sha", commit}, {"siblings", siblings}}.dump();
    EXPECT_NE(message_in_both_of<FileError>([&] { parse_listing(text, "hub"); }).find("no relative path"),
              std::string::npos)
        << path;
  }
  for (const char* text :
       {"", "[]", "{}", R"({"sha": "x", "siblings": []})", R"({"sha": 1, "siblings": []})",
        R"({"sha": "cccccccccccccccccccccccccccccccccccccccc"})",
        R"({"sha": "cccccccccccccccccccccccccccccccccccccccc", "siblings": [1]})",
        R"({"sha": "cccccccccccccccccccccccccccccccccccccccc", "siblings": [{"rfilename": 7}]})"}) {
    EXPECT_NE(message_in_both_of<FileError>([&] { parse_listing(text, "hub"); }), "") << text;
  }
}

TEST_F(HubFetch, GoesOnAfterOneThatWasKilled) {
  store_override_ = [this](const ServedRequest& request) {
    ServedAnswer answer = serve_file(request, files_.at("model.safetensors"), "\"weights\"");
    if (request.header("range").empty()) {
      answer.headers.emplace_back("Content-Length", std::to_string(answer.body.size()));
      answer.send = 100000;
      answer.stall = true;
    }
    return answer;
  };
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    settings_.http.stall_limit = std::chrono::seconds(20);
    fetch_from_hub(
        entry_, models_.string(), settings_,
        [](const FetchState& state) {
          if (state.file == "model.safetensors" && state.done > 50000) raise(SIGKILL);
        },
        never);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the child did not get far enough";
  EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
  const std::string path = fetch_it();
  EXPECT_EQ(read_all(fs::path(path) / "model.safetensors"), files_.at("model.safetensors"));
  EXPECT_EQ(store_.requests().back().header("range").rfind("bytes=", 0), 0U) << "it began from nothing";
}

TEST_F(HubFetch, AStoppedFetchGoesOnWhereItWas) {
  bool stop = false;
  const FetchProgress stop_in_the_weights = [&](const FetchState& state) {
    stop = state.file == "model.safetensors";
  };
  EXPECT_THROW(fetch_from_hub(entry_, models_.string(), settings_, stop_in_the_weights, [&] { return stop; }),
               FetchCancelled);
  EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
  fetch_it();
  std::size_t tokenizers = 0;
  for (const ServedRequest& request : hub_.requests())
    tokenizers += request.path.find("tokenizer.json") != std::string::npos ? 1 : 0;
  EXPECT_EQ(tokenizers, 1U) << "what was finished is not fetched again";
}

TEST_F(HubFetch, WhatWasFetchedOfAnOlderCommitIsRemoved) {
  const fs::path old = models_ / ".partial" / "tiny" / std::string(40, 'a');
  fs::create_directories(old);
  write_all(old / "model.safetensors.part", "of another commit");
  fetch_it();
  EXPECT_FALSE(fs::exists(models_ / ".partial"));
}

TEST_F(HubFetch, SaysHowMuchSpaceIsMissing) {
  override_ = [this](const ServedRequest& request) -> std::optional<ServedAnswer> {
    if (request.path.rfind("/api/", 0) != 0) return std::nullopt;
    json all = listing();
    for (json& file : all["siblings"]) {
      if (file["rfilename"] == "model.safetensors") file["lfs"]["size"] = std::int64_t{1} << 39;
    }
    return ServedAnswer{.body = all.dump()};
  };
  if (fs::space(folder_.path()).available > (std::uintmax_t{1} << 39))
    GTEST_SKIP() << "this disk has more than 550 GB free";
  EXPECT_NE(refusal().find("MB are free"), std::string::npos);
  EXPECT_EQ(hub_.requests().size(), 1U);
}

TEST_F(HubFetch, OfflineAsksNothing) {
  settings_.offline = true;
  EXPECT_NE(refusal().find("HF_HUB_OFFLINE"), std::string::npos);
  EXPECT_TRUE(hub_.requests().empty());
}

TEST_F(HubFetch, RevisionsAreEncodedInAddresses) {
  HubSource source = *entry_.hub();
  source.revision = "refs/pr/1";
  EXPECT_EQ(listing_address("https://hub.example", source),
            "https://hub.example/api/models/owner/tiny/revision/refs%2Fpr%2F1?blobs=true");
  EXPECT_EQ(file_address("https://hub.example", "o/m", commit, "a b/c#d.json"),
            "https://hub.example/o/m/resolve/" + commit + "/a%20b/c%23d.json");
}

// The cache of the hub's own tools: refs/main names the commit, snapshots/<commit>/ links to the blobs.
class HubCache : public testing::Test {
 protected:
  void SetUp() override {
    HubSource source;
    source.repository = "owner/tiny";
    entry_.name = "tiny";
    entry_.source = source;
    fs::create_directories(repository_ / "refs");
    fs::create_directories(repository_ / "blobs");
    fs::create_directories(snapshot_);
    write_all(repository_ / "refs" / "main", commit);
    add("config.json", "{}");
    add("tokenizer.json", "{}");
    add("model.safetensors", weights_);
  }

  void add(const std::string& name, const std::string& bytes) {
    const fs::path blob = repository_ / "blobs" / sha256_of(bytes);
    write_all(blob, bytes);
    fs::remove(snapshot_ / name);
    fs::create_symlink(blob, snapshot_ / name);
  }

  std::optional<std::string> found() const { return find_in_hub_cache(entry_, cache_.string()); }

  ScratchFolder folder_;
  fs::path cache_ = folder_.path() / "hub";
  fs::path repository_ = cache_ / "models--owner--tiny";
  fs::path snapshot_ = repository_ / "snapshots" / commit;
  std::string weights_ = safetensors_bytes();
  CatalogEntry entry_;
};

TEST_F(HubCache, AWholeModelIsUsedWhereItLies) {
  EXPECT_EQ(found(), snapshot_.string());
  std::get<HubSource>(entry_.source).revision = commit;
  EXPECT_EQ(found(), snapshot_.string());
  std::get<HubSource>(entry_.source).revision = "other";
  EXPECT_EQ(found(), std::nullopt);
}

TEST_F(HubCache, HalfAModelIsNot) {
  for (const char* name : {"config.json", "tokenizer.json", "model.safetensors"}) {
    const fs::path blob = fs::canonical(snapshot_ / name);
    fs::rename(blob, blob.string() + ".incomplete");
    EXPECT_EQ(found(), std::nullopt) << name;
    fs::rename(blob.string() + ".incomplete", blob);
  }
  EXPECT_TRUE(found());
  EXPECT_EQ(find_in_hub_cache(entry_, (folder_.path() / "nowhere").string()), std::nullopt);
  EXPECT_EQ(find_in_hub_cache(entry_, ""), std::nullopt);
}

TEST_F(HubCache, EveryShardOfTheIndexMustBeThere) {
  fs::remove(snapshot_ / "model.safetensors");
  add("model.safetensors.index.json",
      R"({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})");
  add("model-00001-of-00002.safetensors", weights_);
  EXPECT_EQ(found(), std::nullopt);
  add("model-00002-of-00002.safetensors", weights_ + "x");
  EXPECT_TRUE(found());
  add("model.safetensors.index.json", R"({"weight_map": {"a": "../../../../secret"}})");
  EXPECT_EQ(found(), std::nullopt);
}

TEST_F(HubCache, PinnedSizesAreCompared) {
  entry_.files = {{"config.json", 2, {}, {}}, {"model.safetensors", 5, {}, {}}};
  EXPECT_EQ(found(), std::nullopt);
  entry_.files[1].bytes = static_cast<std::int64_t>(weights_.size());
  EXPECT_TRUE(found());
}

TEST_F(HubCache, ChecksAgainstTheNamesOfItsBlobs) {
  const auto checked = check_installed(entry_, *found());
  ASSERT_EQ(checked.size(), 3U);
  for (const CheckedFile& file : checked)
    EXPECT_EQ(file.compared_with, ComparedWith::cache_name) << file.path;
  std::string damaged = weights_;
  damaged[100] = static_cast<char>(damaged[100] ^ 1);
  write_all(fs::canonical(snapshot_ / "model.safetensors"), damaged);
  EXPECT_NE(message_of<FileError>([&] { check_installed(entry_, *found()); }).find("is damaged"),
            std::string::npos);
}

// Sets variables for one test and puts them back.
class HubEnvironment : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME",
                             "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "XDG_CACHE_HOME"}) {
      const char* value = std::getenv(name);
      before_.emplace_back(name, value ? std::optional<std::string>(value) : std::nullopt);
      unsetenv(name);
    }
    setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
  }
  void TearDown() override {
    for (const auto& [name, value] : before_) {
      if (value) {
        setenv(name.c_str(), value->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
  }

  ScratchFolder folder_;
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

TEST_F(HubEnvironment, FindsEndpointTokenAndCache) {
  HubSettings settings = hub_settings();
  EXPECT_EQ(settings.endpoint.rfind("https://", 0), 0U);
  EXPECT_EQ(settings.token, "");
  EXPECT_EQ(hub_cache_folder(), (folder_.path() / "huggingface" / "hub").string());

  const fs::path home = folder_.path() / "home";
  fs::create_directories(home);
  write_all(home / "token", "hf_of_the_file\n");
  setenv("HF_HOME", home.c_str(), 1);
  setenv("HF_ENDPOINT", "https://mirror.example/", 1);
  settings = hub_settings();
  EXPECT_EQ(settings.endpoint, "https://mirror.example");
  EXPECT_EQ(settings.token, "hf_of_the_file");
  EXPECT_EQ(settings.http.token, "hf_of_the_file");
  EXPECT_EQ(hub_cache_folder(), (home / "hub").string());

  setenv("HF_TOKEN", " hf_of_the_variable ", 1);
  EXPECT_EQ(hub_settings().token, "hf_of_the_variable");
  setenv("HF_HUB_CACHE", "/elsewhere", 1);
  EXPECT_EQ(hub_cache_folder(), "/elsewhere");
  setenv("HF_HUB_OFFLINE", "1", 1);
  EXPECT_TRUE(hub_settings().offline);
}

TEST_F(HubEnvironment, RefusesWhatCannotBeRight) {
  for (const char* endpoint : {"mirror.example", "ftp://mirror.example", "file:///etc", "/"}) {
    setenv("HF_ENDPOINT", endpoint, 1);
    EXPECT_NE(message_in_both_of<UserError>([] { hub_settings(); }).find("HF_ENDPOINT"), std::string::npos)
        << endpoint;
  }
  unsetenv("HF_ENDPOINT");
  for (const char* token : {"two words", "line\r\nX-Evil: 1", "\xed\x95\x9c"}) {
    setenv("HF_TOKEN", token, 1);
    EXPECT_NE(message_in_both_of<UserError>([] { hub_settings(); }).find("HF_TOKEN"), std::string::npos)
        << token;
  }
}

TEST_F(HubEnvironment, ATokenTravelsEncryptedOrStaysHere) {
  setenv("HF_TOKEN", "hf_secret", 1);
  setenv("HF_ENDPOINT", "http://mirror.example", 1);
  EXPECT_EQ(hub_settings().http.token, "");
  setenv("HF_ENDPOINT", "http://127.0.0.1:8080", 1);
  EXPECT_EQ(hub_settings().http.token, "hf_secret");
  EXPECT_FALSE(may_send_token("http://127.0.0.1.evil.example"));
  EXPECT_FALSE(may_send_token("http://localhost@evil.example"));
  EXPECT_FALSE(may_send_token("http://localhost:x@evil.example"));
}

// From the name that a person types to a folder, through the environment.
TEST_F(HubFetch, AnyRepositoryIsFoundByItsName) {
  setenv("HF_ENDPOINT", hub_.url("").c_str(), 1);
  setenv("HF_HOME", (folder_.path() / "hf").c_str(), 1);
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const std::string before = cache ? cache : "";
  setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
  const std::string path = find_or_fetch_model("hf:owner/tiny", silent, never);
  EXPECT_EQ(path, (folder_.path() / "headlight" / "models" / "hf--owner--tiny").string());
  EXPECT_EQ(find_or_fetch_model("hf:owner/tiny", silent, never), path);
  EXPECT_NE(message_in_both_of<UserError>([] {
              find_or_fetch_model("hf:nobody/nothing", silent, never);
            }).find("404"),
            std::string::npos);
  unsetenv("HF_ENDPOINT");
  unsetenv("HF_HOME");
  if (before.empty()) {
    unsetenv("XDG_CACHE_HOME");
  } else {
    setenv("XDG_CACHE_HOME", before.c_str(), 1);
  }
}

}  // namespace
}  // namespace headlight
