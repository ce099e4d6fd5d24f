#pragma once

// What nghttp2 calls: each function only forwards to the session or the stream. On the
// connection's loop, from inside nghttp2_session_mem_recv() and nghttp2_session_mem_send().

#include "source/http/h2/session.h"
#include "source/http/h2/stream.h"

namespace weir::http {

struct Http2Callbacks {
  // The set that all sessions share.
  static const nghttp2_session_callbacks* all();
  static nghttp2_data_provider bodyOf(Http2Stream& stream);
};

}  // namespace weir::http
