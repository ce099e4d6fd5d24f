#pragma once

// What one request asks of a cluster (Cluster::startRequest()), and its place there until its end.
// Nothing here knows of messages: a status is a number. One loop, that of the cluster, which
// outlives all of it.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "source/base/time.h"
#include "source/net/address.h"

namespace weir::upstream {

class Cluster;
class Host;

// Which host a request wants.
struct RequestPick {
  net::IpPort destination = {};      // for OriginalDst; family None if it is not known
  bool destination_is_self = false;  // the proxy itself listens there: connecting would loop
  net::IpPort source = {};           // the client; family None if it is not known
  // What leads to the same host again, for policies that hash; without one it is the source
  // address.
  std::optional<uint64_t> hash = {};
  // Hosts that were tried for this request, of which nothing but their identity is used: taken only
  // if there is no other. Valid for the call.
  std::span<const Host* const> tried = {};
};

// How a request, or one attempt at it, ended.
struct RequestOutcome {
  enum class Kind : uint8_t {
    Response,      // its head came
    LocalFailure,  // no answer came: reset, timed out, not connected
    Cancelled,     // not wanted any more; says nothing about the host
  };
  Kind kind = Kind::Cancelled;
  unsigned status = 0;  // of a Response; 0 if there was none
  // From startRequest() to the head, or to the failure: the host's latency for PEAK_EWMA. Not the
  // time that a long body or a tunnel took.
  Duration took = Duration::zero();
};

// A request's place in its cluster and at its host: counts there until end(), or until it is
// destroyed, which is Cancelled. Movable.
class RequestPlace {
 public:
  RequestPlace() = default;
  // The request has been entered at both.
  RequestPlace(Cluster& cluster, std::shared_ptr<Host> host)
      : cluster_(&cluster), host_(std::move(host)) {}
  RequestPlace(RequestPlace&& other) noexcept;
  RequestPlace& operator=(RequestPlace&& other) noexcept;
  ~RequestPlace() { end({}); }

  // Null before it began, and after its end.
  const std::shared_ptr<Host>& host() const { return host_; }
  // Gives it up, and tells the cluster how it went. Only the first one counts.
  void end(const RequestOutcome& outcome);

 private:
  Cluster* cluster_ = nullptr;
  std::shared_ptr<Host> host_;
};

}  // namespace weir::upstream
