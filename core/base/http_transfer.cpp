#include "core/base/http_transfer.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "core/base/said_in_both.h"

namespace headlight {
namespace {

constexpr int poll_milliseconds = 100;
constexpr std::int64_t most_unwanted_bytes = 1 << 16;  // of an error page

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

void require_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error("the HTTP library cannot be started");
}

// Parts of an address; nothing when it cannot be one.
struct Address {
  std::string scheme, host, port, path;
};

std::optional<Address> parse_address(const std::string& url) {
  const std::unique_ptr<CURLU, FreeUrl> handle(curl_url());
  if (!handle || curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return std::nullopt;
  const auto part = [&](CURLUPart which, unsigned flags) -> std::string {
    char* text = nullptr;
    if (curl_url_get(handle.get(), which, &text, flags) != CURLUE_OK || !text) return {};
    std::string copy = text;
    curl_free(text);
    return copy;
  };
  Address address{part(CURLUPART_SCHEME, 0), part(CURLUPART_HOST, 0),
                  part(CURLUPART_PORT, CURLU_DEFAULT_PORT), part(CURLUPART_PATH, 0)};
  std::transform(address.host.begin(), address.host.end(), address.host.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (address.host.empty()) return std::nullopt;
  return address;
}

bool is_web(const Address& address) { return address.scheme == "https" || address.scheme == "http"; }

// One transfer in progress, as the callbacks of the library see it.
struct Transfer {
  CURL* easy = nullptr;
  HttpSink* sink = nullptr;
  HttpAnswer answer;
  std::int64_t received = 0;  // bytes of headers and body
  std::int64_t unwanted = 0;  // bytes of a body that nobody takes
  bool begun = false;
  bool enough = false;         // we ended the transfer ourselves
  std::exception_ptr failure;  // of the sink

  bool wanted() const { return answer.status == 200 || answer.status == 206; }

  void begin() {
    if (begun) return;
    begun = true;
    curl_off_t length = -1;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    answer.content_length = length;
    sink->begin(answer);
  }
};

std::string printable(std::string_view text) {
  std::string shown(text.substr(0, 300));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char letter) { return letter < 0x20 || letter > 0x7E; }, '?');
  return shown;
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

void take_header(HttpAnswer& answer, std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {  // also after "100 Continue"
    answer = {};
    const std::size_t space = line.find(' ');
    for (std::size_t at = space + 1; space != std::string_view::npos && at < line.size(); ++at) {
      if (line[at] < '0' || line[at] > '9' || answer.status > 999) break;
      answer.status = answer.status * 10 + (line[at] - '0');
    }
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  const std::string value = printable(without_blanks(line.substr(colon + 1)));
  if (name == "etag") answer.etag = value;
  if (name == "content-range") answer.content_range = value;
  if (name == "x-error-code") answer.error_code = value;
  if (name == "x-error-message") answer.error_message = value;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.received += static_cast<std::int64_t>(size * count);
  take_header(transfer.answer, std::string_view(data, size * count));
  return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * count;
  transfer.received += static_cast<std::int64_t>(bytes);
  if (!transfer.wanted()) {
    transfer.unwanted += static_cast<std::int64_t>(bytes);
    transfer.enough = transfer.unwanted > most_unwanted_bytes;
    return transfer.enough ? 0 : bytes;
  }
  try {  // no exception may pass through the library
    transfer.begin();
    transfer.sink->write(std::as_bytes(std::span(data, bytes)));
  } catch (...) {
    transfer.failure = std::current_exception();
    return 0;
  }
  return bytes;
}

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  if (curl_easy_setopt(easy, option, value) != CURLE_OK)
    throw std::runtime_error(
        fmt::format("the HTTP library does not know its option {}", static_cast<int>(option)));
}

void set_up(CURL* easy, const std::string& url, curl_slist* headers, const HttpSettings& settings,
            Transfer& transfer, char* error_text) {
  set(easy, CURLOPT_URL, url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a name server
#endif
  // The library's own programs honour these; the library leaves it to us.
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* bundle = std::getenv(name);
    if (!bundle || !*bundle) continue;
    set(easy, CURLOPT_CAINFO, bundle);
    break;
  }
  set(easy, CURLOPT_HTTPHEADER, headers);
  set(easy, CURLOPT_USERAGENT, "headlight/" HEADLIGHT_VERSION);
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_limit.count()));
  set(easy, CURLOPT_ERRORBUFFER, error_text);
  set(easy, CURLOPT_HEADERFUNCTION, on_header);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(easy, CURLOPT_WRITEFUNCTION, on_body);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
}

