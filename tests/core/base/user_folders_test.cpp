#include "core/base/user_folders.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace headlight {
namespace {

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~Variable() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(UserFolders, TheCacheFollowsTheEnvironment) {
  const Variable home("HOME", "/home/somebody");
  {
    const Variable cache("XDG_CACHE_HOME", "/somewhere/else");
    EXPECT_EQ(cache_folder(), "/somewhere/else/headlight");
  }
  {
    const Variable cache("XDG_CACHE_HOME", "relative");  // to be ignored, says the XDG specification
    EXPECT_EQ(cache_folder(), "/home/somebody/.cache/headlight");
  }
  const Variable cache("XDG_CACHE_HOME", nullptr);
  EXPECT_EQ(cache_folder(), "/home/somebody/.cache/headlight");
}

}  // namespace
}  // namespace headlight
