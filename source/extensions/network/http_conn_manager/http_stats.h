#pragma once

// The metrics of an http_conn_manager on one worker. The label `name` is its stat_prefix.

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "source/http/codec.h"
#include "source/http/stream_info.h"
#include "source/stats/stats.h"

namespace weir::extensions {

class HttpStats {
 public:
  HttpStats(std::string_view stat_prefix, stats::Registry& registry);

  void onRequest(http::Version version);
  void onStreamDone(const http::StreamInfo& info, MonotonicTime now);
  // A request that was malformed, or a connection that broke the protocol.
  void onRejected(std::string_view reason);

 private:
  stats::Registry& registry_;
  const std::string name_;
  std::array<stats::Value*, 3> requests_{};   // by version
  std::array<stats::Value*, 6> responses_{};  // by class of status; the first: none
  stats::Value& active_;
  stats::Histogram& seconds_;
  std::unordered_map<std::string_view, stats::Value*> rejected_;  // by reason, in static storage
};

}  // namespace weir::extensions
