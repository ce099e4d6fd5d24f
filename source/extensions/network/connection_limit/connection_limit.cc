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

FilterStatus ConnectionLimit::onNewConnection() {
  entered_ = open_.tryEnter(settings_.max_connections);
  if (entered_) {
    stats_.active.add(1);
    return FilterStatus::Continue;
  }
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
  return entered_ ? FilterStatus::Continue : FilterStatus::StopIteration;
}

void ConnectionLimit::onConnectionClosed() {
  held_.reset();
  if (!std::exchange(entered_, false)) return;
  open_.leave();
  stats_.active.sub(1);
}

void ConnectionLimitFactory::create(filter::FilterAdder& adder) const {
  filter::FilterContext& context = adder.context();
  filter::Worker& worker = context.worker();
  const auto& stats = worker.local.get<ConnectionLimit::Stats>(
      this, [&] { return makeStats(worker, settings_.stat_prefix); });
  adder.addRead(std::make_unique<ConnectionLimit>(context, settings_, *open_, stats));
}

}  // namespace weir::extensions
