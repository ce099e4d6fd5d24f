#pragma once

// Clusters: where connections and requests go to. What is known of one is shared by the whole
// process (cluster_state.h); a Cluster is one worker's view of it, with its own place in the round
// robin. One loop; a ClusterSet outlives the connections that it started.

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/base/result.h"
#include "source/net/address.h"
#include "source/net/connection.h"
#include "source/net/own_addresses.h"
#include "source/stats/stats.h"
#include "source/upstream/cluster_state.h"
#include "source/upstream/destination_hosts.h"
#include "source/upstream/host_picker.h"
#include "source/upstream/place_exchange.h"
#include "source/upstream/request_counters.h"
#include "source/upstream/request_place.h"

namespace weir::upstream {

// What the connection that asks for an upstream is about.
struct ConnectRequest {
  net::IpPort destination = {};  // for OriginalDst; family None if it is not known
  bool destination_is_self =
      false;  // it is the address that the proxy itself listens on: connecting would loop
  net::IpPort source{};  // the client; family None if it is not known
  // That came with the client; null: none did.
  std::shared_ptr<const std::vector<net::ProxyTlv>> proxy_tlvs{};
  bool bytes_ready = false;  // the client has sent something, which will be written at once
  // Hosts that were tried for this connection, of which nothing but their identity is used: taken
  // only if there is no other. Valid for the call.
  std::span<const Host* const> tried{};
  net::SessionProtocol protocol = net::SessionProtocol::Opaque;  // what will be spoken
};

class Cluster;

// A connection's place in its cluster and at its host: holds it as long as it lives, which is on
// the cluster's loop and not longer than the cluster. Movable.
class Place {
 public:
  Place() = default;
  // The connection has been entered at both. `host` is null for the original destination.
  // `for_requests`: not picked for itself, so that the time to connect is not the host's latency.
  Place(Cluster& cluster, std::shared_ptr<Host> host, bool for_requests = false);
  Place(Place&& other) noexcept;
  Place& operator=(Place&& other) noexcept;
  ~Place() { leave(); }

  const std::shared_ptr<Host>& host() const { return host_; }
  bool forRequests() const { return for_requests_; }
  // Gives it up before its end.
  void leave();

 private:
  Cluster* cluster_ = nullptr;
  std::shared_ptr<Host> host_;
  bool for_requests_ = false;
};

// A connection that was started.
struct Started {
  std::unique_ptr<net::Connection> connection;
  net::SocketAddress address;
  Place place;
};

class Cluster {
 public:
  // What a worker lends to its clusters; outlives them.
  struct Parts {
    event::Loop& loop;
    buffer::SlicePool& slices;
    const net::ConnectionLimits limits;
    stats::Registry& stats;
    net::OwnAddresses& own;
    event::StepQueue costly{loop};  // of TLS
  };
  Cluster(std::shared_ptr<ClusterState> state, Parts& parts);

  // Picks a host and starts to connect; `events` hears how it went. An error if there is nowhere to
  // go (NoHost; NotFound: no destination), a limit is reached (Overflow), or the system refuses at
  // once.
  Result<Started> connect(const ConnectRequest& request, net::ConnectionEvents& events);

  // Picks a host for one request, which counts as active at the cluster and at the host until its
  // place is given up. Errors as above (Overflow: max_requests). Of the original destination, the
  // host is the same object for the same address as long as somebody on this worker holds it.
  Result<RequestPlace> startRequest(const RequestPick& pick);
  // Starts to connect to a host that startRequest() picked, fit or not; otherwise as connect(). Of
  // `request`, what has to do with picking is not looked at. `waiter`, if it is not null: where a
  // limit is reached, and other workers have idle connections, these are asked to let one go; what
  // is returned has no connection then, and the waiter hears of it.
  Result<Started> connectTo(const std::shared_ptr<Host>& host, const ConnectRequest& request,
                            net::ConnectionEvents& events, PlaceWaiter* waiter = nullptr);
  // This worker's connections to its hosts that nobody uses: where a limit is reached, they give
  // way.
  IdleConnections& idle() { return seat_->idle(); }

