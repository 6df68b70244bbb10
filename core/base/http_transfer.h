// One HTTP request: headers and a body, stoppable at any moment. Redirects are reported, not followed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/errors.h"

namespace headlight {

enum class HttpProblem {
  bad_address,  // not an address, or not http or https
  unreachable,  // no such host, no connection
  untrusted,    // the server's certificate
  status,       // it answered, but not with the file: see `status`
  redirect,     // too many, or to where we do not follow
  stalled,      // silent for too long
  broken,       // the connection ended too early
  wrong_size,   // other than expected, or than we take
  wrong_hash,
  disk,  // what arrived cannot be written
};

// What went wrong, for a person as it is, or for callers that know what the file is and can say more.
class HttpError : public UserError {
 public:
  HttpError(HttpProblem its_problem, const std::string& message) : UserError(message), problem(its_problem) {}

  HttpProblem problem;
  int status = 0;          // 404, …; 0 when there was no answer
  std::string error_code;  // X-Error-Code of the answer, if it has one
};

struct HttpSettings {
  std::string token;  // sent as bearer to the host of the first address, and to no other
  std::chrono::milliseconds connect_limit{15000};
  std::chrono::milliseconds stall_limit{30000};  // without a single byte
  int most_redirects = 5;
  int tries = 3;                          // of a transfer that broke off and can go on
  std::chrono::milliseconds pause{1000};  // between them
};

struct HttpAnswer {
  int status = 0;
  std::int64_t content_length = -1;  // -1: not said
  std::string etag;
  std::string content_range;
  std::string redirect;                   // absolute
  std::string error_code, error_message;  // X-Error-Code and X-Error-Message: printable, short
};

// Takes the body of an answer with status 200 or 206; other bodies are thrown away. May throw to stop.
class HttpSink {
 public:
  virtual ~HttpSink() = default;
  virtual void begin(const HttpAnswer& answer) = 0;  // once, also before an empty body
  virtual void write(std::span<const std::byte> bytes) = 0;
};

// Asks for `url` with these header lines. `tick` is called about ten times a second and may throw to stop.
// Throws HttpError, or what the sink or the tick throws.
HttpAnswer http_request(const std::string& url, const std::vector<std::string>& headers,
                        const HttpSettings& settings, HttpSink& sink, const std::function<void()>& tick);

// The address without its query and credentials, for messages.
std::string shown_address(const std::string& url);
// In lower case; empty when it is no address. "[::1]" keeps its brackets.
std::string host_of(const std::string& url);
// The same scheme, host and port.
bool same_origin(const std::string& one, const std::string& other);
// https never leads back to http, and nothing leads elsewhere than to one of the two.
bool may_follow(const std::string& from, const std::string& to);

}  // namespace headlight
