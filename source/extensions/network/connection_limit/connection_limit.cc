#include "source/extensions/network/connection_limit/connection_limit.h"

namespace weir::extensions {
namespace {

using filter::FilterStatus;

constexpr std::string_view Reason = "connection_limit";

ConnectionLimit::Stats makeStats(filter::Worker& worker, const std::string& name) {
  return {worker.stats.counter("weir_connection_limit_limited_total",
                               "Connections that were one too many for a connection_limit.",
                               {{"name", name}}),
          worker.stats.gauge("weir_connection_limit_active_connections",
                             "Open connections that a connection_limit let through.",
                             {{"name", name}})};
}

}  // namespace

ConnectionLimit::Place::Place(BoundedCount& open, const Stats& stats) : open_(open), stats_(stats) {
  stats_.active.add(1);
}

ConnectionLimit::Place::~Place() {
  open_.leave();
  stats_.active.sub(1);
}

std::unique_ptr<ConnectionLimit::Place> ConnectionLimit::Place::enter(BoundedCount& open,
                                                                      uint64_t limit,
                                                                      const Stats& stats) {
  if (!open.tryEnter(limit)) return nullptr;
  return std::unique_ptr<Place>(new Place(open, stats));
}

FilterStatus ConnectionLimit::onNewConnection() {
  place_ = context_.takeGrant();
  if (place_ == nullptr) place_ = Place::enter(open_, settings_.max_connections, stats_);
  if (place_ != nullptr) return FilterStatus::Continue;
  stats_.limited.add(1);
  if (settings_.delay == Duration::zero()) {
    context_.close(filter::Close::Reset, Reason);
    return FilterStatus::StopIteration;
  }
  context_.pauseReading(net::Pause::NotReady);
  held_.emplace(context_.worker().loop, [this] { context_.close(filter::Close::Reset, Reason); });
  held_->arm(settings_.delay);
  return FilterStatus::StopIteration;
}

FilterStatus ConnectionLimit::onData(buffer::Buffer&, bool) {
  return place_ != nullptr ? FilterStatus::Continue : FilterStatus::StopIteration;
}

void ConnectionLimit::onConnectionClosed() {
  held_.reset();
  place_.reset();
}

bool ConnectionLimitFactory::takeEarly(filter::Worker& worker,
                                       std::unique_ptr<filter::Grant>& grant) const {
  grant = ConnectionLimit::Place::enter(*open_, settings_.max_connections, statsOn(worker));
  return grant != nullptr;
}

const ConnectionLimit::Stats& ConnectionLimitFactory::statsOn(filter::Worker& worker) const {
  return worker.local.get<ConnectionLimit::Stats>(
      this, [&] { return makeStats(worker, settings_.stat_prefix); });
}

void ConnectionLimitFactory::create(filter::FilterAdder& adder) const {
  filter::FilterContext& context = adder.context();
  adder.addRead(
      std::make_unique<ConnectionLimit>(context, settings_, *open_, statsOn(context.worker())));
}

}  // namespace weir::extensions
