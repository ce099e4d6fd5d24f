// Probes for binary protocols: fixed fields at fixed places. Each looks at enough of them that no
// other protocol in the table, and no random bytes to speak of, would pass.

#include "source/extensions/listener/proto_detect/protocol_names.h"

namespace weir::extensions {
namespace {

using probe::Bytes;
using probe::Layout;
using probe::Match;
using probe::Probe;
using probe::startsWith;

constexpr uint32_t MaxUint16 = 0xffff;

uint32_t numberAt(Bytes bytes, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = 0; i < width; ++i) value = value << 8 | bytes[at + i];
  return value;
}

bool isPrintable(uint8_t byte) { return byte >= 0x20 && byte < 0x7f; }

// Requests of 8 or 16 bytes, each a length and a magic number.
Match postgresqlRequest(Bytes bytes) {
  Layout ssl(bytes);
  ssl.number(0, 4, 8, 8).number(4, 4, 80'877'103, 80'877'104);  // SSLRequest, GSSENCRequest
  Layout cancel(bytes);
  cancel.number(0, 4, 16, 268).number(4, 4, 80'877'102, 80'877'102);
  return std::max(ssl.match(), cancel.match());
}

// StartupMessage of protocol 3: length, version, then names and values, each ended by a zero.
Match postgresqlStartup(Bytes bytes) {
  Layout layout(bytes);
  layout.number(0, 4, 9, 10'000).number(4, 2, 3, 3).number(6, 2, 0, MaxUint16);
  if (!layout.has(9)) return layout.missing().match();
  const bool empty = numberAt(bytes, 0, 4) == 9;
  const uint8_t first = bytes[8];
  const bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
  return layout.check(empty ? first == 0 : letter || first == '_').match();
}

Match postgresql(Bytes bytes) {
  return std::max(postgresqlRequest(bytes), postgresqlStartup(bytes));
}

// Length, request id, the id answered (none), and an operation: OP_QUERY 2004, OP_COMPRESSED 2012,
// OP_MSG 2013.
Match mongodb(Bytes bytes) {
  Layout layout(bytes);
  layout.littleEndian(0, 4, 16, 0xffff).littleEndian(8, 4, 0, 0).littleEndian(12, 4, 2004, 2013);
  if (!layout.has(13)) return layout.missing().match();
  const unsigned low = bytes[12];
  return layout.check(low == (2004 & 0xff) || low >= (2012 & 0xff)).match();
}

// "AMQP", then the protocol id (0 to 3) and the version, or 1 1 and the version in the oldest.
Match amqp(Bytes bytes) { return Layout(bytes).text(0, "AMQP").in(4, 0, 3).match(); }

// CONNECT: type and flags, the remaining length in one to four bytes, the protocol's name, its
// level.
Match mqtt(Bytes bytes) {
  Layout layout(bytes);
  layout.is(0, 0x10);
  size_t at = 1;
  while (at < bytes.size() && at < 5 && (bytes[at] & 0x80) != 0) ++at;
  if (at >= bytes.size()) return layout.missing().match();
  if (at == 5) return Match::No;
  ++at;
  using namespace std::string_view_literals;
  Layout newer(bytes.subspan(at));
  newer.text(0, "\0\x04MQTT"sv).in(6, 4, 5);
  Layout older(bytes.subspan(at));
  older.text(0, "\0\x06MQIsdp"sv).is(8, 3);
  return layout.match() == Match::No ? Match::No : std::max(newer.match(), older.match());
}

// Length, API key, API version, correlation id, client id. Only the requests that clients begin
// with: Produce 0, Fetch 1, Metadata 3, SaslHandshake 17, ApiVersions 18.
Match kafka(Bytes bytes) {
  Layout layout(bytes);
  layout.number(0, 4, 10, 0xff'ffff).number(4, 2, 0, 18).number(6, 2, 0, 20).number(8, 1, 0, 0);
  if (!layout.has(14)) return layout.missing().match();
  const uint32_t key = numberAt(bytes, 4, 2);
  layout.check(key == 0 || key == 1 || key == 3 || key >= 17);
  const uint32_t client_size = numberAt(bytes, 12, 2);
  const uint32_t request_size = numberAt(bytes, 0, 4);
  if (client_size == 0xffff) return layout.check(key >= 3).match();  // no client id
  layout.check(client_size > 0 && client_size <= 255 && client_size + 10 <= request_size);
  for (size_t i = 14; i < 14 + client_size && layout.match() != Match::No; ++i) {
    if (!layout.has(i + 1)) return layout.missing().match();
    layout.check(isPrintable(bytes[i]));
  }
  return layout.match();
}

// Request magic, opcode, key length, extras length, data type (none), vbucket, total length.
Match memcachedBinary(Bytes bytes) {
  Layout layout(bytes);
  layout.is(0, 0x80)
      .in(1, 0, 0x48)
      .number(2, 2, 0, 250)
      .in(4, 0, 20)
      .is(5, 0)
      .number(6, 2, 0, 1023);
  layout.number(8, 4, 0, 0x1'000'000);
  if (!layout.has(12)) return layout.missing().match();
  const uint32_t parts = numberAt(bytes, 2, 2) + bytes[4];
  return layout.check(numberAt(bytes, 8, 4) >= parts).match();
}

// Version, flags, stream, opcode, length: OPTIONS without a body, or STARTUP with a map of strings.
Match cassandra(Bytes bytes) {
  Layout options(bytes);
  options.in(0, 3, 5).in(1, 0, 0x1f).number(2, 2, 0, 0x7fff).is(4, 5).number(5, 4, 0, 0);
  Layout startup(bytes);
  startup.in(0, 3, 5).in(1, 0, 0x1f).number(2, 2, 0, 0x7fff).is(4, 1).number(5, 4, 22, 4096);
  startup.number(9, 2, 1, 20).number(11, 2, 3, 40).in(13, 'A', 'Z');
  return std::max(options.match(), startup.match());
}

// TPKT (RFC 1006), then a connection request of X.224: its length, its code, no destination
// reference.
Match rdp(Bytes bytes) {
  Layout layout(bytes);
  layout.is(0, 3).is(1, 0).number(2, 2, 11, 2048).in(4, 6, 254).is(5, 0xe0).number(6, 2, 0, 0);
  return layout.match();
}

// A sequence (BER) of a message id of one byte and an operation that may come first: bind, search,
// extended (StartTLS).
Match ldap(Bytes bytes) {
  Layout layout(bytes);
  layout.is(0, 0x30);
  if (!layout.has(2)) return layout.missing().match();
  const uint8_t length = bytes[1];
  const size_t extra =
      length < 0x80 ? 0 : length & 0x7fU;  // the long form says how many bytes hold the length
  if (extra > 4 || length == 0x80) return Match::No;
  layout.is(2 + extra, 2).is(3 + extra, 1).in(4 + extra, 0, 0x7f).in(5 + extra, 0x60, 0x77);
  if (!layout.has(6 + extra)) return layout.missing().match();
  const uint8_t operation = bytes[5 + extra];
  return layout.check(operation == 0x60 || operation == 0x63 || operation == 0x77).match();
}

// A NetBIOS session message, then the signature of SMB 1, 2 or 3.
Match smb(Bytes bytes) {
  return Layout(bytes).is(0, 0).number(1, 3, 32, 0x1'ffff).in(4, 0xfe, 0xff).text(5, "SMB").match();
}

Match bittorrent(Bytes bytes) {
  return startsWith(bytes,
                    "\x13"
                    "BitTorrent protocol");
}

// Byte order, unused, major version 11, minor version 0.
Match x11(Bytes bytes) {
  using namespace std::string_view_literals;
  return std::max(startsWith(bytes, "l\0\x0b\0\0\0"sv), startsWith(bytes, "B\0\0\x0b\0\0"sv));
}

// A query (RFC 1035): length, id, flags, one question, no answers, at most one additional record, a
// first label.
Match dns(Bytes bytes) {
  Layout layout(bytes);
  layout.number(0, 2, 17, 1232).in(4, 0, 1).in(5, 0, 0x30).number(6, 2, 1, 1).number(8, 4, 0, 0);
  layout.number(12, 2, 0, 1).in(14, 0, 63);
  return layout.match();
}

// Pre-login of SQL Server (TDS): type, last packet, length, SPID 0, packet, window 0, then the
// first option's token, which is the version, at an offset within 256 bytes.
Match sqlServer(Bytes bytes) {
  Layout layout(bytes);
  layout.is(0, 0x12).is(1, 1).number(2, 2, 26, 512).number(4, 2, 0, 0).in(6, 0, 1).is(7, 0);
  return layout.is(8, 0).is(9, 0).in(10, 6, 255).number(11, 2, 6, 6).match();
}

// Connect packet of Oracle Net: length, checksum 0, type 1, flags, checksum 0, version 300 to 330.
Match oracle(Bytes bytes) {
  Layout layout(bytes);
  layout.number(0, 2, 34, 1024).number(2, 2, 0, 0).is(4, 1).number(6, 2, 0, 0);
  return layout.number(8, 2, 300, 330).match();
}

// ConnectRequest of a ZooKeeper client: length, version 0, last zxid, timeout, session, a password
// of 16 bytes.
Match zookeeper(Bytes bytes) {
  Layout layout(bytes);
  layout.number(0, 4, 44, 45).number(4, 4, 0, 0).number(16, 2, 0, 0xff).number(28, 4, 16, 16);
  return layout.match();
}

// A remote procedure call over TCP (RFC 5531): last fragment and length, id, CALL, version 2.
Match sunRpc(Bytes bytes) {
  Layout layout(bytes);
  layout.is(0, 0x80).number(1, 3, 40, 0x10'0000).number(8, 4, 0, 0).number(12, 4, 2, 2);
  return layout.match();
}

// The header of Elasticsearch's transport: its mark and a length below 16 MiB.
Match elasticsearch(Bytes bytes) {
  using namespace std::string_view_literals;
  return startsWith(bytes, "ES\0"sv);
}

Match proxyVersion2(Bytes bytes) {
  using namespace std::string_view_literals;
  return startsWith(bytes, "\r\n\r\n\0\r\nQUIT\n"sv);
}

constexpr Probe Table[] = {
    {"postgresql", postgresql},
    {"mongodb", mongodb},
    {"proxy", proxyVersion2},
    {"amqp", amqp},
    {"mqtt", mqtt},
    {"smb", smb},
    {"zookeeper", zookeeper},
    {"kafka", kafka},
    {"cassandra", cassandra},
    {"rdp", rdp},
    {"ldap", ldap},
    {"memcached", memcachedBinary},
    {"sunrpc", sunRpc},
    {"mssql", sqlServer},
    {"oracle", oracle},
    {"bittorrent", bittorrent},
    {"x11", x11},
    {"elasticsearch", elasticsearch},
    {"dns", dns},
};

}  // namespace

std::span<const Probe> binaryProbes() { return Table; }

}  // namespace weir::extensions
