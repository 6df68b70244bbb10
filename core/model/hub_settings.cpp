#include "core/model/hub_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/base/user_folders.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr const char* default_endpoint = "https://huggingface.co";  // HF_ENDPOINT replaces it
constexpr std::size_t longest_token = 4096;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string without_blanks(std::string text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.back())) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), blank));
  return text;
}

// HF_HOME, or huggingface/ beside our own cache folder: both follow XDG_CACHE_HOME. Empty without a home.
fs::path hub_home() {
  if (const std::string home = variable("HF_HOME"); !home.empty()) return home;
  try {
    return fs::path(cache_folder()).parent_path() / "huggingface";
  } catch (const UserError&) {
    return {};
  }
}

std::string token_of_file() {
  fs::path path = variable("HF_TOKEN_PATH");
  if (path.empty()) {
    if (hub_home().empty()) return {};
    path = hub_home() / "token";
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(longest_token + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return text;
}

// What becomes a header line must not be able to end it.
std::string checked_token(const std::string& text, const Bilingual& origin) {
  const std::string token = without_blanks(text);
  const auto fits = [](unsigned char letter) { return letter > 0x20 && letter < 0x7F; };
  if (token.size() > longest_token || !std::all_of(token.begin(), token.end(), fits)) {
    throw told<UserError>("{} does not look like a token: one word of ASCII letters is expected.",
                          "{}: 토큰으로 보이지 않습니다. ASCII 글자로 된 한 단어여야 합니다.", origin);
  }
  return token;
}

bool is_set(const std::string& value) {
  return value == "1" || value == "ON" || value == "on" || value == "YES" || value == "yes" ||
         value == "TRUE" || value == "true" || value == "True";
}

}  // namespace

HubSettings hub_settings() {
  HubSettings settings;
  settings.endpoint = without_blanks(variable("HF_ENDPOINT"));
  if (settings.endpoint.empty()) settings.endpoint = default_endpoint;
  while (!settings.endpoint.empty() && settings.endpoint.back() == '/') settings.endpoint.pop_back();
  if (!may_follow(settings.endpoint, settings.endpoint)) {
    throw told<UserError>("HF_ENDPOINT is '{}'; an address such as https://hub.example.org is expected.",
                          "HF_ENDPOINT의 값: '{}'. https://hub.example.org 같은 주소여야 합니다.",
                          settings.endpoint);
  }
  settings.token = checked_token(variable("HF_TOKEN"), {"HF_TOKEN", "HF_TOKEN"});
  if (settings.token.empty())
    settings.token = checked_token(variable("HUGGING_FACE_HUB_TOKEN"),
                                   {"HUGGING_FACE_HUB_TOKEN", "HUGGING_FACE_HUB_TOKEN"});
  if (settings.token.empty())
    settings.token = checked_token(token_of_file(), {"The hub's token file", "허브의 토큰 파일"});
  settings.offline = is_set(variable("HF_HUB_OFFLINE"));
  if (may_send_token(settings.endpoint)) settings.http.token = settings.token;
  return settings;
}

std::string hub_cache_folder() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (std::string folder = variable(name); !folder.empty()) return folder;
  }
  const fs::path home = hub_home();
  return home.empty() ? std::string() : (home / "hub").string();
}

bool may_send_token(const std::string& endpoint) {
  const std::string host = host_of(endpoint);
  if (host.empty()) return false;
  return endpoint.substr(0, 8) == "https://" || host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

}  // namespace headlight
