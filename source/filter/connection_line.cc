#include "source/filter/connection_line.h"

#include "source/base/check.h"
#include "source/base/json.h"

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

std::shared_ptr<const ConnectionLine> ConnectionLine::text(ConnectionFormat format,
                                                           bool ends_line) {
  auto line = std::make_shared<ConnectionLine>();
  line->members_.emplace_back("", std::move(format));
  line->add_end_ = !ends_line;
  return line;
}

std::shared_ptr<const ConnectionLine> ConnectionLine::json(Members members) {
  auto line = std::make_shared<ConnectionLine>();
  line->json_ = line->add_end_ = true;
  for (auto& [key, format] : members) {
    std::string quoted = line->members_.empty() ? "{" : ",";
    appendJsonString(quoted, key);
    line->members_.emplace_back(quoted + ":", std::move(format));
  }
  return line;
}

std::shared_ptr<const ConnectionLine> ConnectionLine::defaultText() {
  auto line = std::make_shared<ConnectionLine>();
  line->add_end_ = true;
  for (auto& [key, format] : defaultMembers())
    line->members_.emplace_back((line->members_.empty() ? "" : " ") + key + "=", std::move(format));
  return line;
}

std::shared_ptr<const ConnectionLine> ConnectionLine::defaultJson() {
  auto line = std::make_shared<ConnectionLine>(*json(defaultMembers()));
  line->dash_for_unknown_ = true;
  return line;
}

void ConnectionLine::append(const ConnectionInfo& info, MonotonicTime now, std::string& out) const {
  for (const auto& [before, format] : members_) {
    out += before;
    if (json_) {
      format.appendJson(info, now, dash_for_unknown_, out);
    } else {
      format.appendText(info, now, out);
    }
  }
  if (json_) out += members_.empty() ? "{}" : "}";
  if (add_end_) out += '\n';
}

}  // namespace weir::filter
