#pragma once

// What is known about one accepted connection, for choosing, for filters, and for the access log.
// Owned by the connection's record; changes only on its loop.

#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/time.h"
#include "source/filter/facts.h"
#include "source/filter/grants.h"
#include "source/net/security.h"

namespace weir::filter {

// Why a connection went where it went.
enum class Reason : uint8_t {
  Match,         // no bytes were needed: opaque or skip
  ClientBytes,   // the client's bytes settled it
  ServerFirst,   // the server spoke first
  Learned,       // the server spoke first, and was expected to: no wait
  Timeout,       // silence until detection_timeout, or partial_timeout
  ClientClosed,  // the client ended its side before the bytes settled it
  Error,         // no chain, or a listener filter refused it
};

std::string_view toString(Reason reason);

// What goes on over a connection that speaks HTTP.
struct HttpActivity {
  std::string_view version;  // static storage
  uint64_t requests = 0;     // so far
  uint64_t open = 0;         // of them, those that are under way
};

// Each open connection holds one: the order leaves no gaps.
struct ConnectionInfo {
  uint64_t id = 0;            // never given twice in one process
  std::string_view listener;  // these names belong to the configuration, which outlives this
  std::string_view chain;
  std::string_view protocol = "tcp";
  std::string_view header;  // what stood in front of the client's bytes, as Sniffed::header
  std::string_view cluster;
  std::string_view close_reason;  // static storage: client_fin, upstream_reset, idle_timeout…
  const net::Security* security = nullptr;  // its connection's; null: nothing protects the bytes
  std::string transport_failure;       // why TLS failed towards the client; empty if it did not
  const HttpActivity* http = nullptr;  // its filter's; null: it does not speak HTTP, or not yet
  std::string upstream;                // the address connected to, or tried last; empty if none
  Facts facts;
  Duration detection_time{};  // from accept until the chain was chosen
  MonotonicTime accepted;
  WallTime accepted_wall;
  Grants grants;          // taken for it early, until its filters have them
  uint64_t rx_bytes = 0;  // from the client; once it has ended
  uint64_t tx_bytes = 0;  // to the client
  uint32_t draw = 0;      // a random number: what is chosen by weight for this connection follows
                          // from it, so that it is chosen alike whenever it is asked for
  Reason reason = Reason::Error;
  bool destination_is_self = false;  // a connection to its destination would come back to us
  bool upstream_connected = false;
};

}  // namespace weir::filter
