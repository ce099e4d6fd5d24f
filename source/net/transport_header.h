#pragma once

// The header of Linkerd's opaque transport: what a proxy of a mesh says first, inside TLS, to the
// proxy that it has connected to. 23 bytes of preface, a length of four bytes (big-endian), and a
// protobuf message transport.l5d.io.Header: 1 int32 port, 2 string name, 3 message SessionProtocol
// { oneof: 1 message Http1, 2 message Http2 }. Pure functions.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::net {

// By which both sides agree in TLS that the header comes first.
inline constexpr std::string_view TransportHeaderAlpn = "transport.l5d.io/v1";
// The most that a header may have behind its length.
inline constexpr size_t MaxTransportHeaderBytes = 4096;
// And all of it together.
inline constexpr size_t MaxTransportHeader =
    TransportHeaderAlpn.size() + 4 + 4 + MaxTransportHeaderBytes;

// What follows the header.
enum class SessionProtocol : uint8_t { Opaque, Http1, Http2 };
// "opaque", "http/1", "http/2".
std::string_view toString(SessionProtocol protocol);

struct TransportHeader {
  uint16_t port = 0;      // of the workload behind the proxy; never 0 once it is read
  std::string name = {};  // where a gateway is to go on to; empty: the proxy's own workload
  SessionProtocol protocol = SessionProtocol::Opaque;
  bool operator==(const TransportHeader&) const = default;
};

// Requires: the name has 253 bytes at most.
std::string makeTransportHeader(const TransportHeader& header);

struct TransportHeaderParse {
  enum class Status : uint8_t { NeedMore, Done, Bad };
  Status status = Status::NeedMore;
  size_t consumed = 0;            // with Done: how many bytes it has
  TransportHeader header = {};    // with Done
  std::string_view problem = {};  // with Bad: why, in a word; static storage
};
// `prefix`: all that has come so far.
TransportHeaderParse parseTransportHeader(std::span<const uint8_t> prefix);

}  // namespace weir::net
