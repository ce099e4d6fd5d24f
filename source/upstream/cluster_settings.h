#pragma once

// The validated settings of a cluster. Immutable; shared by all workers.

#include <chrono>
#include <string>
#include <vector>

#include "source/base/time.h"
#include "source/net/address.h"

namespace weir::upstream {

struct ClusterSettings {
  enum class Type : uint8_t {
    Static,       // the endpoints listed, in turn
    OriginalDst,  // the destination that the client dialled
  };
  std::string name;
  Type type = Type::Static;
  std::vector<net::SocketAddress> endpoints;  // Static: never empty
  Duration connect_timeout = std::chrono::seconds(5);
};

}  // namespace weir::upstream