  // For requests that wait for a connection, and for retries while they are under way: false, and
  // counted as an overflow, if the cluster has as many as it may. One leave for each that was true.
  bool tryPending();
  void leavePending() {
    requests_.waits(false);
    state_->leavePending();
  }
  bool tryRetry();
  void leaveRetry() { state_->leaveRetry(); }
  // For what those who make requests see.
  RequestCounters& counters() { return requests_; }

  const ClusterSettings& settings() const { return state_->settings(); }
  // The worker's, for what has to do with connecting.
  Random& random() { return picker_.random(); }
  // One of these for each connect() that returned a connection. `seconds`: since then.
  // They also tell the host's fitness.
  void countConnected(const Place& place, double seconds);
  void countFailed(const Place& place, ErrorCode code);

 private:
  friend class Place;
  friend class RequestPlace;

  struct Choice {
    net::SocketAddress address;
    Place place;
  };
  Result<Choice> pick(const ConnectRequest& request);
  Result<Choice> pickHost(const ConnectRequest& request);
  Result<std::shared_ptr<Host>> pickFor(const RequestPick& pick);
  bool enterCluster();
  std::optional<Place> enter(const std::shared_ptr<Host>& host);
  Result<Started> start(Choice choice, const ConnectRequest& request,
                        net::ConnectionEvents& events);
  Result<void> checkDestination(const net::IpPort& destination, bool is_self) const;
  uint64_t keyOf(const net::IpPort& source);
  Error noHost() const;
  void endRequest(const std::shared_ptr<Host>& host, const RequestOutcome& outcome);
  const HostList& hosts();
  std::string proxyHeader(const ConnectRequest& request) const;
  const SharedTransport& transportOf(const Place& place) const;
  bool panics();
  void countEjections(EjectionReason reason, uint64_t ejections);
  void noteLatency(const RequestOutcome& outcome, const Host& host);
  void tellFailure(const std::shared_ptr<Host>& host);
  void countOverflow(std::string_view limit);
  Error overflow(std::string_view limit, uint64_t value);
  void countOutcome(ErrorCode code);

  const std::shared_ptr<ClusterState> state_;
  Parts& parts_;
  event::Loop& loop_;
  stats::Registry& stats_;
  stats::Value& connected_;
  stats::Histogram& connect_seconds_;
  stats::Value& active_;
  stats::Value& panic_picks_;
  RequestCounters requests_;
  // Looked up when they are counted first.
  std::array<stats::Value*, EjectionReasonCount> ejections_{};
  std::array<stats::Value*, ErrorCodeCount> failures_{};
  std::unordered_map<std::string_view, stats::Value*> overflows_;  // by limit, in static storage
  const net::ByteMeter bytes_;
  std::shared_ptr<const HostList> hosts_;  // as of hosts_version_
  uint64_t hosts_version_ = 0;
  HostPicker picker_;
  DestinationHosts destination_hosts_;
  const std::shared_ptr<PlaceSeat> seat_;
};

// The clusters of one configuration on one worker, by name. Cheap to make: a Cluster is made when
// it is asked for first.
class ClusterSet {
 public:
  // `own` outlives the set.
  ClusterSet(ClusterStates states, event::Loop& loop, buffer::SlicePool& slices,
             net::ConnectionLimits limits, stats::Registry& stats, net::OwnAddresses& own);
  // Null if there is none of that name; the configuration was checked for that.
  Cluster* find(std::string_view name);
  // The one without a name in the configuration: to the destination that the client dialled (skip
  // ports).
  Cluster& bypass() { return *find(BypassName); }
  net::OwnAddresses& ownAddresses() { return parts_.own; }

 private:
  const ClusterStates states_;
  Cluster::Parts parts_;
  std::unordered_map<std::string_view, std::unique_ptr<Cluster>> clusters_;
};

}  // namespace weir::upstream
