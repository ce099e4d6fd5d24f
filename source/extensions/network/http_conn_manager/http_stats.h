#pragma once

// The metrics of an http_conn_manager on one worker. The label `name` is its stat_prefix.
//
// Loop: the worker's. Handles are looked up when they are needed first, and kept.

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "source/http/codec.h"
#include "source/http/grpc_status.h"
#include "source/http/stream_info.h"
#include "source/stats/stats.h"

namespace weir::extensions {

class HttpStats {
 public:
  HttpStats(std::string_view stat_prefix, stats::Registry& registry);

  // A connection has this version, until connectionEnded(). `dropped_fields`: for an underscore in
  // their name.
  void connectionBegan(http::Version version) { connections_[indexOf(version)]->add(1); }
  void connectionEnded(http::Version version, uint64_t dropped_fields);
  void onRequest(http::Version version);
  void onStreamDone(const http::StreamInfo& info, MonotonicTime now);
  // A request that was malformed, or a connection that broke the protocol.
  void onRejected(std::string_view reason);
  // A stream was given up, by the client or by us. `reason` has static storage.
  enum class Side : uint8_t { Client, Self };
  void onReset(Side side, std::string_view reason);
  void upgradeBegan() { upgrades_.add(1); }

 private:
  // Where a request went: a route of the table, or null for none.
  struct OfRoute {
    OfRoute(HttpStats& stats, const http::Route* route);
    void count(HttpStats& stats, const http::StreamInfo& info);

    std::string_view host;
    std::string_view route;
    stats::Histogram& seconds;
    stats::Value& received;
    stats::Value& sent;
    std::array<stats::Value*, 6> responses{};  // by class of status; the first: none
    std::array<stats::Value*, http::GrpcStatusCount + 1> grpc{};  // the last: of no name
  };
  using Counters = std::unordered_map<std::string_view, stats::Value*>;  // by reason, static

  static size_t indexOf(http::Version version) { return static_cast<size_t>(version); }
  stats::Value& bytes(std::string_view host, std::string_view route, std::string_view direction);

  stats::Registry& registry_;
  const std::string name_;
  std::array<stats::Value*, 3> connections_{};  // these: by version
  std::array<stats::Value*, 3> requests_{};
  std::array<stats::Value*, 6> responses_{};  // by class of status; the first: none
  stats::Value& active_;
  stats::Value& upgrades_;
  stats::Value& dropped_fields_;
  stats::Histogram& seconds_;
  Counters rejected_;
  Counters local_replies_;
  std::array<Counters, 2> resets_;  // by side
  std::unordered_map<const http::Route*, OfRoute> routes_;
};

}  // namespace weir::extensions
