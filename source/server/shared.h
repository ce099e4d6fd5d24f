#pragma once

// What the workers of a process share: written once for each connection, never for its bytes. Any
// thread.

#include <atomic>
#include <cstdint>
#include <string>

#include "source/config/settings.h"
#include "source/net/listen_socket.h"
#include "source/net/own_addresses.h"
#include "source/server/admission.h"
#include "source/server/detection_budget.h"

namespace weir::server {

// One bound listener, on all workers. It stays the same one as long as its address stays, whatever
// else a reload changes.
struct ListenerShared {
  explicit ListenerShared(uint64_t number) : id(number) {}
  const uint64_t id;  // never given twice in one process
  ListenerLoad load;
};

inline net::ListenOptions listenOptionsOf(const config::ListenerSettings& settings) {
  return {.reuse_port = true, .transparent = settings.transparent, .backlog = settings.backlog};
}

// A listening socket that the process was started with, and what it was called.
struct InheritedSocket {
  std::string name;
  net::ListenSocket socket;
};

struct ProcessShared {
  std::atomic<uint64_t> last_connection{0};  // ConnectionInfo::id
  net::OwnAddresses own_addresses;
  ProcessLoad load;
  DetectionBudget detection;
};

}  // namespace weir::server