HttpProblem problem_of(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return HttpProblem::bad_address;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:  // we only limit the time to connect
    case CURLE_SSL_CONNECT_ERROR:
      return HttpProblem::unreachable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return HttpProblem::untrusted;
    default:
      return HttpProblem::broken;
  }
}

// curl speaks English alone. Its own words stay behind the Korean ones: they name what to search for.
Bilingual curl_reason(CURLcode code, const std::string& detail) {
  const std::string english = detail.empty() ? curl_easy_strerror(code) : detail;
  const auto in_korean = [&]() -> const char* {
    switch (code) {
      case CURLE_COULDNT_RESOLVE_PROXY:
        return "프록시의 이름을 찾을 수 없습니다";
      case CURLE_COULDNT_RESOLVE_HOST:
        return "서버의 이름을 찾을 수 없습니다";
      case CURLE_COULDNT_CONNECT:
        return "서버가 연결을 받지 않습니다";
      case CURLE_OPERATION_TIMEDOUT:
        return "정해진 시간 안에 연결되지 않았습니다";
      case CURLE_SSL_CONNECT_ERROR:
        return "보안 연결(TLS)을 맺지 못했습니다";
      case CURLE_PEER_FAILED_VERIFICATION:
        return "인증서를 확인하지 못했습니다";
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_SSL_CERTPROBLEM:
        return "이 컴퓨터의 인증서 파일을 쓸 수 없습니다";
      case CURLE_PARTIAL_FILE:
        return "다 받기 전에 끝났습니다";
      case CURLE_GOT_NOTHING:
        return "서버가 답하지 않고 끊었습니다";
      case CURLE_SEND_ERROR:
      case CURLE_RECV_ERROR:
        return "주고받는 중에 끊겼습니다";
      default:
        return nullptr;
    }
  };
  const char* korean = in_korean();
  return {english, korean == nullptr ? english : fmt::format("{}({})", korean, english)};
}

[[noreturn]] void fail(CURLcode code, const std::string& url, const std::string& detail) {
  const Bilingual reason = curl_reason(code, detail);
  const std::string where = shown_address(url);
  const HttpProblem problem = problem_of(code);
  if (problem == HttpProblem::bad_address) {
    throw Told<HttpError>(in_both("'{}' is not an http or https address: {}.",
                                  "'{}': http나 https 주소가 아닙니다: {}.", where, reason),
                          problem);
  }
  if (problem == HttpProblem::unreachable) {
    throw Told<HttpError>(
        in_both("{} cannot be reached: {}. Check the network (and proxy settings) and try again.",
                "{} 주소에 연결할 수 없습니다: {}. 네트워크와 프록시 설정을 확인하고 다시 시도해 주세요.",
                where, reason),
        problem);
  }
  if (problem == HttpProblem::untrusted) {
    throw Told<HttpError>(
        in_both("The certificate of {} is not trusted here: {}. Install ca-certificates, or set "
                "CURL_CA_BUNDLE to the certificates of your network.",
                "{} 서버의 인증서를 신뢰할 수 없습니다: {}. ca-certificates를 설치하거나, 쓰는 네트워크의 "
                "인증서를 CURL_CA_BUNDLE에 지정해 주세요.",
                where, reason),
        problem);
  }
  throw Told<HttpError>(in_both("The connection to {} broke off: {}. Try again.",
                                "{} 서버와의 연결이 끊겼습니다: {}. 다시 시도해 주세요.", where, reason),
                        problem);
}

