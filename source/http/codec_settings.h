#pragma once

// What a codec allows its peer. The defaults are those that Envoy's guide for edge proxies asks
// its users to set.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "source/base/time.h"
#include "source/net/http_options.h"

namespace weir::http {

// What is done with a request that has a field with an underscore in its name: an application that
// takes "_" and "-" for the same would be deceived.
enum class Underscores : uint8_t {
  Reject,  // 400
  Drop,    // the field is left out, and counted
  Allow,
};

struct HeaderLimits : net::HttpHeadLimits {
  size_t max_target_bytes = 8192;  // of a request line's target, or :path
  Underscores underscores = Underscores::Reject;
};

struct Http1Settings {
  HeaderLimits headers{};
  // On the side of the client.
  bool accept_http_10 = true;
  // From the first byte of a request head until it is whole; zero: no bound. Then 408.
  Duration request_headers_timeout = std::chrono::seconds(10);
  size_t buffer_limit = 32768;  // written and not sent
};

struct Http2Settings : net::Http2Options {
  HeaderLimits headers{};
  // On the side of the client, from the begin of a request's head, or of trailers, until it is
  // whole; zero: no bound. Then the connection ends, as nothing else may come meanwhile.
  Duration request_headers_timeout = std::chrono::seconds(10);
  bool allow_connect = true;  // extended CONNECT (RFC 8441)
  // On the side of the client: after so many the connection takes only those that are on their way,
  // for a round trip, and at most max_concurrent_streams. 0: no bound.
  uint64_t max_requests = 0;
  // Frames that wait to be sent.
  uint32_t max_outbound_frames = 10000;
  uint32_t max_outbound_control_frames = 1000;  // of them PING, SETTINGS and RST_STREAM
  // From the peer, with no payload and without the end of a stream, in a row.
  uint32_t max_consecutive_inbound_frames_with_empty_payload = 1;
  uint32_t max_inbound_priority_frames_per_stream = 100;
  uint32_t max_inbound_window_update_frames_per_data_frame_sent = 10;
  // PING and SETTINGS of the peer in one second.
  uint32_t max_inbound_control_frames_per_second = 1000;
  // From the peer in one second, that are ignored: of types that are unknown (RFC 9113 5.5), or
  // empty ones to streams that are closed.
  uint32_t max_inbound_unknown_frames_per_second = 10000;
  // Streams that the peer reset within a second of their begin: once there were so many, and they
  // are more than half of all, the connection ends.
  uint32_t premature_reset_total_stream_count = 500;
  Duration premature_reset_min_stream_lifetime = std::chrono::seconds(1);
  // Since a stream that has ended could last send something; zero: no bound. Then it is reset.
  Duration stream_flush_timeout = std::chrono::seconds(300);
  size_t buffer_limit = 32768;  // of a stream: written and not sent
};

}  // namespace weir::http
