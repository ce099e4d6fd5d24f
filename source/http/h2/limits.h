#pragma once

// What no setting moves: the fixed limits of HTTP/2 connections, which docs/reasons.md names. Those
// that a connection may be given are in codec_settings.h. Any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "source/base/time.h"

namespace weir::http {

// Until the peer's SETTINGS acknowledge ours, from the begin of the connection
// (h2_settings_timeout).
constexpr Duration Http2SettingsTimeout = std::chrono::seconds(10);

// A request to an upstream that is given up, so long after the last byte came from there, puts its
// connection in doubt: no other one is sent over it until a PING is answered (keepalive_timeout).
constexpr Duration Http2DoubtAfter = std::chrono::milliseconds(500);
// Since that answer the connection is not doubted again: there are servers that take many PINGs
// without traffic of their own for an attack.
constexpr Duration Http2TrustAfterAnswer = std::chrono::seconds(30);

// Heads with a status 1xx before a response (h2_informational_responses): the client may be slow to
// take them, and there is no bound to their bytes.
constexpr unsigned Http2MaxInformational = 100;

// A head over its limits is answered (431), as it may be a mistake; one so many times over them is
// none, and is not read to its end (h2_header_overflow).
constexpr size_t Http2HeaderOverflow = 8;

// CONTINUATION frames of a head that may have so many bytes (h2_continuation_flood): as many as it
// takes if they are full, and some.
constexpr size_t http2MaxContinuations(size_t head_bytes) { return 8 + head_bytes / 16384; }

// Of a head that is sent, as nghttp2 estimates it: more than any setting lets in (8 MiB, and 12
// bytes for each of 10000 fields), with what is added on the way. Only what is used is allocated.
constexpr size_t Http2MaxHeadSent = size_t{16} << 20;

// The window of a stream before the peer has our SETTINGS (RFC 9113 6.9.2). So many bytes, or the
// window that they give, may be on their way when a stream is reset (h2_late_data_flood).
constexpr uint32_t Http2DefaultWindow = 65535;

}  // namespace weir::http
