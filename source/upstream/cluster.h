#pragma once

// Clusters: where connections go to. Settings are shared and immutable; a Cluster is one worker's
// view of them, with its own place in the round robin. One loop; a ClusterSet outlives the
// connections that it started.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/base/result.h"
#include "source/net/address.h"
#include "source/net/connection.h"
#include "source/net/own_addresses.h"
#include "source/stats/stats.h"
#include "source/upstream/cluster_settings.h"

namespace weir::upstream {

// What the connection that asks for an upstream is about.
struct ConnectRequest {
  net::IpPort destination;  // for OriginalDst; family None if it is not known
  bool destination_is_self =
      false;  // it is the address that the proxy itself listens on: connecting would loop
};

// A connection that was started.
struct Started {
  std::unique_ptr<net::Connection> connection;
  net::SocketAddress address;
};

class Cluster {
 public:
  Cluster(const ClusterSettings& settings, event::Loop& loop, buffer::SlicePool& slices,
          net::ConnectionLimits limits, stats::Registry& stats, net::OwnAddresses& own);

  // Picks an endpoint and starts to connect; `events` hears how it went. An error if there is
  // nowhere to go, or the system refuses at once.
  Result<Started> connect(const ConnectRequest& request, net::ConnectionEvents& events);

  const ClusterSettings& settings() const { return settings_; }
  // One of these for each connect() that returned a connection. `seconds`: since then.
  void countConnected(double seconds);
  void countFailed(ErrorCode code);

 private:
  Result<net::SocketAddress> pick(const ConnectRequest& request);

  const ClusterSettings& settings_;
  event::Loop& loop_;
  buffer::SlicePool& slices_;
  const net::ConnectionLimits limits_;
  stats::Registry& stats_;
  net::OwnAddresses& own_;
  stats::Value& connected_;
  stats::Histogram& connect_seconds_;
  size_t next_ = 0;
};

// The clusters of one worker, by name.
class ClusterSet {
 public:
  // `settings` and `own` outlive the set.
  ClusterSet(const std::vector<ClusterSettings>& settings, event::Loop& loop,
             buffer::SlicePool& slices, net::ConnectionLimits limits, stats::Registry& stats,
             net::OwnAddresses& own);
  // Null if there is none of that name; the configuration was checked for that.
  Cluster* find(std::string_view name);
  // The one without a name in the configuration: to the destination that the client dialled (skip
  // ports).
  Cluster& bypass() { return bypass_; }

 private:
  Cluster bypass_;
  std::unordered_map<std::string_view, std::unique_ptr<Cluster>> clusters_;
};

}  // namespace weir::upstream
