#include "source/base/check.h"
#include "source/http/request_format.h"

namespace weir::http {
namespace {

// docs/operations.md explains the keys.
std::vector<std::pair<std::string, RequestFormat>> defaultMembers() {
  constexpr std::pair<std::string_view, std::string_view> Defaults[] = {
      {"time", "%START_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%"},
      {"listener", "%LISTENER_NAME%"},
      {"chain", "%FILTER_CHAIN_NAME%"},
      {"connection", "%CONNECTION_ID%"},
      {"stream", "%STREAM_ID%"},
      {"protocol", "%PROTOCOL%"},
      {"reason", "%REASON%"},
      {"src", "%DOWNSTREAM_REMOTE_ADDRESS%"},
      {"dst", "%DOWNSTREAM_LOCAL_ADDRESS%"},
      {"method", "%REQ(:METHOD)%"},
      {"authority", "%REQ(:AUTHORITY)%"},
      {"path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"},
      {"status", "%RESPONSE_CODE%"},
      {"details", "%RESPONSE_CODE_DETAILS%"},
      {"flags", "%RESPONSE_FLAGS%"},
      {"grpc", "%GRPC_STATUS%"},
      {"virtual_host", "%VIRTUAL_HOST_NAME%"},
      {"route", "%ROUTE_NAME%"},
      {"cluster", "%UPSTREAM_CLUSTER%"},
      {"upstream", "%UPSTREAM_HOST%"},
      {"attempts", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"},
      {"rx_bytes", "%BYTES_RECEIVED%"},
      {"tx_bytes", "%BYTES_SENT%"},
      {"duration_ms", "%DURATION(ms.3)%"},
      {"upstream_ms", "%RESPONSE_DURATION(ms.3)%"},
      {"request_id", "%REQ(X-REQUEST-ID)%"},
      {"user_agent", "%REQ(USER-AGENT)%"},
  };
  std::vector<std::pair<std::string, RequestFormat>> members;
  std::vector<filter::FormatProblem> problems;
  for (const auto& [key, format] : Defaults)
    members.emplace_back(key, RequestFormat::compile(format, problems));
  WEIR_CHECK(problems.empty());
  return members;
}

}  // namespace

std::shared_ptr<const RequestLine> RequestLine::share(Line line) {
  return std::shared_ptr<const RequestLine>(new RequestLine(std::move(line)));
}

std::shared_ptr<const RequestLine> RequestLine::text(RequestFormat format, bool ends_line) {
  return share(Line::text(std::move(format), ends_line));
}

std::shared_ptr<const RequestLine> RequestLine::json(Line::Members members) {
  return share(Line::json(std::move(members)));
}

std::shared_ptr<const RequestLine> RequestLine::defaultText() {
  return share(Line::pairs(defaultMembers()));
}

std::shared_ptr<const RequestLine> RequestLine::defaultJson() {
  return share(Line::json(defaultMembers()));
}

}  // namespace weir::http
