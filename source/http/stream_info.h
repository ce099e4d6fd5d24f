#pragma once

// What is known of one request and its response: for filters, metrics and the access log. Owned by
// the stream, on its connection's loop; outlives the stream's filters.

#include <cstdint>
#include <memory>
#include <string_view>

#include "source/base/time.h"
#include "source/filter/connection_info.h"
#include "source/http/codec.h"
#include "source/http/route.h"
#include "source/net/address.h"
#include "source/upstream/host.h"

namespace weir::http {

struct StreamInfo {
  uint64_t id = 0;  // within its connection, from 1 on
  Version version = Version::Http11;
  MonotonicTime started;  // its first byte was seen, or its head
  WallTime started_wall;
  MonotonicTime request_done;  // the end of the request; the epoch: not yet
  MonotonicTime first_byte;    // the response's head went to the client; the epoch: not yet
  // Whom the request is taken to come from, as far as proxies in front are trusted; family None if
  // it is not known.
  net::IpAddress client;
  uint64_t request_bytes = 0;  // of the body; of a tunnel, too
  uint64_t response_bytes = 0;
  unsigned status = 0;     // of the response to the client; 0: there was none
  int grpc_status = -1;    // -1: not gRPC, or none was seen
  bool is_grpc = false;    // by the request's content-type
  bool is_tunnel = false;  // CONNECT or Upgrade was accepted
  // Why the proxy answered by itself, or the stream ended early; static storage, in snake_case.
  // Empty: the upstream's response went through.
  std::string_view reason;
  // Behind a reason that is the upstream's: what it did, as the codec names it. Static storage, in
  // snake_case; for the log alone.
  std::string_view upstream_detail;
  // What answered in the upstream's place, where that is no error; for the log alone. Static
  // storage, in snake_case.
  std::string_view details;
  // As the client wrote it, before it was normalised or rewritten; in the map of the request.
  std::string_view path;
  bool bad_request = false;      // it broke the protocol
  bool reset_here = false;       // the stream was reset towards the client, by ourselves
  bool delay_injected = false;   // by the filter fault
  bool upstream_gone = false;    // reason upstream_reset: the connection ended; else the stream did
  bool retries_used_up = false;  // another try was called for, and none was left
  unsigned retries = 0;          // by the route's policy; of `attempts` the others are our own
  const Route* route = nullptr;  // null: none was found, or not asked for
  std::string_view cluster;      // a name of the configuration, which outlives this
  // The host of the last try; null if there was none.
  std::shared_ptr<const upstream::Host> upstream;
  Version upstream_version = Version::Http11;
  unsigned attempts = 0;              // requests that were made upstream for this one
  MonotonicTime upstream_first_byte;  // of the response's head; the epoch: not yet
};

}  // namespace weir::http
