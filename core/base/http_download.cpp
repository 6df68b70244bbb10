#include "core/base/http_download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <thread>

#include "core/base/said_in_both.h"
#include "core/base/sha256.h"

namespace headlight {
namespace {

constexpr std::int64_t fresh_hope = 1 << 20;  // so many new bytes, and the tries begin anew
constexpr std::int64_t most_bytes_of_a_file = std::int64_t{1} << 42;

// Follows redirects by hand, so that the token never goes to another host than it was meant for.
HttpAnswer follow(const std::string& first, const std::vector<std::string>& headers,
                  const HttpSettings& settings, HttpSink& sink, const std::function<void()>& tick) {
  std::string url = first;
  for (int hop = 0; hop <= settings.most_redirects; ++hop) {
    std::vector<std::string> lines = headers;
    lines.emplace_back("Accept-Encoding: identity");  // sizes and ranges are those of the file
    if (!settings.token.empty() && same_origin(first, url))
      lines.push_back("Authorization: Bearer " + settings.token);
    HttpAnswer answer = http_request(url, lines, settings, sink, tick);
    if (answer.status < 300 || answer.status >= 400 || answer.redirect.empty()) return answer;
    if (!may_follow(url, answer.redirect)) {
      throw Told<HttpError>(in_both("{} redirects to {}, which is not followed.",
                                    "{} 주소가 {} 주소로 넘기지만, 안전하지 않아 따라가지 않습니다.",
                                    shown_address(url), shown_address(answer.redirect)),
                            HttpProblem::redirect);
    }
    url = answer.redirect;
  }
  throw Told<HttpError>(
      in_both("{} redirects more than {} times.", "{} 주소가 {}번 넘게 다른 주소로 넘깁니다.",
              shown_address(first), settings.most_redirects),
      HttpProblem::redirect);
}

void require_success(const HttpAnswer& answer, const std::string& url) {
  if (answer.status == 200 || answer.status == 206) return;
  Told<HttpError> error(
      in_both("{} answered {}{}{}.", "{} 서버가 {} 상태로 답했습니다{}{}.", shown_address(url), answer.status,
              answer.error_message.empty() ? "" : ": ", answer.error_message),
      HttpProblem::status);
  error.status = answer.status;
  error.error_code = answer.error_code;
  throw error;
}

std::optional<std::int64_t> parse_number(std::string_view digits) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || rest != digits.data() + digits.size() || number < 0) return std::nullopt;
  return number;
}

struct ContentRange {
  std::int64_t first = 0;
  std::int64_t total = 0;  // 0: "*"
};

// "bytes 100-199/200"
std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (text.substr(0, 6) != "bytes ") return std::nullopt;
  text.remove_prefix(6);
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return std::nullopt;
  const auto first = parse_number(text.substr(0, dash));
  const std::string_view all = text.substr(slash + 1);
  const auto total = all == "*" ? std::optional<std::int64_t>(0) : parse_number(all);
  if (!first || !total) return std::nullopt;
  return ContentRange{*first, *total};
}

// Only a strong tag promises the same bytes.
bool is_strong(const std::string& etag) {
  return etag.size() >= 2 && etag.front() == '"' && etag.back() == '"';
}

// What has arrived of a file, beside the tag under which the server knows it.
class PartFile : public HttpSink {
 public:
  explicit PartFile(const HttpFile& file)
      : file_(file), path_(file.path + ".part"), tag_path_(file.path + ".part.etag") {
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct stat facts {};
    if (descriptor_ < 0 || fstat(descriptor_, &facts) != 0) {
      const int reason = errno;
      if (descriptor_ >= 0) close(descriptor_);
      throw told<UserError>("Cannot write '{}': {}. Make its folder writable, then try again.",
                            "'{}': 파일을 쓸 수 없습니다: {}. 폴더에 쓰기 권한을 준 뒤 다시 시도해 주세요.",
                            path_, system_reason(reason));
    }
    have_ = facts.st_size;
    std::ifstream tag(tag_path_);
    std::getline(tag, tag_);
    if (!is_strong(tag_) || (file_.bytes > 0 && have_ > file_.bytes)) restart();
  }
  ~PartFile() override { close(descriptor_); }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  std::int64_t have() const { return have_; }
  std::int64_t total() const { return total_ > 0 ? total_ : file_.bytes; }
  const std::string& path() const { return path_; }
  const std::string& tag() const { return tag_; }

