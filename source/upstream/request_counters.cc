#include "source/upstream/request_counters.h"

namespace weir::upstream {
namespace {

constexpr std::string_view Classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

RequestCounters::RequestCounters(stats::Registry& stats, const std::string& cluster)
    : stats_(stats),
      cluster_(cluster),
      active_(stats.gauge("weir_upstream_active_requests",
                          "Requests to upstreams that are under way.", {{"cluster", cluster}})) {}

void RequestCounters::ended(const RequestOutcome& outcome) {
  active_.sub(1);
  if (outcome.kind == RequestOutcome::Kind::Cancelled) return count(Cancelled, "cancelled");
  if (outcome.kind == RequestOutcome::Kind::LocalFailure) return count(Failed, "failed");
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
