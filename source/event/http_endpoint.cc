#include "source/event/http_endpoint.h"

#include <event2/buffer.h>
#include <event2/http.h>

#include <cstdlib>
#include <utility>

#include "source/base/check.h"

namespace weir::event {
namespace {

constexpr int MaxHeaderBytes = 16384;
constexpr int MaxBodyBytes = 65536;
constexpr int TimeoutSeconds = 10;

}  // namespace

HttpEndpoint::HttpEndpoint(Loop& loop, int listen_fd,
                           std::function<HttpReply(const HttpQuestion&)> answer)
    : answer_(std::move(answer)), http_(evhttp_new(loop.base()), evhttp_free) {
  WEIR_CHECK(http_ != nullptr);
  evhttp_set_max_headers_size(http_.get(), MaxHeaderBytes);
  evhttp_set_max_body_size(http_.get(), MaxBodyBytes);
  evhttp_set_timeout(http_.get(), TimeoutSeconds);
  evhttp_set_allowed_methods(http_.get(), EVHTTP_REQ_GET | EVHTTP_REQ_POST);
  evhttp_set_gencb(http_.get(), &HttpEndpoint::onRequest, this);
  WEIR_CHECK(evhttp_accept_socket(http_.get(), listen_fd) == 0);
}

HttpEndpoint::~HttpEndpoint() = default;

void HttpEndpoint::onRequest(evhttp_request* request, void* self) noexcept {
  const char* path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
  char* decoded = evhttp_uridecode(path == nullptr ? "" : path, 0, nullptr);
  const bool get = evhttp_request_get_command(request) == EVHTTP_REQ_GET;
  const HttpReply reply =
      static_cast<HttpEndpoint*>(self)->answer_({get ? "GET" : "POST", decoded});
  std::free(decoded);
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", reply.content_type.c_str());
  evbuffer_add(evhttp_request_get_output_buffer(request), reply.body.data(), reply.body.size());
  evhttp_send_reply(request, reply.status, nullptr, nullptr);
}

}  // namespace weir::event
