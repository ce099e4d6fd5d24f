#pragma once

// What listeners and clusters configure alike of HTTP: plain values, in a folder below both
// upstream/, which keeps them for a cluster, and http/, whose codecs follow them. Any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "source/base/time.h"

namespace weir::net {

// Of a head, or of trailers.
struct HttpHeadLimits {
  size_t max_bytes = 60 * 1024;  // names, values, and the request line
  size_t max_count = 100;        // fields, each crumb of a cookie being one
  bool operator==(const HttpHeadLimits&) const = default;
};

struct Http2Options {
  uint32_t hpack_table_size = 4096;
  uint32_t max_concurrent_streams = 100;
  uint32_t initial_stream_window_size = 65536;
  uint32_t initial_connection_window_size = 1048576;
  // A PING after so long without a byte from the peer; zero: none. Without an answer within the
  // timeout the connection ends.
  Duration keepalive_interval = Duration::zero();
  Duration keepalive_timeout = std::chrono::seconds(10);
  bool operator==(const Http2Options&) const = default;
};

}  // namespace weir::net
