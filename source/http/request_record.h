#pragma once

// All that there is to say about a request once it is over. Refers to what outlives it.

#include "source/base/time.h"
#include "source/filter/connection_info.h"
#include "source/http/header_map.h"
#include "source/http/stream_info.h"

namespace weir::http {

struct RequestRecord {
  const filter::ConnectionInfo& connection;
  const StreamInfo& stream;
  const HeaderMap& request;
  const HeaderMap& response;
  const HeaderMap& trailers;  // of the response
  MonotonicTime now;          // the end
};

}  // namespace weir::http
