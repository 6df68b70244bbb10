// Available memory from files as the kernel writes them, and the refusal.
#include "core/base/memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "core/base/errors.h"
#include "tests/core/said_in_both.h"

namespace headlight {
namespace {

constexpr std::int64_t giga = 1'000'000'000;

class Memory : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "headlight_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    places = {(folder_ / "meminfo").string(), (folder_ / "groups").string(), (folder_ / "cgroup").string()};
    write("meminfo",
          "MemTotal:       16000000 kB\nMemFree:          500000 kB\nMemAvailable:    8000000 kB\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  MemoryPlaces places;

 private:
  std::filesystem::path folder_;
};

TEST_F(Memory, IsWhatTheSystemSays) { EXPECT_EQ(available_memory(places), 8000000LL * 1024); }

TEST_F(Memory, TheWholeOfItIsWhatTheLimitsAllow) {
  EXPECT_EQ(total_memory(places), 16000000LL * 1024);
  write("groups", "0::/app\n");
  write("cgroup/app/memory.max", "max\n");
  EXPECT_EQ(total_memory(places), 16000000LL * 1024);
  write("cgroup/app/memory.max", "5000000000\n");
  write("cgroup/app/memory.current", "4999999999\n");  // what is used does not matter
  EXPECT_EQ(total_memory(places), 5000000000);
  write("meminfo", "");
  write("groups", "");
  EXPECT_EQ(total_memory(places), std::nullopt);
}

TEST_F(Memory, IsUnknownWhenTheSystemSaysNothing) {
  write("meminfo", "MemTotal: 16000000 kB\n");
  EXPECT_EQ(available_memory(places), std::nullopt);
  write("meminfo", "MemAvailable: lots\n");
  EXPECT_EQ(available_memory(places), std::nullopt);
  EXPECT_NO_THROW(require_memory(giga, {"the model", "모델"}, std::nullopt));
}

TEST_F(Memory, GroupsOfVersionTwoLimitIt) {
  write("groups", "0::/user.slice/app\n");
  write("cgroup/user.slice/app/memory.max", "max\n");
  write("cgroup/user.slice/app/memory.current", "3000\n");
  EXPECT_EQ(available_memory(places), 8000000LL * 1024);
  write("cgroup/user.slice/memory.max", "5000000000\n");
  write("cgroup/user.slice/memory.current", "4000000000\n");
  EXPECT_EQ(available_memory(places), 1000000000);
  write("cgroup/user.slice/memory.stat", "anon 1\ninactive_file 300000000\nactive_file 200000000\nshmem 7\n");
  EXPECT_EQ(available_memory(places), 1500000000);
  write("cgroup/user.slice/app/memory.max", "4000\n");
  EXPECT_EQ(available_memory(places), 1000);
}

TEST_F(Memory, InsideAContainerTheLimitStandsAtTheTop) {
  write("groups", "0::/../../docker/1234\n");
  write("cgroup/memory.max", "2000000000");
  write("cgroup/memory.current", "500000000");
  EXPECT_EQ(available_memory(places), 1500000000);
}

TEST_F(Memory, GroupsOfVersionOneLimitIt) {
  write("groups", "12:pids:/x\n7:memory,hugetlb:/docker/1234\n1:name=systemd:/x\n");
  write("cgroup/memory/docker/1234/memory.limit_in_bytes", "2000000000");
  write("cgroup/memory/docker/1234/memory.usage_in_bytes", "1900000000");
  write("cgroup/memory/docker/1234/memory.stat",
        "inactive_file 5\ntotal_inactive_file 200000000\ntotal_active_file 100000000\n");
  EXPECT_EQ(available_memory(places), 400000000);
  write("cgroup/memory/docker/1234/memory.limit_in_bytes", "9223372036854771712");  // no limit
  EXPECT_EQ(available_memory(places), 8000000LL * 1024);
}

TEST_F(Memory, AFullGroupLeavesNothing) {
  write("groups", "0::/\n");
  write("cgroup/memory.max", "1000");
  write("cgroup/memory.current", "2000");
  EXPECT_EQ(available_memory(places), 0);
}

TEST_F(Memory, TooMuchIsRefusedWithNumbersAndAdvice) {
  EXPECT_NO_THROW(require_memory(95 * giga, {"the model", "모델"}, 100 * giga));
  try {
    require_memory(14'200'000'000, {"the model 'gemma'", "모델 'gemma'"}, 3'100'000'000);
    ADD_FAILURE() << "was accepted";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "the model 'gemma' needs 14.2 GB of memory, but 3.1 GB are free, of which at most 95% are "
                 "used. Close "
                 "other programs, or choose a smaller or a more strongly quantised model.");
    expect_said_in_both(error);
  }
  EXPECT_THROW(require_memory(95 * giga + 1, {"the model", "모델"}, 100 * giga), UserError);
  EXPECT_THROW(require_memory(1, {"the model", "모델"}, 0), UserError);
}

TEST_F(Memory, ThePeakIsWhatTheSystemSays) {
  write("status", "Name:\theadlight\nVmPeak:\t  900 kB\nVmHWM:\t  700 kB\nVmRSS:\t 600 kB\n");
  const std::string folder = std::filesystem::path(places.meminfo).parent_path().string();
  EXPECT_EQ(peak_memory(folder + "/status"), 700 * 1024);
  EXPECT_EQ(peak_memory(folder + "/is_not_there"), std::nullopt);
}

TEST(RealMemory, ThePeakHoldsWhatIsUsed) {
  const std::vector<char> used(64U << 20U, 1);
  EXPECT_GT(peak_memory().value_or(0), static_cast<std::int64_t>(used.size()));
}

TEST(RealMemory, ThisMachineSaysHowMuchItHas) {
  const auto available = available_memory();
  ASSERT_TRUE(available);
  EXPECT_GT(*available, 10 << 20);
  EXPECT_NO_THROW(require_memory(1 << 20, {"a megabyte", "1 MB"}));
  EXPECT_THROW(require_memory(std::int64_t{1} << 60, {"an exabyte", "1 EB"}), UserError);
}

}  // namespace
}  // namespace headlight
