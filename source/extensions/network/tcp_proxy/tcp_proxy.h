#pragma once

// Terminal filter: relays the connection to a cluster, byte for byte.
//
// Half-close is carried both ways; a reset on one side is a reset on the other; a connection that
// cannot be made resets the client. Close reasons in the access log: client_fin, upstream_fin (who
// ended first), client_reset, upstream_reset, client_error, upstream_error, upstream_refused,
// upstream_connect_timeout, upstream_unreachable, upstream_overflow, no_healthy_upstream,
// no_destination, idle_timeout, half_open_timeout, max_connection_duration.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/extensions/network/common/upstream_relay.h"
#include "source/filter/network_filter.h"
#include "source/filter/relays_to_clusters.h"

namespace weir::extensions {

struct ClusterWeight {
  ClusterWeight(std::string its_name, uint32_t its_weight = 1)
      : name(std::move(its_name)), weight(its_weight) {}
  std::string name;
  uint32_t weight;
};

struct TcpProxySettings {
  std::vector<ClusterWeight> clusters;  // at least one with a weight above 0
  RelaySettings relay;
};

// The cluster of a connection: by weight, and always the same for the same `draw`.
const std::string& clusterFor(const std::vector<ClusterWeight>& clusters, uint32_t draw);

// Immutable; any thread. The filter that it makes belongs to one connection and its loop.
class TcpProxyFactory final : public filter::NetworkFilterFactory, public filter::RelaysToClusters {
 public:
  explicit TcpProxyFactory(TcpProxySettings settings) : settings_(std::move(settings)) {}

  std::string_view name() const override { return "tcp_proxy"; }
  void create(filter::FilterAdder& adder) const override;
  std::vector<Share> clusterShares() const override;
  // For clusters of the original destination, and for the log.
  filter::FactSet requiredFacts() const override { return filter::Fact::Destination; }
  bool connectsEarly() const override { return true; }
  std::unique_ptr<upstream::EarlyConnection> makeEarly(
      filter::Worker& worker, const filter::ConnectionInfo& info) const override;

 private:
  const TcpProxySettings settings_;
};

}  // namespace weir::extensions
