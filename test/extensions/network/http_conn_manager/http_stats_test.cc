#include "source/extensions/network/http_conn_manager/http_stats.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace weir::extensions {
namespace {

using std::chrono::milliseconds;

class HttpStatsTest : public testing::Test {
 protected:
  HttpStatsTest() {
    host_.name = "all";
    route_.name = "main";
    route_.virtual_host = &host_;
  }

  void request(unsigned status, const http::Route* route, std::string_view reason = {},
               int grpc = -1) {
    http::StreamInfo info;
    info.status = status;
    info.route = route;
    info.reason = reason;
    info.grpc_status = grpc;
    info.request_bytes = 3;
    info.response_bytes = 5;
    stats_.onRequest(http::Version::Http2);
    stats_.onStreamDone(info, info.started + milliseconds(20));
  }
  bool has(const std::string& line) const {
    const std::string text = "\n" + stats::renderPrometheus({&registry_});
    const bool found = text.find("\n" + line + "\n") != std::string::npos;
    if (!found) ADD_FAILURE() << line << " is not in" << text;
    return found;
  }

  stats::Registry registry_;
  HttpStats stats_{"web", registry_};
  http::VirtualHost host_;
  http::Route route_;
};

TEST_F(HttpStatsTest, RequestsAreCountedByRoute) {
  request(200, &route_);
  request(204, &route_);
  request(503, &route_, "upstream_reset");
  request(404, nullptr, "route_not_found");
  const std::string main = "{name=\"web\",virtual_host=\"all\",route=\"main\"";
  const std::string none = "{name=\"web\",virtual_host=\"-\",route=\"-\"";
  has("weir_http_route_requests_total" + main + ",status=\"2xx\"} 2");
  has("weir_http_route_requests_total" + main + ",status=\"5xx\"} 1");
  has("weir_http_route_requests_total" + none + ",status=\"4xx\"} 1");
  has("weir_http_route_seconds_count" + main + "} 3");
  has("weir_http_body_bytes_total" + main + ",direction=\"rx\"} 9");
  has("weir_http_body_bytes_total" + main + ",direction=\"tx\"} 15");
  has("weir_http_local_replies_total{name=\"web\",reason=\"route_not_found\"} 1");
  has("weir_http_responses_total{name=\"web\",status=\"2xx\"} 2");
  has("weir_http_active_requests{name=\"web\"} 0");
}

TEST_F(HttpStatsTest, StatusesOfGrpcHaveTheirNames) {
  request(200, &route_, {}, 0);
  request(200, &route_, {}, 14);
  request(200, &route_, {}, 14);
  request(200, &route_, {}, 99);
  const std::string main =
      "weir_http_grpc_requests_total{name=\"web\",virtual_host=\"all\",route=\"main\",grpc_status=";
  has(main + "\"OK\"} 1");
  has(main + "\"UNAVAILABLE\"} 2");
  has(main + "\"other\"} 1");
}

TEST_F(HttpStatsTest, ResetsAreCountedBySideAndReason) {
  stats_.onReset(HttpStats::Side::Client, "client_gone");
  stats_.onReset(HttpStats::Side::Self, "max_stream_duration");
  stats_.onReset(HttpStats::Side::Self, "max_stream_duration");
  has("weir_http_resets_total{name=\"web\",side=\"client\",reason=\"client_gone\"} 1");
  has("weir_http_resets_total{name=\"web\",side=\"weir\",reason=\"max_stream_duration\"} 2");
}

TEST_F(HttpStatsTest, ConnectionsAndWhatTheyDroppedAreCounted) {
  stats_.connectionBegan(http::Version::Http2);
  stats_.connectionBegan(http::Version::Http11);
  stats_.connectionEnded(http::Version::Http11, 4);
  has("weir_http_connections{name=\"web\",version=\"HTTP/2\"} 1");
  has("weir_http_connections{name=\"web\",version=\"HTTP/1.1\"} 0");
  has("weir_http_dropped_fields_total{name=\"web\"} 4");
}

TEST_F(HttpStatsTest, ATunnelIsAnUpgradeUntilItsEnd) {
  http::StreamInfo info;
  info.is_tunnel = true;
  stats_.onRequest(http::Version::Http11);
  stats_.upgradeBegan();
  has("weir_http_active_upgrades{name=\"web\"} 1");
  stats_.onStreamDone(info, info.started);
  has("weir_http_active_upgrades{name=\"web\"} 0");
}

}  // namespace
}  // namespace weir::extensions
