#pragma once

// What to do while a choice hangs on bytes that the client does not send: how long to wait, when to
// listen to the server as well, and what to remember. Validated settings of proto_detect; the
// defaults below hold where a listener waits for bytes without one. Immutable; any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "source/base/time.h"

namespace weir::filter {

enum class OnTimeout : uint8_t {
  Continue,  // the facts that are missing stay empty: the connection goes on as TCP
  Close,
};

// Server-speaks-first without configuration: see docs/detection.md.
struct ServerFirstSettings {
  bool enabled = true;
  Duration probe_after =
      std::chrono::milliseconds(25);  // silence before the upstream connection is opened
  size_t max_probes = 1024;           // open at once, per worker and listener; more wait unprobed
  bool learn = true;
  size_t learn_max_entries = 4096;             // per listener; the oldest is forgotten
  Duration learn_ttl = std::chrono::hours(1);  // since the last time that it held
};

struct SilencePolicy {
  Duration detection_timeout = std::chrono::seconds(10);
  Duration partial_timeout = std::chrono::seconds(1);
  OnTimeout on_timeout = OnTimeout::Continue;
  ServerFirstSettings server_first;
};

}  // namespace weir::filter