  void begin(const HttpAnswer& answer) override {
    if (answer.status == 206) {
      const auto range = parse_content_range(answer.content_range);
      const bool other = is_strong(answer.etag) && answer.etag != tag_;
      if (!range || range->first != have_ || other) {
        restart();
        throw Told<HttpError>(
            in_both("{} sent another part of the file than was asked for. Try again.",
                    "{} 서버가 요청과 다른 부분을 보냈습니다. 다시 시도해 주세요.", shown_address(file_.url)),
            HttpProblem::broken);
      }
      total_ = range->total;
    } else {
      restart();
      total_ = std::max<std::int64_t>(0, answer.content_length);
      remember(answer.etag);
    }
    if (file_.bytes > 0 && total_ > 0 && total_ != file_.bytes) refuse_size(total_);
  }

  void write(std::span<const std::byte> bytes) override {
    const std::int64_t most = file_.bytes > 0 ? file_.bytes : most_bytes_of_a_file;
    if (static_cast<std::int64_t>(bytes.size()) > most - have_)
      refuse_size(have_ + static_cast<std::int64_t>(bytes.size()));
    while (!bytes.empty()) {
      const ssize_t count = pwrite(descriptor_, bytes.data(), bytes.size(), have_);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail_to_write();
      have_ += count;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  void restart() {
    if (ftruncate(descriptor_, 0) != 0) fail_to_write();
    have_ = total_ = 0;
    tag_.clear();
    unlink(tag_path_.c_str());
  }

  void discard() const {
    unlink(path_.c_str());
    unlink(tag_path_.c_str());
  }

  [[noreturn]] void refuse_size(std::int64_t found) const {
    throw Told<HttpError>(in_both("{} has {} bytes, but {} were expected; it was not kept.",
                                  "{} 파일의 크기가 {}바이트입니다. {}바이트여야 하므로 버렸습니다.",
                                  shown_address(file_.url), found, file_.bytes),
                          HttpProblem::wrong_size);
  }

  void put_in_place() const {
    if (fsync(descriptor_) != 0 || rename(path_.c_str(), file_.path.c_str()) != 0) fail_to_write();
    unlink(tag_path_.c_str());
  }

 private:
  void remember(const std::string& etag) {
    if (!is_strong(etag)) return;
    tag_ = etag;
    std::ofstream(tag_path_, std::ios::trunc) << etag << "\n";
  }

  [[noreturn]] void fail_to_write() const {
    const int reason = errno;
    const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
    const Bilingual advice = full ? Bilingual{"Free some space", "공간을 비우고"}
                                  : Bilingual{"Make the folder writable", "폴더에 쓰기 권한을 주고"};
    throw Told<HttpError>(
        in_both("Cannot write '{}': {}. {}, then try again: the {} bytes that are there need not be fetched "
                "again.",
                "'{}': 파일을 쓸 수 없습니다: {}. {} 다시 시도해 주세요. 이미 받은 {}바이트는 다시 받지 "
                "않습니다.",
                path_, system_reason(reason), advice, have_),
        HttpProblem::disk);
  }

  const HttpFile& file_;
  std::string path_, tag_path_;
  int descriptor_ = -1;
  std::int64_t have_ = 0;
  std::int64_t total_ = 0;  // as the server says; 0: it does not
  std::string tag_;
};

// What may be gone at the next try.
bool may_pass(const HttpError& error) {
  if (error.problem == HttpProblem::status)
    return error.status == 408 || error.status == 416 || error.status == 429 || error.status >= 500;
  return error.problem == HttpProblem::broken || error.problem == HttpProblem::stalled;
}

void fetch_rest(PartFile& part, const HttpFile& file, const HttpSettings& settings,
                const std::function<void()>& tick) {
  std::vector<std::string> headers;
  if (part.have() > 0) {
    headers.push_back(fmt::format("Range: bytes={}-", part.have()));
    headers.push_back("If-Range: " + part.tag());
  }
  const HttpAnswer answer = follow(file.url, headers, settings, part, tick);
  if (answer.status == 416) part.restart();
  require_success(answer, file.url);
  if (part.total() > 0 && part.have() < part.total()) {
    throw Told<HttpError>(
        in_both("{0} ended after {1} of {2} bytes. Try again.",
                "{0}: 전체 {2}바이트 가운데 {1}바이트에서 전송이 끊겼습니다. 다시 시도해 주세요.",
                shown_address(file.url), part.have(), part.total()),
        HttpProblem::broken);
  }
}

// The hash of the whole part. Throws wrong_size or wrong_hash.
std::string require_expected(const PartFile& part, const HttpFile& file, const std::function<void()>& tick) {
  if (file.bytes > 0 && part.have() != file.bytes) part.refuse_size(part.have());
  const std::string found = sha256_of_file(part.path(), [&](std::int64_t) { tick(); });
  if (!file.sha256.empty() && found != file.sha256) {
    throw Told<HttpError>(in_both("{}: SHA-256 {} was found, {} was expected; it was not kept.",
                                  "{}: 받은 파일의 SHA-256은 {}인데, 기대한 값은 {}이므로 버렸습니다.",
                                  shown_address(file.url), found, file.sha256),
                          HttpProblem::wrong_hash);
  }
  return found;
}

void wait(std::chrono::milliseconds pause, const std::function<void()>& tick) {
  const auto end = std::chrono::steady_clock::now() + pause;
  while (std::chrono::steady_clock::now() < end) {
    tick();
    std::this_thread::sleep_for(std::min(pause, std::chrono::milliseconds(50)));
  }
}

class TextSink : public HttpSink {
 public:
  TextSink(std::string url, std::int64_t most) : url_(std::move(url)), most_(most) {}
  void begin(const HttpAnswer&) override { text.clear(); }
  void write(std::span<const std::byte> bytes) override {
    if (static_cast<std::int64_t>(text.size() + bytes.size()) > most_) {
      throw Told<HttpError>(in_both("{} sends more than {} bytes.", "{} 서버가 {}바이트 넘게 보냅니다.",
                                    shown_address(url_), most_),
                            HttpProblem::wrong_size);
    }
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  std::string text;

 private:
  std::string url_;
  std::int64_t most_;
};

// Repeats what may pass; `gained` says how many bytes are there.
template <typename Action, typename Gained>
void with_tries(const HttpSettings& settings, const std::function<void()>& tick, Gained gained,
                Action action) {
  for (int left = settings.tries;;) {
    const std::int64_t before = gained();
    try {
      action();
      return;
    } catch (const HttpError& error) {
      if (!may_pass(error)) throw;
      if (gained() - before >= fresh_hope) left = settings.tries;
      if (--left <= 0) throw;
    }
    wait(settings.pause, tick);
  }
}

}  // namespace

std::string http_download(const HttpFile& file, const HttpSettings& settings, const HttpProgress& progress) {
  PartFile part(file);
  const auto tick = [&] { progress(part.have(), part.total()); };
  const bool resumed = part.have() > 0;
  const auto attempt = [&] {
    with_tries(
        settings, tick, [&] { return part.have(); },
        [&] {
          if (file.bytes == 0 || part.have() != file.bytes) fetch_rest(part, file, settings, tick);
        });
    return require_expected(part, file, tick);
  };
  std::string hash;
  try {
    try {
      hash = attempt();
    } catch (const HttpError& error) {
      // What lay there before may be to blame: once more from the beginning.
      if (!resumed || error.problem != HttpProblem::wrong_hash) throw;
      part.restart();
      hash = attempt();
    }
  } catch (const HttpError& error) {
    if (error.problem == HttpProblem::wrong_size || error.problem == HttpProblem::wrong_hash) part.discard();
    throw;
  }
  part.put_in_place();
  progress(part.have(), part.have());
  return hash;
}

std::string http_get(const std::string& url, std::int64_t most_bytes, const HttpSettings& settings,
                     const HttpProgress& progress) {
  TextSink sink(url, most_bytes);
  const auto tick = [&] { progress(static_cast<std::int64_t>(sink.text.size()), 0); };
  with_tries(
      settings, tick, [] { return std::int64_t{0}; },
      [&] { require_success(follow(url, {}, settings, sink, tick), url); });
  return std::move(sink.text);
}

}  // namespace headlight
