#pragma once

// What checks one host. Which one is made follows from the cluster's settings: the TCP checker
// here, or one that speaks HTTP, which this folder knows nothing of and whose maker is handed in.

#include <functional>
#include <memory>
#include <string>

#include "source/base/result.h"
#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/net/address.h"
#include "source/upstream/cluster_settings.h"
#include "source/upstream/host_transport.h"

namespace weir::upstream {

// Checks as long as it lives. Dropping it ends a check that is under way, and nothing is told any
// more.
class HealthChecker {
 public:
  virtual ~HealthChecker() = default;
};

// Where a checker connects to.
struct CheckTarget {
  buffer::SlicePool& slices;
  net::SocketAddress address;
  SharedTransport transport = {};
  event::StepQueue* costly = nullptr;  // of the transport: not null if there is one
  std::string preamble = {};           // then in front of it, unprotected
  // Starts to; `protocol` will be spoken.
  Result<std::unique_ptr<net::Io>> connect(net::SessionProtocol protocol) const;
};

// What a checker is to do. Loop and slices outlive it.
struct HealthCheckTask {
  event::Loop& loop;
  buffer::SlicePool& slices;
  net::SocketAddress address;
  const HealthCheckSettings& settings;  // to be copied
  bool healthy = true;                  // what is known of the host until the first check
  // Hears of each change, never from inside the maker. It may drop the checker.
  std::function<void(bool healthy)> on_change;
  // Hears of each check that ended, before on_change, and may not drop it.
  std::function<void(bool passed)> on_check = {};
  // The rest of the target(). `costly` outlives the checker.
  SharedTransport transport = {};
  event::StepQueue* costly = nullptr;
  std::string preamble = {};

  CheckTarget target() const { return {slices, address, transport, costly, preamble}; }
};

using HealthCheckerMaker = std::function<std::unique_ptr<HealthChecker>(HealthCheckTask)>;

}  // namespace weir::upstream
