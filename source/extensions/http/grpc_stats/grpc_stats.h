#pragma once

// HTTP filter: counts gRPC requests, their messages and the status they end with; looks only.
//
// Metrics, by `name` (the stat_prefix), `service` and `method`, which are "other" for those without
// counters of their own: weir_http_grpc_method_requests_total, by `grpc_status` (such as
// NOT_FOUND; "other"; "none" if the stream ended without one), once the stream is over;
// weir_http_grpc_messages_total, by `direction` (request, response).

#include <array>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "source/extensions/http/grpc_stats/message_counter.h"
#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/stats/stats.h"

namespace weir::http_filters {

struct GrpcStatsSettings {
  struct Method {
    std::string service;
    std::string name;
  };
  std::string stat_prefix = {};
  std::vector<Method> methods = {};  // with counters of their own, from the start
  size_t max_methods = 0;            // so many others get them as they come
};

// The counters of one worker.
class GrpcCounters {
 public:
  // Of one method.
  class OfMethod {
   public:
    OfMethod(stats::Registry& registry, std::string name, std::string service, std::string method);
    // -1: none.
    void countRequest(int grpc_status);
    stats::Value& request_messages;
    stats::Value& response_messages;

   private:
    stats::Registry& registry_;
    const std::string name_;
    const std::string service_;
    const std::string method_;
    std::array<stats::Value*, 19> by_status_{};  // 0 to 16, others, none; null: not seen yet
  };

  GrpcCounters(stats::Registry& registry, const GrpcStatsSettings& settings);
  // By the path of a request. The reference stays valid.
  OfMethod& of(std::string_view path);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  OfMethod& add(std::string_view service, std::string_view method);

  stats::Registry& registry_;
  const GrpcStatsSettings& settings_;
  std::unordered_map<std::string, OfMethod, Hash, std::equal_to<>> methods_;  // by the path
  OfMethod other_;
};

// Of one stream, on its loop.
class GrpcStatsFilter final : public http::StreamDecoderFilter, public http::StreamEncoderFilter {
 public:
  // Outlives it.
  explicit GrpcStatsFilter(GrpcCounters& counters) : counters_(counters) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus decodeData(buffer::Buffer& data, bool end_stream) override;
  http::FilterStatus encodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus encodeData(buffer::Buffer& data, bool end_stream) override;
  http::FilterStatus encodeTrailers(http::HeaderMap& trailers) override;
  void onStreamComplete() override;

 private:
  void noteStatus(const http::HeaderMap& fields);

  GrpcCounters& counters_;
  GrpcCounters::OfMethod* method_ = nullptr;  // null: it is not gRPC
  GrpcMessageCounter requests_;
  GrpcMessageCounter responses_;
  int status_ = -1;
  bool response_is_grpc_ = false;
};

// Immutable; any thread.
class GrpcStatsFactory final : public http::FilterFactory {
 public:
  explicit GrpcStatsFactory(GrpcStatsSettings settings) : settings_(std::move(settings)) {}
  std::string_view name() const override { return "grpc_stats"; }
  std::string_view statPrefix() const override { return settings_.stat_prefix; }
  void create(http::FilterAdder& adder) const override;

 private:
  const GrpcStatsSettings settings_;
};

}  // namespace weir::http_filters
