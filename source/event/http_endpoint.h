#pragma once

// A small HTTP/1.1 server on a loop, for the admin port: libevent's, with limits. Not for the data
// path.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "source/event/loop.h"

struct evhttp;
struct evhttp_request;

namespace weir::event {

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpQuestion {
  std::string_view method;  // "GET", "POST"; others are answered with 501 before this
  std::string_view path;    // decoded, without the query
};

class HttpEndpoint {
 public:
  // Serves on `listen_fd`, a bound, listening, non-blocking socket that it takes over. `answer`
  // runs on the loop.
  HttpEndpoint(Loop& loop, int listen_fd, std::function<HttpReply(const HttpQuestion&)> answer);
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

 private:
  static void onRequest(evhttp_request* request, void* self) noexcept;
  std::function<HttpReply(const HttpQuestion&)> answer_;
  std::unique_ptr<evhttp, void (*)(evhttp*)> http_;
};

}  // namespace weir::event
