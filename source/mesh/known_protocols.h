#pragma once

// What is known of protocols beside their ports: who speaks first, which decides what a proxy can
// find out by itself. Constants, any thread.

#include <cstdint>
#include <span>
#include <string_view>

namespace weir::mesh {

enum class FirstSpeaker : uint8_t {
  Client,  // and its first bytes tell the protocol, or at least that it is not HTTP
  Server,  // the client waits for its greeting
  Tls,     // the client, in TLS
  Http1,   // the client, in HTTP/1
  Http2,   // the client, in HTTP/2 without TLS; gRPC
  Peers,   // members of a cluster, among themselves
};
std::string_view toString(FirstSpeaker speaker);

struct KnownProtocol {
  std::string_view name;   // for --protocol
  std::string_view title;  // for people
  std::string_view ports;  // a list of ports
  FirstSpeaker first;
};

// Sorted by name.
std::span<const KnownProtocol> knownProtocols();
// In upper or lower case. Null if it is not known.
const KnownProtocol* knownProtocolOrNull(std::string_view name);

}  // namespace weir::mesh