// Drives the transfer to its end, looking at the clock meanwhile.
CURLcode drive(CURLM* multi, CURL* easy, const Transfer& transfer, const std::string& url,
               const HttpSettings& settings, const std::function<void()>& tick) {
  using Clock = std::chrono::steady_clock;
  std::int64_t seen = 0;
  auto last_byte = Clock::now();
  auto last_tick = last_byte - std::chrono::hours(1);
  for (int running = 1;;) {
    if (curl_multi_perform(multi, &running) != CURLM_OK)
      throw std::runtime_error("curl_multi_perform failed");
    for (int left = 0; CURLMsg* message = curl_multi_info_read(multi, &left);) {
      if (message->msg == CURLMSG_DONE && message->easy_handle == easy) return message->data.result;
    }
    const auto now = Clock::now();
    if (transfer.received != seen) {
      seen = transfer.received;
      last_byte = now;
    }
    if (now - last_byte > settings.stall_limit) {
      throw Told<HttpError>(
          in_both(
              "{} has sent nothing for {:.3g} seconds. Check the network and try again.",
              "{} 서버가 {:.3g}초 동안 아무것도 보내지 않았습니다. 네트워크를 확인하고 다시 시도해 주세요.",
              shown_address(url), static_cast<double>(settings.stall_limit.count()) / 1e3),
          HttpProblem::stalled);
    }
    if (now - last_tick >= std::chrono::milliseconds(poll_milliseconds)) {
      last_tick = now;
      tick();
    }
    if (running) curl_multi_poll(multi, nullptr, 0, poll_milliseconds, nullptr);
  }
}

}  // namespace

HttpAnswer http_request(const std::string& url, const std::vector<std::string>& headers,
                        const HttpSettings& settings, HttpSink& sink, const std::function<void()>& tick) {
  require_curl();
  const auto address = parse_address(url);
  if (!address || !is_web(*address)) fail(CURLE_URL_MALFORMAT, url, {});
  std::unique_ptr<curl_slist, FreeList> list;
  for (const std::string& line : headers) {
    if (line.find_first_of("\r\n") != std::string::npos)
      throw std::logic_error("http_request: a header line with a line break");
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (!longer) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
  }
  const std::unique_ptr<CURLM, FreeMulti> multi(curl_multi_init());
  const std::unique_ptr<CURL, FreeEasy> easy(curl_easy_init());
  if (!multi || !easy) throw std::bad_alloc();
  Transfer transfer;
  transfer.easy = easy.get();
  transfer.sink = &sink;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  set_up(easy.get(), url, list.get(), settings, transfer, error_text.data());

  struct Joined {  // leaves the multi handle before either is freed
    CURLM* multi;
    CURL* easy;
    Joined(CURLM* m, CURL* e) : multi(m), easy(e) { curl_multi_add_handle(multi, easy); }
    ~Joined() { curl_multi_remove_handle(multi, easy); }
    Joined(const Joined&) = delete;
    Joined& operator=(const Joined&) = delete;
  } const joined(multi.get(), easy.get());

  const CURLcode code = drive(multi.get(), easy.get(), transfer, url, settings, tick);
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  if (code != CURLE_OK && !transfer.enough) fail(code, url, error_text.data());
  if (transfer.wanted()) transfer.begin();
  char* redirect = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &redirect);
  if (redirect) transfer.answer.redirect = redirect;
  return transfer.answer;
}

std::string shown_address(const std::string& url) {
  const auto address = parse_address(url);
  if (!address) return printable(url.substr(0, 200));
  const std::string usual = address->scheme == "https" ? "443" : "80";
  return printable(fmt::format("{}://{}{}{}", address->scheme, address->host,
                               address->port == usual ? "" : ":" + address->port, address->path));
}

std::string host_of(const std::string& url) {
  const auto address = parse_address(url);
  return address ? address->host : std::string();
}

bool same_origin(const std::string& one, const std::string& other) {
  const auto a = parse_address(one);
  const auto b = parse_address(other);
  return a && b && a->scheme == b->scheme && a->host == b->host && a->port == b->port;
}

bool may_follow(const std::string& from, const std::string& to) {
  const auto a = parse_address(from);
  const auto b = parse_address(to);
  return a && b && is_web(*a) && is_web(*b) && (a->scheme == b->scheme || b->scheme == "https");
}

}  // namespace headlight
