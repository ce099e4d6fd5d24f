#include "source/filter/connection_line.h"

#include "source/base/check.h"

namespace weir::filter {
namespace {

using Members = std::vector<std::pair<std::string, ConnectionFormat>>;

// docs/operations.md explains the keys.
Members defaultMembers() {
  constexpr std::pair<std::string_view, std::string_view> Defaults[] = {
      {"time", "%START_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%"},
      {"listener", "%LISTENER_NAME%"},
      {"chain", "%FILTER_CHAIN_NAME%"},
      {"protocol", "%PROTOCOL%"},
      {"reason", "%REASON%"},
      {"detect_ms", "%DETECT_DURATION%"},
      {"src", "%DOWNSTREAM_REMOTE_ADDRESS%"},
      {"dst", "%DOWNSTREAM_LOCAL_ADDRESS%"},
      {"sni", "%REQUESTED_SERVER_NAME%"},
      {"alpn", "%APPLICATION_PROTOCOLS%"},
      {"cluster", "%UPSTREAM_CLUSTER%"},
      {"upstream", "%UPSTREAM_HOST%"},
      {"rx_bytes", "%BYTES_RECEIVED%"},
      {"tx_bytes", "%BYTES_SENT%"},
      {"duration_ms", "%DURATION(ms.3)%"},
      {"close", "%CONNECTION_TERMINATION_DETAILS%"},
  };
  Members members;
  std::vector<FormatProblem> problems;
  for (const auto& [key, format] : Defaults)
    members.emplace_back(key, ConnectionFormat::compile(format, problems));
  WEIR_CHECK(problems.empty());
  return members;
}

}  // namespace

std::shared_ptr<const ConnectionLine> ConnectionLine::share(Line line) {
  return std::shared_ptr<const ConnectionLine>(new ConnectionLine(std::move(line)));
}

std::shared_ptr<const ConnectionLine> ConnectionLine::text(ConnectionFormat format,
                                                           bool ends_line) {
  return share(Line::text(std::move(format), ends_line));
}

std::shared_ptr<const ConnectionLine> ConnectionLine::json(Members members) {
  return share(Line::json(std::move(members)));
}

std::shared_ptr<const ConnectionLine> ConnectionLine::defaultText() {
  return share(Line::pairs(defaultMembers()));
}

std::shared_ptr<const ConnectionLine> ConnectionLine::defaultJson() {
  return share(Line::json(defaultMembers()));
}

}  // namespace weir::filter
