#include "source/upstream/request_counters.h"

namespace weir::upstream {
namespace {

struct EventName {
  std::string_view metric;
  std::string_view help;
  std::string_view label;
  std::string_view value;
};

constexpr EventName retry(std::string_view value) {
  return {"weir_upstream_retries_total",
          "Requests that were to be tried again, by what came of it.", "outcome", value};
}
constexpr EventName timeout(std::string_view value) {
  return {"weir_upstream_timeouts_total", "Requests to upstreams that took too long, by the bound.",
          "kind", value};
}
constexpr EventName reset(std::string_view value) {
  return {"weir_upstream_resets_total",
          "Requests to upstreams that these gave up before the response was whole, by how.",
          "reason", value};
}

// In the order of RequestEvent.
constexpr EventName Events[RequestEventCount] = {
    retry("attempted"),        retry("succeeded"), retry("used_up"),        retry("refused"),
    timeout("request"),        timeout("per_try"), timeout("per_try_idle"), reset("reset"),
    reset("connection_ended"), reset("protocol"),  reset("refused_stream"),
};

constexpr std::string_view Classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

RequestCounters::RequestCounters(stats::Registry& stats, const std::string& cluster)
    : stats_(stats),
      cluster_(cluster),
      active_(stats.gauge("weir_upstream_active_requests",
                          "Requests to upstreams that are under way.", {{"cluster", cluster}})),
      pending_(stats.gauge("weir_upstream_pending_requests", "Requests that wait for a connection.",
                           {{"cluster", cluster}})) {}

void RequestCounters::happened(RequestEvent event) {
  const auto index = static_cast<size_t>(event);
  stats::Value*& counter = events_[index];
  if (counter == nullptr) {
    const EventName& name = Events[index];
    counter =
        &stats_.counter(name.metric, name.help, {{"cluster", cluster_}, {name.label, name.value}});
  }
  counter->add(1);
}

void RequestCounters::failedBy(std::string_view detail) {
  stats::Value*& counter = details_[detail];
  if (counter == nullptr) {
    counter = &stats_.counter("weir_upstream_reset_details_total",
                              "Requests to upstreams that these gave up before the response was "
                              "whole, by what exactly was wrong.",
                              {{"cluster", cluster_}, {"detail", detail}});
  }
  counter->add(1);
}

stats::Value& RequestCounters::connections(bool http2) {
  stats::Value*& gauge = connections_[http2 ? 1 : 0];
  if (gauge == nullptr) {
    gauge = &stats_.gauge("weir_upstream_http_connections", "Connections that requests share.",
                          {{"cluster", cluster_}, {"version", http2 ? "HTTP/2" : "HTTP/1.1"}});
  }
  return *gauge;
}

void RequestCounters::ended(const RequestOutcome& outcome) {
  active_.sub(1);
  if (outcome.kind == RequestOutcome::Kind::Cancelled) return count(Cancelled, "cancelled");
  if (outcome.kind == RequestOutcome::Kind::LocalFailure) return count(Failed, "failed");
  if (seconds_ == nullptr) {
    seconds_ = &stats_.histogram("weir_upstream_request_seconds",
                                 "From the start of an attempt to the head of its response.",
                                 {{"cluster", cluster_}});
  }
  seconds_->observe(toSeconds(outcome.took));
  const size_t first_digit = outcome.status / 100;
  const size_t status_class = first_digit < std::size(Classes) ? first_digit : 0;
  count(status_class, Classes[status_class]);
}

void RequestCounters::notStarted(ErrorCode code) {
  count(Errors + static_cast<size_t>(code), toString(code));
}

void RequestCounters::count(size_t index, std::string_view outcome) {
  stats::Value*& counter = ended_[index];
  if (counter == nullptr) {
    counter = &stats_.counter("weir_upstream_requests_total",
                              "Requests to upstreams, each attempt, by how they ended.",
                              {{"cluster", cluster_}, {"outcome", outcome}});
  }
  counter->add(1);
}

}  // namespace weir::upstream
