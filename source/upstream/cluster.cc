#include "source/upstream/cluster.h"

#include <utility>

namespace weir::upstream {
namespace {

constexpr std::string_view ConnectsName = "weir_upstream_connects_total";
constexpr std::string_view ConnectsHelp = "Connection attempts to upstreams, by how they ended.";

const ClusterSettings& bypassSettings() {
  static const ClusterSettings settings{.name = "bypass",
                                        .type = ClusterSettings::Type::OriginalDst,
                                        .endpoints = {},
                                        .connect_timeout = std::chrono::seconds(5)};
  return settings;
}

}  // namespace

Cluster::Cluster(const ClusterSettings& settings, event::Loop& loop, buffer::SlicePool& slices,
                 net::ConnectionLimits limits, stats::Registry& stats, net::OwnAddresses& own)
    : settings_(settings),
      loop_(loop),
      slices_(slices),
      limits_(limits),
      stats_(stats),
      own_(own),
      connected_(stats.counter(ConnectsName, ConnectsHelp,
                               {{"cluster", settings.name}, {"outcome", "connected"}})),
      connect_seconds_(stats.histogram("weir_upstream_connect_seconds",
                                       "Time to connect to an upstream.",
                                       {{"cluster", settings.name}})) {}

Result<net::SocketAddress> Cluster::pick(const ConnectRequest& request) {
  if (settings_.type == ClusterSettings::Type::Static) {
    return settings_.endpoints[next_++ % settings_.endpoints.size()];
  }
  if (request.destination.ip.family == net::Family::None) {
    return Error{ErrorCode::NotFound, Side::Client, "the original destination is not known"};
  }
  if (request.destination_is_self) {
    return Error{
        ErrorCode::Refused, Side::Self,
        "the original destination " + request.destination.toString() + " is this listener itself"};
  }
  return net::SocketAddress{request.destination, {}};
}

Result<Started> Cluster::connect(const ConnectRequest& request, net::ConnectionEvents& events) {
  auto address = pick(request);
  if (!address.ok()) {
    countFailed(address.error().code);
    return address.error();
  }
  auto io = net::SocketIo::connect(address.value());
  if (!io.ok()) {
    countFailed(io.error().code);
    return io.error();
  }
  if (settings_.type == ClusterSettings::Type::OriginalDst) {
    io.value()->registerIn(own_, address.value().ip);
  }
  auto connection = std::make_unique<net::Connection>(
      loop_, slices_, std::move(io).value(), net::Connection::Start::Connecting, limits_, events);
  return Started{std::move(connection), std::move(address).value()};
}

void Cluster::countConnected(double seconds) {
  connected_.add(1);
  connect_seconds_.observe(seconds);
}

void Cluster::countFailed(ErrorCode code) {
  stats_
      .counter(ConnectsName, ConnectsHelp,
               {{"cluster", settings_.name}, {"outcome", toString(code)}})
      .add(1);
}

ClusterSet::ClusterSet(const std::vector<ClusterSettings>& settings, event::Loop& loop,
                       buffer::SlicePool& slices, net::ConnectionLimits limits,
                       stats::Registry& stats, net::OwnAddresses& own)
    : bypass_(bypassSettings(), loop, slices, limits, stats, own) {
  for (const ClusterSettings& one : settings) {
    clusters_.emplace(one.name, std::make_unique<Cluster>(one, loop, slices, limits, stats, own));
  }
}

Cluster* ClusterSet::find(std::string_view name) {
  const auto it = clusters_.find(name);
  return it == clusters_.end() ? nullptr : it->second.get();
}

}  // namespace weir::upstream
