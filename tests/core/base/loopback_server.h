// A small HTTP server on 127.0.0.1 that answers as a test wants: headers, ranges, silence, half a body.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace headlight {

struct ServedRequest {
  std::string path;                            // with its query
  std::map<std::string, std::string> headers;  // names in lower case

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct ServedAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::size_t send = std::string::npos;  // so many bytes of the body, then the connection closes
  bool stall = false;                    // … or stays open and silent until one side ends
};

class LoopbackServer {
 public:
  using Handler = std::function<ServedAnswer(const ServedRequest&)>;

  explicit LoopbackServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (listener_ < 0 || bind(listener_, any, size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, any, &size) != 0) {
      throw std::runtime_error("no socket on the loopback interface");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~LoopbackServer() {
    stopped_ = true;
    thread_.join();
    close(listener_);
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  // "localhost" and "127.0.0.1" reach the same server, and are two hosts for a client.
  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_) + path;
  }
  int port() const { return port_; }

  std::vector<ServedRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    while (!stopped_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 20) <= 0) continue;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      answer(client);
      close(client);
    }
  }

  void answer(int client) {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos && !stopped_) {
      pollfd waiting{client, POLLIN, 0};
      if (poll(&waiting, 1, 20) <= 0) continue;
      char buffer[4096];
      const ssize_t count = recv(client, buffer, sizeof buffer, 0);
      if (count <= 0) return;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    const ServedRequest request = parse(text);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const ServedAnswer reply = handler_(request);
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Because\r\nConnection: close\r\n";
    bool has_length = false;
    for (const auto& [name, value] : reply.headers) {
      head += name + ": " + value + "\r\n";
      has_length = has_length || name == "Content-Length";
    }
    if (!has_length) head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    send_all(client, head + "\r\n" + reply.body.substr(0, reply.send));
    char gone = 0;
    while (reply.stall && !stopped_ && recv(client, &gone, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  static ServedRequest parse(const std::string& text) {
    ServedRequest request;
    const std::size_t begin = text.find(' ') + 1;
    request.path = text.substr(begin, text.find(' ', begin) - begin);
    std::size_t line = text.find("\r\n") + 2;
    while (line < text.size() && text[line] != '\r') {
      const std::size_t end = text.find("\r\n", line);
      const std::size_t colon = text.find(": ", line);
      std::string name = text.substr(line, colon - line);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      request.headers[name] = text.substr(colon + 2, end - colon - 2);
      line = end + 2;
    }
    return request;
  }

  void send_all(int client, const std::string& bytes) const {
    for (std::size_t sent = 0; sent < bytes.size() && !stopped_;) {
      const ssize_t count = send(client, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopped_ = false;
  mutable std::mutex mutex_;
  std::vector<ServedRequest> requests_;
  std::thread thread_;
};

// A server that knows a file and its tag, and honours Range and If-Range as the standard says (RFC 9110, 14).
inline ServedAnswer serve_file(const ServedRequest& request, const std::string& bytes,
                               const std::string& tag) {
  ServedAnswer answer;
  answer.headers = {{"ETag", tag}};
  const std::string range = request.header("range");
  const std::string condition = request.header("if-range");
  if (range.empty() || (!condition.empty() && condition != tag)) {
    answer.body = bytes;
    return answer;
  }
  const std::size_t first = std::stoul(range.substr(range.find('=') + 1));
  if (first >= bytes.size()) {
    answer.status = 416;
    return answer;
  }
  answer.status = 206;
  answer.headers.emplace_back("Content-Range", "bytes " + std::to_string(first) + "-" +
                                                   std::to_string(bytes.size() - 1) + "/" +
                                                   std::to_string(bytes.size()));
  answer.body = bytes.substr(first);
  return answer;
}

}  // namespace headlight
