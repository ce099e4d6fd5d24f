#include "source/config/shape_hint.h"

#include <string_view>

#include "source/config/source_map.h"

namespace weir::config {
namespace {

const Node* find(const Node& mapping, std::string_view field) {
  for (const NodeEntry& entry : mapping.entries) {
    if (keyNamesField(entry.key, field)) return &entry.value;
  }
  return nullptr;
}

// The text of a field; `absent` if it is not there, or no text.
std::string textOf(const Node& mapping, std::string_view field, std::string_view absent) {
  const Node* found = find(mapping, field);
  const bool text = found != nullptr && found->kind == Node::Kind::Scalar && !found->text.empty();
  return text ? found->text : std::string(absent);
}

// {address: ..., port_value: ...}
std::string socketAddress(const Node& socket) {
  const std::string host = textOf(socket, "address", "IP");
  const bool ip6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return (ip6 ? '[' + host + ']' : host) + ':' + textOf(socket, "port_value", "PORT");
}

std::string addressOf(const Node& mapping) {
  if (const Node* socket = find(mapping, "socket_address")) return socketAddress(*socket);
  if (const Node* pipe = find(mapping, "pipe")) return "unix:" + textOf(*pipe, "path", "/path");
  return find(mapping, "port_value") != nullptr ? socketAddress(mapping) : std::string();
}

}  // namespace

std::string shapeHint(const Node& refused) {
  if (refused.kind == Node::Kind::Sequence) return ": there is one of it, without \"-\" or [ ]";
  if (refused.kind != Node::Kind::Mapping) return "";
  const std::string address = addressOf(refused);
  return address.empty() ? "" : ": an address is one text; write " + quote(address);
}

}  // namespace weir::config
