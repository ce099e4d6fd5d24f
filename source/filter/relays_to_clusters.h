#pragma once

// For a terminal filter that relays connections, byte for byte: where they go, for `weir explain`.
// Its factory has this beside NetworkFilterFactory. Any thread.

#include <cstdint>
#include <string>
#include <vector>

namespace weir::filter {

class RelaysToClusters {
 public:
  struct Share {
    std::string cluster;
    uint32_t weight = 1;
  };
  virtual ~RelaysToClusters() = default;
  // At least one with a weight above 0.
  virtual std::vector<Share> clusterShares() const = 0;
};

}  // namespace weir::filter
