#include "core/base/http_download.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/core/base/loopback_server.h"
#include "tests/core/model/fake_wheel.h"
#include "tests/core/refusals.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const HttpProgress silent = [](std::int64_t, std::int64_t) {};
constexpr const char* tag = "\"version-1\"";

struct Stopped {};

class HttpDownload : public testing::Test {
 protected:
  void SetUp() override {
    setenv("no_proxy", "127.0.0.1,localhost", 1);  // a proxy of this machine has no part in it
    settings_.tries = 1;
    settings_.pause = std::chrono::milliseconds(10);
    settings_.stall_limit = std::chrono::milliseconds(300);
  }

  HttpFile file(const LoopbackServer& server, const std::string& path = "/model") const {
    return {server.url(path), target_.string(), static_cast<std::int64_t>(bytes_.size()), sha256_of(bytes_)};
  }

  // The error of a download that must fail and leave no file.
  HttpError failure(const HttpFile& what) const {
    try {
      http_download(what, settings_, silent);
    } catch (const HttpError& error) {
      EXPECT_FALSE(fs::exists(target_));
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return HttpError(HttpProblem::broken, "");
  }

  fs::path part() const { return target_.string() + ".part"; }
  fs::path part_tag() const { return target_.string() + ".part.etag"; }
  void leave_part(std::size_t count, const std::string& its_tag = tag) const {
    write_all(part(), bytes_.substr(0, count));
    write_all(part_tag(), its_tag + "\n");
  }
  void expect_whole() const {
    EXPECT_EQ(read_all(target_), bytes_);
    EXPECT_FALSE(fs::exists(part()));
    EXPECT_FALSE(fs::exists(part_tag()));
  }

  ScratchFolder folder_;
  fs::path target_ = folder_.path() / "model";
  std::string bytes_ = model_bytes();
  HttpSettings settings_;
};

TEST_F(HttpDownload, WritesTheFileAndSaysItsHash) {
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  std::int64_t last = 0;
  const std::string hash = http_download(file(server), settings_, [&](std::int64_t done, std::int64_t total) {
    EXPECT_GE(done, last);
    EXPECT_EQ(total, static_cast<std::int64_t>(bytes_.size()));
    last = done;
  });
  EXPECT_EQ(hash, sha256_of(bytes_));
  EXPECT_EQ(last, static_cast<std::int64_t>(bytes_.size()));
  expect_whole();
  EXPECT_EQ(server.requests().at(0).header("range"), "");
  EXPECT_EQ(server.requests().at(0).header("accept-encoding"), "identity");
}

TEST_F(HttpDownload, NeedsNeitherSizeNorHash) {
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  EXPECT_EQ(http_download({server.url("/x"), target_.string()}, settings_, silent), sha256_of(bytes_));
  expect_whole();
}

TEST_F(HttpDownload, GoesOnWhereAKilledOneStopped) {
  leave_part(100000);
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  http_download(file(server), settings_, silent);
  expect_whole();
  EXPECT_EQ(server.requests().at(0).header("range"), "bytes=100000-");
  EXPECT_EQ(server.requests().at(0).header("if-range"), tag);
}

TEST_F(HttpDownload, BeginsAnewWhenTheServerKnowsNoRanges) {
  leave_part(100000);
  const LoopbackServer server([&](const ServedRequest&) { return ServedAnswer{.body = bytes_}; });
  http_download(file(server), settings_, silent);
  expect_whole();
}

TEST_F(HttpDownload, BeginsAnewWhenTheFileHasChanged) {
  write_all(part(), std::string(100000, 'x'));  // of an older version
  write_all(part_tag(), "\"version-0\"\n");
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  http_download(file(server), settings_, silent);
  expect_whole();
}

TEST_F(HttpDownload, BeginsAnewWhenTheServerIgnoresTheCondition) {
  write_all(part(), std::string(100000, 'x'));
  write_all(part_tag(), "\"version-0\"\n");
  settings_.tries = 2;
  const LoopbackServer server([&](ServedRequest request) {
    request.headers.erase("if-range");
    return serve_file(request, bytes_, tag);
  });
  HttpFile without_hash = file(server);  // so that nothing but the tag gives it away
  without_hash.sha256.clear();
  http_download(without_hash, settings_, silent);
  expect_whole();
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(HttpDownload, BeginsAnewWhenThePartWasBadUnderTheSameTag) {
  write_all(part(), std::string(100000, 'x'));
  write_all(part_tag(), std::string(tag) + "\n");
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  http_download(file(server), settings_, silent);
  expect_whole();
}

TEST_F(HttpDownload, APartWithoutATagOrTooLongIsNotTrusted) {
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  for (const std::string& its_tag : {std::string(), std::string("W/\"weak\""), std::string("nonsense")}) {
    leave_part(100000, its_tag);
    http_download(file(server), settings_, silent);
    expect_whole();
    EXPECT_EQ(server.requests().back().header("range"), "") << its_tag;
  }
  write_all(part(), bytes_ + "more");
  write_all(part_tag(), std::string(tag) + "\n");
  http_download(file(server), settings_, silent);
  expect_whole();
}

TEST_F(HttpDownload, ACompletePartOnlyNeedsItsCheck) {
  leave_part(bytes_.size());
  const LoopbackServer server([&](const ServedRequest&) { return ServedAnswer{.status = 500}; });
  http_download(file(server), settings_, silent);
  expect_whole();
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HttpDownload, ACompletePartOfUnknownSizeIsFetchedAgain) {
  leave_part(bytes_.size());
  settings_.tries = 2;  // the first is answered with 416
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  http_download({server.url("/x"), target_.string()}, settings_, silent);
  expect_whole();
}

TEST_F(HttpDownload, ABrokenTransferGoesOnByItself) {
  settings_.tries = 3;
  std::atomic<int> count = 0;
  const LoopbackServer server([&](const ServedRequest& request) {
    ServedAnswer answer = serve_file(request, bytes_, tag);
    if (count++ < 2) {
      answer.headers.emplace_back("Content-Length", std::to_string(answer.body.size()));
      answer.send = 100000;
    }
    return answer;
  });
  http_download(file(server), settings_, silent);
  expect_whole();
  ASSERT_EQ(server.requests().size(), 3U);
  EXPECT_EQ(server.requests().at(1).header("range"), "bytes=100000-");
  EXPECT_EQ(server.requests().at(2).header("range"), "bytes=200000-");
}

TEST_F(HttpDownload, ATruncatedBodyIsNoFile) {
  const LoopbackServer server([&](const ServedRequest&) {
    return ServedAnswer{
        .headers = {{"ETag", tag}, {"Content-Length", "300000"}}, .body = bytes_, .send = 1000};
  });
  EXPECT_EQ(failure(file(server)).problem, HttpProblem::broken);
  EXPECT_EQ(fs::file_size(part()), 1000U);  // kept, for the next try
}

TEST_F(HttpDownload, RefusesAnotherSizeBeforeItArrives) {
  const LoopbackServer server([&](const ServedRequest&) { return ServedAnswer{.body = bytes_ + "more"}; });
  const HttpError error = failure(file(server));
  EXPECT_EQ(error.problem, HttpProblem::wrong_size);
  EXPECT_NE(std::string(error.what()).find("300004 bytes, but 300000 were expected"), std::string::npos)
      << error.what();
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(HttpDownload, RefusesAnotherHash) {
  std::string other = bytes_;
  other[7] = static_cast<char>(other[7] ^ 1);
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, other, tag); });
  const HttpError error = failure(file(server));
  EXPECT_EQ(error.problem, HttpProblem::wrong_hash);
  EXPECT_NE(std::string(error.what()).find(sha256_of(other) + " was found, " + sha256_of(bytes_)),
            std::string::npos)
      << error.what();
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(HttpDownload, SaysWhatTheServerAnswered) {
  for (const int status : {401, 403, 404, 500}) {
    const LoopbackServer server([&](const ServedRequest&) {
      return ServedAnswer{
          .status = status,
          .headers = {{"X-Error-Code", "GatedRepo"}, {"X-Error-Message", "no \x1b[31m entry"}},
          .body = std::string(500000, '<')};
    });
    const HttpError error = failure(file(server));
    EXPECT_EQ(error.problem, HttpProblem::status);
    EXPECT_EQ(error.status, status);
    EXPECT_EQ(error.error_code, "GatedRepo");
    EXPECT_NE(std::string(error.what()).find("no ?[31m entry"), std::string::npos) << error.what();
    EXPECT_EQ(fs::file_size(part()), 0U);
  }
}

TEST_F(HttpDownload, ABusyServerIsAskedAgain) {
  settings_.tries = 3;
  std::atomic<int> count = 0;
  const LoopbackServer server([&](const ServedRequest& request) {
    return count++ < 2 ? ServedAnswer{.status = 503} : serve_file(request, bytes_, tag);
  });
  http_download(file(server), settings_, silent);
  expect_whole();
}

TEST_F(HttpDownload, FollowsRedirectsButNotForEver) {
  const LoopbackServer server([&](const ServedRequest& request) {
    if (request.path == "/model") return serve_file(request, bytes_, tag);
    if (request.path == "/round") return ServedAnswer{.status = 302, .headers = {{"Location", "/round"}}};
    return ServedAnswer{.status = 307, .headers = {{"Location", "/model"}}, .body = "moved"};
  });
  http_download(file(server, "/first"), settings_, silent);
  expect_whole();
  fs::remove(target_);
  EXPECT_EQ(failure(file(server, "/round")).problem, HttpProblem::redirect);
}

TEST_F(HttpDownload, TheTokenStaysWithTheFirstHost) {
  settings_.token = "hf_secret";
  const LoopbackServer second([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  const LoopbackServer first([&](const ServedRequest& request) {
    if (request.path == "/again")
      return ServedAnswer{.status = 302, .headers = {{"Location", second.url("/x")}}};
    return ServedAnswer{.status = 302, .headers = {{"Location", "/again"}}};
  });
  http_download(file(first), settings_, silent);
  expect_whole();
  ASSERT_EQ(first.requests().size(), 2U);
  EXPECT_EQ(first.requests().at(0).header("authorization"), "Bearer hf_secret");
  EXPECT_EQ(first.requests().at(1).header("authorization"), "Bearer hf_secret");
  ASSERT_EQ(second.requests().size(), 1U);
  EXPECT_EQ(second.requests().at(0).header("authorization"), "") << "another port is another server";
}

TEST_F(HttpDownload, RedirectsLeadToTheWebOnly) {
  write_all(folder_.path() / "secret", bytes_);
  const LoopbackServer server([&](const ServedRequest&) {
    return ServedAnswer{.status = 302,
                        .headers = {{"Location", "file://" + (folder_.path() / "secret").string()}}};
  });
  EXPECT_EQ(failure(file(server)).problem, HttpProblem::redirect);
  EXPECT_EQ(failure({"file://" + (folder_.path() / "secret").string(), target_.string()}).problem,
            HttpProblem::bad_address);
  EXPECT_TRUE(may_follow("https://a.example/x", "https://b.example/y"));
  EXPECT_TRUE(may_follow("http://a.example/x", "https://b.example/y"));
  EXPECT_FALSE(may_follow("https://a.example/x", "http://a.example/x"));
  EXPECT_FALSE(may_follow("https://a.example/x", "ftp://a.example/x"));
  EXPECT_FALSE(may_follow("https://a.example/x", "nonsense"));
}

TEST(HttpOrigin, IsSchemeHostAndPort) {
  EXPECT_TRUE(same_origin("https://Hub.example/a", "https://hub.example:443/b?c"));
  EXPECT_FALSE(same_origin("https://hub.example/", "http://hub.example/"));
  EXPECT_FALSE(same_origin("https://hub.example/", "https://hub.example:444/"));
  EXPECT_FALSE(same_origin("https://hub.example/", "https://hub.example.org/"));
  EXPECT_FALSE(same_origin("https://hub.example/", "https://hub.example@evil.example/"));
  EXPECT_EQ(shown_address("https://user:word@hub.example/file?Signature=abc"), "https://hub.example/file");
}

TEST_F(HttpDownload, ASilentServerIsGivenUp) {
  const LoopbackServer server([&](const ServedRequest&) {
    return ServedAnswer{.headers = {{"ETag", tag}}, .body = bytes_, .send = 1000, .stall = true};
  });
  const auto start = Clock::now();
  EXPECT_EQ(failure(file(server)).problem, HttpProblem::stalled);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(fs::file_size(part()), 1000U);
}

TEST_F(HttpDownload, StopsWithinASecondWhenAsked) {
  settings_.stall_limit = std::chrono::minutes(5);
  const LoopbackServer server([&](const ServedRequest&) {
    return ServedAnswer{.headers = {{"ETag", tag}}, .body = bytes_, .send = 1000, .stall = true};
  });
  auto asked = Clock::now();
  EXPECT_THROW(http_download(file(server), settings_,
                             [&](std::int64_t done, std::int64_t) {
                               if (done == 0) return;
                               asked = Clock::now();
                               throw Stopped();
                             }),
               Stopped);
  EXPECT_LT(Clock::now() - asked, std::chrono::seconds(1));
  EXPECT_EQ(fs::file_size(part()), 1000U);
}

TEST_F(HttpDownload, NobodyThereIsSaidAtOnce) {
  int port = 0;
  {
    const LoopbackServer gone([](const ServedRequest&) { return ServedAnswer{}; });
    port = gone.port();
  }
  const HttpFile file{"http://127.0.0.1:" + std::to_string(port) + "/x", target_.string()};
  const HttpError error = failure(file);
  EXPECT_EQ(error.problem, HttpProblem::unreachable);
  EXPECT_NE(std::string(error.what()).find("cannot be reached"), std::string::npos) << error.what();
  try {
    http_download(file, settings_, silent);
  } catch (const HttpError& again) {  // the library's own reason, too
    expect_said_in_both(again);
    EXPECT_NE(said(again).ko.find("서버가 연결을 받지 않습니다"), std::string::npos) << said(again).ko;
  }
}

// The system's limit on file sizes makes write() fail as a full disk does.
TEST_F(HttpDownload, AFullDiskKeepsWhatItHas) {
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{100000, before.rlim_max};
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const HttpError error = failure(file(server));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(error.problem, HttpProblem::disk);
  EXPECT_NE(std::string(error.what()).find("Free some space"), std::string::npos) << error.what();
  EXPECT_EQ(fs::file_size(part()), 100000U);
  http_download(file(server), settings_, silent);
  expect_whole();
  EXPECT_EQ(server.requests().back().header("range"), "bytes=100000-");
}

TEST_F(HttpDownload, NeverWritesThroughALink) {
  const fs::path victim = folder_.path() / "victim";
  write_all(victim, "precious");
  fs::create_symlink(victim, part());
  const LoopbackServer server([&](const ServedRequest& request) { return serve_file(request, bytes_, tag); });
  EXPECT_NE(message_in_both_of<UserError>([&] { http_download(file(server), settings_, silent); }), "");
  EXPECT_EQ(read_all(victim), "precious");
}

TEST_F(HttpDownload, AShortTextIsShort) {
  const LoopbackServer server([&](const ServedRequest& request) {
    return ServedAnswer{.body = request.path == "/long" ? bytes_ : "{}"};
  });
  EXPECT_EQ(http_get(server.url("/short"), 100, settings_, silent), "{}");
  try {
    http_get(server.url("/long"), 100, settings_, silent);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const HttpError& error) {
    EXPECT_EQ(error.problem, HttpProblem::wrong_size);
  }
}

}  // namespace
}  // namespace headlight
