#include <string>
#include <unordered_set>
#include <utility>

#include "source/config/field_checks.h"
#include "source/config/nearest_name.h"
#include "source/config/node.h"
#include "source/config/parse.h"

namespace weir::config {
namespace {

constexpr size_t MaxProtocolName = 255;  // RFC 7301, 3.1
constexpr IntegerRange Ports{1, 65535};

// Reports the values that stand twice in a list.
class Repeats {
 public:
  // `value` in a form that is equal for equal values; `text` as it stands in the file.
  bool isFirst(std::string value, const FieldScope& field, const std::string& text) {
    if (seen_.insert(std::move(value)).second) return true;
    field.error(text + " stands twice in this list");
    return false;
  }

 private:
  std::unordered_set<std::string> seen_;
};

template <class List>
std::vector<uint16_t> parsePorts(const List& ports, const FieldScope& scope) {
  std::vector<uint16_t> out;
  Repeats repeats;
  for (int i = 0; i < ports.size(); ++i) {
    const FieldScope field = scope.index(static_cast<size_t>(i));
    const auto port = static_cast<uint16_t>(checkInteger(field, ports[i], 0, Ports));
    const std::string text = std::to_string(port);
    if (port != 0 && repeats.isFirst(text, field, "port " + text)) out.push_back(port);
  }
  return out;
}

template <class List>
std::vector<net::IpPrefix> parsePrefixes(const List& prefixes, const FieldScope& scope) {
  std::vector<net::IpPrefix> out;
  Repeats repeats;
  for (int i = 0; i < prefixes.size(); ++i) {
    const FieldScope field = scope.index(static_cast<size_t>(i));
    const auto prefix = checkPrefix(field, prefixes[i]);
    if (prefix && repeats.isFirst(prefix->toString(), field, quote(prefixes[i]))) {
      out.push_back(*prefix);
    }
  }
  return out;
}

template <class List>
std::vector<std::string> parseServerNames(const List& names, const FieldScope& scope) {
  std::vector<std::string> out;
  Repeats repeats;
  for (int i = 0; i < names.size(); ++i) {
    const FieldScope field = scope.index(static_cast<size_t>(i));
    auto name = checkServerName(field, names[i]);
    if (name && repeats.isFirst(*name, field, quote(names[i]))) out.push_back(std::move(*name));
  }
  return out;
}

template <class List>
std::vector<std::string> parseProtocols(const List& protocols, const FieldScope& scope) {
  std::vector<std::string> out;
  Repeats repeats;
  for (int i = 0; i < protocols.size(); ++i) {
    const FieldScope field = scope.index(static_cast<size_t>(i));
    if (!checkRequired(field, protocols[i], "a protocol's name, such as \"http/1.1\"")) continue;
    if (protocols[i].size() > MaxProtocolName) {
      field.error("a protocol's name has at most " + std::to_string(MaxProtocolName) + " bytes");
      continue;
    }
    if (repeats.isFirst(protocols[i], field, quote(protocols[i]))) out.push_back(protocols[i]);
  }
  return out;
}

match::Transport parseTransport(const std::string& name, const FieldScope& field) {
  if (name.empty()) return match::Transport::Any;
  if (name == "tls") return match::Transport::Tls;
  if (name == "raw_buffer") return match::Transport::RawBuffer;
  const auto nearest = nearestName(name, {"tls", "raw_buffer"});
  field.error("expected \"tls\" or \"raw_buffer\", not " + quote(name) +
              (nearest ? "; did you mean \"" + *nearest + "\"?" : ""));
  return match::Transport::Any;
}

match::SourceType toSourceType(v1::FilterChainMatch::SourceType type) {
  switch (type) {
    case v1::FilterChainMatch::SAME_IP_OR_LOOPBACK: return match::SourceType::SameIpOrLoopback;
    case v1::FilterChainMatch::EXTERNAL: return match::SourceType::External;
    default: return match::SourceType::Any;
  }
}

}  // namespace

match::ChainMatch parseChainMatch(const v1::FilterChainMatch& match, const FieldScope& scope) {
  match::ChainMatch out;
  out.destination_ports = parsePorts(match.destination_ports(), scope.field("destination_ports"));
  out.destination_prefixes = parsePrefixes(match.prefix_ranges(), scope.field("prefix_ranges"));
  out.server_names = parseServerNames(match.server_names(), scope.field("server_names"));
  out.transport = parseTransport(match.transport_protocol(), scope.field("transport_protocol"));
  out.application_protocols =
      parseProtocols(match.application_protocols(), scope.field("application_protocols"));
  out.direct_source_prefixes = parsePrefixes(match.direct_source_prefix_ranges(),
                                             scope.field("direct_source_prefix_ranges"));
  out.source_type = toSourceType(match.source_type());
  out.source_prefixes =
      parsePrefixes(match.source_prefix_ranges(), scope.field("source_prefix_ranges"));
  out.source_ports = parsePorts(match.source_ports(), scope.field("source_ports"));
  return out;
}

}  // namespace weir::config
