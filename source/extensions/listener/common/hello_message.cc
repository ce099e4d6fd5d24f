#include "source/extensions/listener/common/hello_message.h"

#include <algorithm>
#include <utility>

#include "source/base/check.h"

namespace weir::extensions {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr size_t RecordHeader = 5;
constexpr size_t MessageHeader = 4;
constexpr size_t RandomSize = 32;
constexpr size_t MaxSessionId = 32;
constexpr size_t MaxHostName = 255;
constexpr size_t ServerNameExtension = 0;
constexpr size_t AlpnExtension = 16;
constexpr uint8_t HostNameType = 0;

// Takes big-endian fields from the front of a block of bytes. Each call says false, and takes
// nothing, if the block is too short.
class Fields {
 public:
  explicit Fields(Bytes bytes) : bytes_(bytes) {}
  size_t left() const { return bytes_.size(); }

  bool number(size_t width, size_t& value) {
    if (bytes_.size() < width) return false;
    value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | bytes_[i];
    bytes_ = bytes_.subspan(width);
    return true;
  }

  bool take(size_t size, Bytes& block) {
    if (bytes_.size() < size) return false;
    block = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return true;
  }

  // A block behind its length, which is a number of `width` bytes.
  bool vector(size_t width, Bytes& block) {
    size_t size = 0;
    return number(width, size) && take(size, block);
  }

 private:
  Bytes bytes_;
};

// The message without the record headers between its parts.
std::vector<uint8_t> joinRecords(Bytes stream, size_t message_length) {
  std::vector<uint8_t> message;
  message.reserve(message_length);
  while (message.size() < message_length) {
    WEIR_CHECK(stream.size() >= RecordHeader);
    const size_t length = static_cast<size_t>(stream[3]) << 8 | stream[4];
    const Bytes contents = stream.subspan(RecordHeader);
    const size_t part = std::min(length, message_length - message.size());
    WEIR_CHECK(part <= contents.size());
    message.insert(message.end(), contents.begin(),
                   contents.begin() + static_cast<ptrdiff_t>(part));
    stream = contents.subspan(std::min(length, contents.size()));
  }
  return message;
}

// The whole message in one piece: in place if one record holds it, as is usual, else in `joined`.
Bytes wholeMessage(Bytes stream, size_t message_length, std::vector<uint8_t>& joined) {
  const size_t first = static_cast<size_t>(stream[3]) << 8 | stream[4];
  if (first >= message_length) return stream.subspan(RecordHeader, message_length);
  joined = joinRecords(stream, message_length);
  return joined;
}

bool isNameByte(uint8_t byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

// Lower case and without the dot of a fully qualified name; empty if it cannot be the name of a
// host.
std::string hostName(Bytes bytes) {
  if (bytes.empty() || bytes.size() > MaxHostName) return {};
  std::string name(bytes.begin(), bytes.end());
  if (name.back() == '.') name.pop_back();
  bool label_empty = true;
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '.' ? label_empty : !isNameByte(static_cast<uint8_t>(c))) return {};
    label_empty = c == '.';
  }
  return label_empty ? std::string() : name;
}

// RFC 6066 lets the list hold names of several types; only this one was ever defined, and OpenSSL
// takes one name only.
std::string readServerName(Bytes extension) {
  Fields outer(extension);
  Bytes list;
  if (!outer.vector(2, list) || outer.left() != 0) return {};
  Fields fields(list);
  size_t type = 0;
  Bytes name;
  if (!fields.number(1, type) || type != HostNameType) return {};
  if (!fields.vector(2, name) || fields.left() != 0) return {};
  return hostName(name);
}

std::vector<std::string> readProtocols(Bytes extension) {
  Fields outer(extension);
  Bytes list;
  if (!outer.vector(2, list) || outer.left() != 0) return {};
  std::vector<std::string> protocols;
  size_t bytes = 0;
  for (Fields fields(list); fields.left() != 0;) {
    Bytes name;
    if (!fields.vector(1, name) || name.empty()) return {};
    bytes += name.size();
    if (protocols.size() < MaxApplicationProtocols && bytes <= MaxApplicationProtocolBytes)
      protocols.emplace_back(name.begin(), name.end());
  }
  return protocols;
}

// False if the block does not parse, or one of the two extensions that we read is there twice.
bool readExtensions(Bytes block, ClientHello& hello) {
  bool name_seen = false;
  bool alpn_seen = false;
  for (Fields fields(block); fields.left() != 0;) {
    size_t type = 0;
    Bytes extension;
    if (!fields.number(2, type) || !fields.vector(2, extension)) return false;
    if (type == ServerNameExtension) {
      if (std::exchange(name_seen, true)) return false;
      hello.server_name = readServerName(extension);
      hello.server_name_unreadable = hello.server_name.empty();
    } else if (type == AlpnExtension) {
      if (std::exchange(alpn_seen, true)) return false;
      hello.application_protocols = readProtocols(extension);
    }
  }
  return true;
}

bool readMessage(Bytes message, ClientHello& hello) {
  Fields fields(message.subspan(MessageHeader));
  size_t version = 0;
  Bytes skipped;
  if (!fields.number(2, version) || !fields.take(RandomSize, skipped)) return false;
  if (!fields.vector(1, skipped) || skipped.size() > MaxSessionId) return false;
  if (!fields.vector(2, skipped) || !fields.vector(1, skipped)) return false;
  if (fields.left() == 0)
    return true;  // no extensions, as SSL 3.0 and early TLS 1.0 clients send it
  Bytes extensions;
  return fields.vector(2, extensions) && fields.left() == 0 && readExtensions(extensions, hello);
}

}  // namespace

ClientHello readHelloMessage(Bytes stream, size_t message_length) {
  std::vector<uint8_t> joined;
  ClientHello hello;
  if (!readMessage(wholeMessage(stream, message_length, joined), hello))
    return ClientHello::malformed();
  return hello;
}

}  // namespace weir::extensions
