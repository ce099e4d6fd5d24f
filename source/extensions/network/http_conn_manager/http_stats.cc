#include "source/extensions/network/http_conn_manager/http_stats.h"

#include <chrono>

namespace weir::extensions {
namespace {

constexpr std::array<std::string_view, 3> Versions = {"HTTP/1.0", "HTTP/1.1", "HTTP/2"};
constexpr std::array<std::string_view, 6> Classes = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

HttpStats::HttpStats(std::string_view stat_prefix, stats::Registry& registry)
    : registry_(registry),
      name_(stat_prefix),
      active_(registry.gauge("weir_http_active_requests", "Requests that are under way.",
                             {{"name", name_}})),
      seconds_(registry.histogram("weir_http_request_seconds",
                                  "From the head of a request to the end of its response.",
                                  {{"name", name_}})) {
  for (size_t i = 0; i < Versions.size(); ++i) {
    requests_[i] = &registry.counter("weir_http_requests_total", "Requests, by version.",
                                     {{"name", name_}, {"version", Versions[i]}});
  }
  for (size_t i = 0; i < Classes.size(); ++i) {
    responses_[i] =
        &registry.counter("weir_http_responses_total",
                          "Requests that have ended, by the class of the response's status.",
                          {{"name", name_}, {"status", Classes[i]}});
  }
}

void HttpStats::onRequest(http::Version version) {
  requests_[static_cast<size_t>(version)]->add(1);
  active_.add(1);
}

void HttpStats::onStreamDone(const http::StreamInfo& info, MonotonicTime now) {
  active_.sub(1);
  const unsigned status_class = info.status / 100;
  responses_[status_class < responses_.size() ? status_class : 0]->add(1);
  seconds_.observe(std::chrono::duration<double>(now - info.started).count());
}

void HttpStats::onRejected(std::string_view reason) {
  stats::Value*& counter = rejected_[reason];
  if (counter == nullptr) {
    counter = &registry_.counter("weir_http_rejected_total",
                                 "Malformed requests, and connections that broke the protocol.",
                                 {{"name", name_}, {"reason", reason}});
  }
  counter->add(1);
}

}  // namespace weir::extensions
