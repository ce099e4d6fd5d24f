#pragma once

// What a connection to an upstream needs to know of the client's.

#include "source/filter/connection_info.h"
#include "source/upstream/cluster.h"

namespace weir::filter {

inline upstream::ConnectRequest connectRequest(const ConnectionInfo& info) {
  const Facts& facts = info.facts;
  return {.destination = facts.destination,
          .destination_is_self = info.destination_is_self,
          .source = facts.source,
          .proxy_tlvs = facts.proxy_tlvs};
}

}  // namespace weir::filter
