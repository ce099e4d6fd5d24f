#pragma once

// The validated settings of an http_conn_manager. Immutable; shared by all workers.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/time.h"
#include "source/http/codec_settings.h"
#include "source/http/filter.h"
#include "source/http/forwarded.h"
#include "source/http/path.h"
#include "source/http/request_format.h"
#include "source/http/route_table.h"

namespace weir::extensions {

struct HttpConnManagerSettings {
  enum class Codec : uint8_t {
    Auto,  // what was detected; else HTTP/2 if the connection begins with its preface
    Http1,
    Http2,
  };
  std::string stat_prefix;
  Codec codec = Codec::Auto;
  std::shared_ptr<const http::RouteTable> routes;
  std::vector<std::shared_ptr<const http::FilterFactory>> filters;  // the last one is terminal
  std::vector<std::string> filter_names = {};  // as they were configured; each may be empty
  http::Http1Settings http1;
  http::Http2Settings http2;
  http::PathSettings path;

  // Zero: no bound, of each.
  Duration idle_timeout = std::chrono::hours(1);             // of a connection without requests
  Duration stream_idle_timeout = std::chrono::seconds(300);  // without a byte either way
  Duration request_timeout = std::chrono::seconds(300);      // until the request is whole
  Duration max_connection_duration = Duration::zero();
  Duration drain_timeout = std::chrono::seconds(5);  // between the two GOAWAYs
  uint64_t max_requests_per_connection = 0;          // 0: no bound

  bool log_requests = true;                           // if there is an access log, or
  std::string log_path;                               // a file of its own; empty: the access log's
  std::shared_ptr<const http::RequestLine> log_line;  // null: the usual keys, as the log has them

  // Nothing is added to a message, and nothing taken from it but what belongs to a connection.
  bool transparent = false;
  http::ForwardedSettings forwarded;  // also what via says in responses
  std::vector<std::string> upgrades;  // that may pass where a route says nothing, in lower case

  bool upgradeAllowed(std::string_view type) const {
    return transparent || std::find(upgrades.begin(), upgrades.end(), type) != upgrades.end();
  }
  // Of a target with a path; see http::normalizePath().
  http::PathResult normalize(std::string_view target) const {
    return transparent ? http::PathResult{} : http::normalizePath(target, path);
  }
  // Of what a route has made of such a target.
  http::PathResult normalizeRewritten(std::string_view target) const {
    if (transparent) return {};
    http::PathSettings rewritten = path;
    rewritten.refuse_dots = true;
    return http::normalizePath(target, rewritten);
  }
};

}  // namespace weir::extensions
