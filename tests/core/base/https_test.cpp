// Certificates, with a real one that nobody trusts: made by openssl, served by python3.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "core/base/child_process.h"
#include "core/base/http_download.h"
#include "tests/core/model/fake_wheel.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr const char* server_program = R"(
import http.server, os, ssl, sys
folder, port_file = sys.argv[1:]
os.chdir(folder)
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(port_file + ".new", "w") as file: file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
)";

class Https : public testing::Test {
 protected:
  void SetUp() override {
    setenv("no_proxy", "127.0.0.1,localhost", 1);
    write_all(folder_.path() / "model", bytes_);
    const ChildEnd made =
        run_child({{"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=headlight test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    path("key.pem"), "-out", path("certificate.pem")},
                   {},
                   path("log")},
                  [] { return true; });
    if (!made.started) GTEST_SKIP() << "openssl is not installed, so there is no certificate to try";
    ASSERT_EQ(made.exit_code, 0) << read_all(path("log"));
    server_ = std::thread([this] {
      run_child({{"python3", "-c", server_program, folder_.path().string(), path("port")}, {}, path("log")},
                [this] { return !stop_; });
    });
    for (int i = 0; i < 1000 && !fs::exists(path("port")); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(fs::exists(path("port"))) << read_all(path("log"));
    settings_.tries = 1;
  }
  void TearDown() override {
    unsetenv("CURL_CA_BUNDLE");
    stop_ = true;
    if (server_.joinable()) server_.join();
  }

  std::string path(const char* name) const { return (folder_.path() / name).string(); }
  std::string url() const { return "https://127.0.0.1:" + read_all(path("port")) + "/model"; }
  std::string download() const {
    return http_download({url(), path("arrived")}, settings_, [](std::int64_t, std::int64_t) {});
  }

  ScratchFolder folder_;
  std::string bytes_ = model_bytes();
  std::atomic<bool> stop_ = false;
  std::thread server_;
  HttpSettings settings_;
};

TEST_F(Https, ACertificateThatNobodyTrustsEndsIt) {
  settings_.token = "hf_secret";
  try {
    download();
    ADD_FAILURE() << "an unknown certificate was believed";
  } catch (const HttpError& error) {
    EXPECT_EQ(error.problem, HttpProblem::untrusted) << error.what();
    EXPECT_NE(std::string(error.what()).find("certificate"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(fs::exists(path("arrived")));
}

TEST_F(Https, ANetworksOwnCertificatesCanBeNamed) {
  setenv("CURL_CA_BUNDLE", path("certificate.pem").c_str(), 1);
  EXPECT_EQ(download(), sha256_of(bytes_));
  EXPECT_EQ(read_all(path("arrived")), bytes_);
}

}  // namespace
}  // namespace headlight
