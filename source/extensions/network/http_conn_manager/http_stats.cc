#include "source/extensions/network/http_conn_manager/http_stats.h"

#include <algorithm>

namespace weir::extensions {
namespace {

constexpr std::array<std::string_view, 3> Versions = {"HTTP/1.0", "HTTP/1.1", "HTTP/2"};
constexpr std::array<std::string_view, 6> Classes = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

size_t classOf(unsigned status) {
  const size_t status_class = status / 100;
  return status_class < Classes.size() ? status_class : 0;
}

std::string_view orDash(std::string_view name) { return name.empty() ? "-" : name; }

double secondsOf(const http::StreamInfo& info, MonotonicTime now) {
  return toSeconds(now - info.started);
}

}  // namespace

HttpStats::HttpStats(std::string_view stat_prefix, stats::Registry& registry)
    : registry_(registry),
      name_(stat_prefix),
      active_(registry.gauge("weir_http_active_requests", "Requests that are under way.",
                             {{"name", name_}})),
      upgrades_(registry.gauge("weir_http_active_upgrades",
                               "Requests that have become tunnels and are open.",
                               {{"name", name_}})),
      dropped_fields_(registry.counter("weir_http_dropped_fields_total",
                                       "Fields that were left out for an underscore in their name.",
                                       {{"name", name_}})),
      seconds_(registry.histogram("weir_http_request_seconds",
                                  "From the head of a request to the end of its response.",
                                  {{"name", name_}})) {
  for (size_t i = 0; i < Versions.size(); ++i) {
    requests_[i] = &registry.counter("weir_http_requests_total", "Requests, by version.",
                                     {{"name", name_}, {"version", Versions[i]}});
    connections_[i] = &registry.gauge("weir_http_connections", "Open connections, by version.",
                                      {{"name", name_}, {"version", Versions[i]}});
  }
  for (size_t i = 0; i < Classes.size(); ++i) {
    responses_[i] =
        &registry.counter("weir_http_responses_total",
                          "Requests that have ended, by the class of the response's status.",
                          {{"name", name_}, {"status", Classes[i]}});
  }
}

void HttpStats::connectionEnded(http::Version version, uint64_t dropped_fields) {
  connections_[indexOf(version)]->sub(1);
  dropped_fields_.add(dropped_fields);
}

void HttpStats::onRequest(http::Version version) {
  requests_[indexOf(version)]->add(1);
  active_.add(1);
}

void HttpStats::onStreamDone(const http::StreamInfo& info, MonotonicTime now) {
  active_.sub(1);
  if (info.is_tunnel) upgrades_.sub(1);
  responses_[classOf(info.status)]->add(1);
  seconds_.observe(secondsOf(info, now));
  auto found = routes_.find(info.route);
  if (found == routes_.end()) {
    found = routes_.emplace(info.route, OfRoute(*this, info.route)).first;
  }
  found->second.seconds.observe(secondsOf(info, now));
  found->second.count(*this, info);
  if (info.reason.empty() || info.status == 0) return;
  stats::Value*& counter = local_replies_[info.reason];
  if (counter == nullptr) {
    counter = &registry_.counter("weir_http_local_replies_total",
                                 "Requests that were answered in the upstream's place, or whose "
                                 "response was cut off, by why.",
                                 {{"name", name_}, {"reason", info.reason}});
  }
  counter->add(1);
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

void HttpStats::onReset(Side side, std::string_view reason) {
  stats::Value*& counter = resets_[static_cast<size_t>(side)][reason];
  if (counter == nullptr) {
    counter = &registry_.counter("weir_http_resets_total",
                                 "Requests that ended without a whole response, by who gave them "
                                 "up and why.",
                                 {{"name", name_},
                                  {"side", side == Side::Client ? "client" : "weir"},
                                  {"reason", orDash(reason)}});
  }
  counter->add(1);
}

stats::Value& HttpStats::bytes(std::string_view host, std::string_view route,
                               std::string_view direction) {
  return registry_.counter(
      "weir_http_body_bytes_total", "Bytes of requests' bodies (rx) and responses' (tx), by route.",
      {{"name", name_}, {"virtual_host", host}, {"route", route}, {"direction", direction}});
}

HttpStats::OfRoute::OfRoute(HttpStats& stats, const http::Route* its_route)
    : host(its_route == nullptr || its_route->virtual_host == nullptr
               ? "-"
               : orDash(its_route->virtual_host->name)),
      route(its_route == nullptr ? "-" : orDash(its_route->name)),
      seconds(stats.registry_.histogram(
          "weir_http_route_seconds",
          "From the head of a request to the end of its response, by route.",
          {{"name", stats.name_}, {"virtual_host", host}, {"route", route}})),
      received(stats.bytes(host, route, "rx")),
      sent(stats.bytes(host, route, "tx")) {}

void HttpStats::OfRoute::count(HttpStats& stats, const http::StreamInfo& info) {
  received.add(info.request_bytes);
  sent.add(info.response_bytes);
  const size_t status_class = classOf(info.status);
  if (responses[status_class] == nullptr) {
    responses[status_class] = &stats.registry_.counter(
        "weir_http_route_requests_total",
        "Requests that have ended, by route and the class of the response's status.",
        {{"name", stats.name_},
         {"virtual_host", host},
         {"route", route},
         {"status", Classes[status_class]}});
  }
  responses[status_class]->add(1);
  if (info.grpc_status < 0) return;
  const size_t grpc_status = std::min(static_cast<size_t>(info.grpc_status), http::GrpcStatusCount);
  if (grpc[grpc_status] == nullptr) {
    const bool named = grpc_status < http::GrpcStatusCount;
    grpc[grpc_status] = &stats.registry_.counter(
        "weir_http_grpc_requests_total", "Requests of gRPC that have ended, by route and status.",
        {{"name", stats.name_},
         {"virtual_host", host},
         {"route", route},
         {"grpc_status", named ? http::GrpcStatusNames[grpc_status].snake : "other"}});
  }
  grpc[grpc_status]->add(1);
}

}  // namespace weir::extensions
