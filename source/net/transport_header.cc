#include "source/net/transport_header.h"

#include <algorithm>
#include <optional>

#include "source/base/check.h"

namespace weir::net {
namespace {

using Status = TransportHeaderParse::Status;

constexpr std::string_view Preface = "transport.l5d.io/v1\r\n\r\n";
constexpr size_t LengthBytes = 4;
// The longest name of the domain name system.
constexpr size_t MaxNameBytes = 253;

// The wire types of protobuf.
enum Wire : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

// A message of protobuf, field by field.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  bool done() const { return rest_.empty(); }
  // False if it is broken.
  bool next() {
    const auto tag = varint();
    if (!tag || *tag > UINT32_MAX || *tag >> 3U == 0) return false;
    number = *tag >> 3U;
    wire = static_cast<uint8_t>(*tag & 7U);
    switch (wire) {
      case Varint: return readValue();
      case Fixed64: return readBytes(8);
      case Fixed32: return readBytes(4);
      case Bytes: {
        const auto size = varint();
        return size && readBytes(*size);
      }
      default: return false;  // groups are of no message that is known here
    }
  }

  uint64_t number = 0;
  uint8_t wire = 0;
  uint64_t value = 0;      // of a Varint
  std::string_view bytes;  // of all others

 private:
  std::optional<uint64_t> varint() {
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) return {};
      result |= uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0) return result;
    }
    return {};
  }

  bool readValue() {
    const auto read = varint();
    value = read.value_or(0);
    return read.has_value();
  }

  bool readBytes(uint64_t size) {
    if (size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
};

// False if it is broken. The last one that is said counts, as protobuf has it.
bool readProtocol(std::string_view message, SessionProtocol& protocol) {
  for (Fields fields(message); !fields.done();) {
    if (!fields.next()) return false;
    const bool known = fields.number == 1 || fields.number == 2;
    if (known && fields.wire != Bytes) return false;
    if (known) protocol = fields.number == 1 ? SessionProtocol::Http1 : SessionProtocol::Http2;
  }
  return true;
}

bool isName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return name.size() <= MaxNameBytes && std::all_of(name.begin(), name.end(), plain);
}

// Why the message cannot be used; empty if it can.
std::string_view readMessage(std::string_view message, TransportHeader& header) {
  uint64_t port = 0;
  for (Fields fields(message); !fields.done();) {
    if (!fields.next()) return "transport_header_malformed";
    const bool wrong_type = fields.number == 1   ? fields.wire != Varint
                            : fields.number <= 3 ? fields.wire != Bytes
                                                 : false;
    if (wrong_type) return "transport_header_malformed";
    if (fields.number == 1) port = fields.value;
    if (fields.number == 2) header.name = fields.bytes;
    if (fields.number == 3 && !readProtocol(fields.bytes, header.protocol))
      return "transport_header_malformed";
  }
  if (!isName(header.name)) return "transport_header_name";
  if (port < 1 || port > 65535) return "transport_header_port";
  header.port = static_cast<uint16_t>(port);
  return {};
}

void appendVarint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7U) to += static_cast<char>(value | 0x80U);
  to += static_cast<char>(value);
}

void appendBytes(std::string& to, char tag, std::string_view bytes) {
  to += tag;
  appendVarint(to, bytes.size());
  to += bytes;
}

}  // namespace

std::string_view toString(SessionProtocol protocol) {
  switch (protocol) {
    case SessionProtocol::Opaque: return "opaque";
    case SessionProtocol::Http1: return "http/1";
    case SessionProtocol::Http2: return "http/2";
  }
  return "";
}

std::string makeTransportHeader(const TransportHeader& header) {
  WEIR_CHECK(header.port != 0 && header.name.size() <= MaxNameBytes);
  std::string message = "\x08";
  appendVarint(message, header.port);
  if (!header.name.empty()) appendBytes(message, 0x12, header.name);
  if (header.protocol == SessionProtocol::Http1) appendBytes(message, 0x1a, {"\x0a\x00", 2});
  if (header.protocol == SessionProtocol::Http2) appendBytes(message, 0x1a, {"\x12\x00", 2});
  std::string all(Preface);
  const auto size = static_cast<uint32_t>(message.size());
  for (int shift = 24; shift >= 0; shift -= 8) all += static_cast<char>(size >> shift & 0xffU);
  return all + message;
}

TransportHeaderParse parseTransportHeader(std::span<const uint8_t> prefix) {
  const std::string_view all(reinterpret_cast<const char*>(prefix.data()), prefix.size());
  const size_t seen = std::min(all.size(), Preface.size());
  if (all.substr(0, seen) != Preface.substr(0, seen))
    return {.status = Status::Bad, .problem = "transport_header_missing"};
  if (all.size() < Preface.size() + LengthBytes) return {};
  uint32_t size = 0;
  for (size_t i = 0; i < LengthBytes; ++i) size = size << 8U | prefix[Preface.size() + i];
  if (size > MaxTransportHeaderBytes)
    return {.status = Status::Bad, .problem = "transport_header_too_long"};
  const std::string_view rest = all.substr(Preface.size() + LengthBytes);
  if (rest.size() < size) return {};
  TransportHeaderParse result{.status = Status::Done,
                              .consumed = Preface.size() + LengthBytes + size};
  result.problem = readMessage(rest.substr(0, size), result.header);
  if (!result.problem.empty()) result.status = Status::Bad;
  return result;
}

}  // namespace weir::net
