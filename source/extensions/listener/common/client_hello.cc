#include "source/extensions/listener/common/client_hello.h"

#include <algorithm>

#include "source/extensions/listener/common/hello_message.h"

namespace weir::extensions {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr uint8_t ChangeCipherSpecType = 20;
constexpr uint8_t HandshakeType = 22;
constexpr uint8_t MajorVersion = 3;
constexpr size_t RecordHeader = 5;
constexpr size_t MessageHeader = 4;
constexpr size_t MaxRecord = 16'384;
constexpr uint8_t ClientHelloType = 1;
// Version, random, and the empty forms of session id, cipher suites and compression methods.
constexpr size_t MinMessage = 2 + 32 + 1 + 2 + 1;
// Every field of a ClientHello at its longest; OpenSSL refuses more.
constexpr size_t MaxMessage = 131'396;
constexpr uint8_t MaxEmptyRecords = 32;

// An SSLv2 record header is two bytes, the first bit set; the length counts what follows it.
constexpr size_t Version2RecordHeader = 2;
constexpr size_t Version2Fields = 9;  // type, version, and three lengths
constexpr size_t MaxSessionId = 32;

// The least value that a big-endian number of two bytes at `at` can still have.
size_t leastOf(Bytes bytes, size_t at) {
  const size_t high = at < bytes.size() ? bytes[at] : 0U;
  const size_t low = at + 1 < bytes.size() ? bytes[at + 1] : 0U;
  return high << 8 | low;
}

// Whether the bytes of an SSLv2-compatible hello up to the end of its lengths (or of `bytes`) can
// be one.
bool couldBeVersion2(Bytes bytes) {
  if ((bytes[0] & 0x80) == 0) return false;
  const size_t length = leastOf(bytes, 0) & 0x7fff;
  if (length > MaxRecord) return false;
  if (bytes.size() > 1 && length < Version2Fields) return false;
  if (bytes.size() > 2 && bytes[2] != ClientHelloType) return false;
  if (bytes.size() > 3 && bytes[3] != MajorVersion) return false;
  const size_t ciphers = leastOf(bytes, 5);
  const size_t session_id = leastOf(bytes, 7);
  const size_t challenge = leastOf(bytes, 9);
  if (session_id > MaxSessionId) return false;
  const size_t room = length - std::min(length, Version2Fields);
  if (bytes.size() > 1 && ciphers + session_id + challenge > room) return false;
  // The last of the three has only the value that fills the record.
  if (bytes.size() == Version2RecordHeader + Version2Fields - 1) {
    return (room - ciphers - session_id) >> 8 == bytes.back();
  }
  return bytes.size() < Version2RecordHeader + Version2Fields ||
         ciphers + session_id + challenge == room;
}

// Whether the first `count` bytes of a handshake header, as a number, can begin a ClientHello.
bool couldBeMessageHeader(uint32_t header, size_t count) {
  const size_t missing_bits = 8 * (MessageHeader - count);
  const size_t least = static_cast<size_t>(header) << missing_bits;
  const size_t most = least | ((size_t{1} << missing_bits) - 1);
  constexpr size_t First = size_t{ClientHelloType} << 24 | MinMessage;
  constexpr size_t Last = size_t{ClientHelloType} << 24 | MaxMessage;
  return least <= Last && most >= First;
}

}  // namespace

HelloStatus ClientHelloScanner::scan(Bytes prefix) {
  if (status_ != HelloStatus::NeedMore || prefix.size() < wanted_) return status_;
  if ((prefix[0] & 0x80) != 0) return scanVersion2(prefix);
  while (status_ == HelloStatus::NeedMore && stepRecord(prefix)) {
  }
  return status_;
}

HelloStatus ClientHelloScanner::scanVersion2(Bytes prefix) {
  constexpr size_t Whole = Version2RecordHeader + Version2Fields;
  const Bytes seen = prefix.first(std::min(prefix.size(), Whole));
  if (!couldBeVersion2(seen)) return status_ = HelloStatus::NotTls;
  wanted_ = seen.size() + 1;
  if (seen.size() < Whole) return status_;
  version2_ = true;
  message_length_ = leastOf(prefix, 0) & 0x7fff;
  return status_ = HelloStatus::Hello;
}

bool ClientHelloScanner::want(size_t size) {
  wanted_ = size;
  return false;
}

bool ClientHelloScanner::fail() {
  broken_ = begun();
  status_ = broken_ ? HelloStatus::Hello : HelloStatus::NotTls;
  return false;
}

bool ClientHelloScanner::stepRecord(Bytes prefix) {
  if (prefix.size() <= record_) return want(record_ + 1);
  const Bytes record = prefix.subspan(record_);
  const bool handshake = record[0] == HandshakeType;
  if (!handshake && (record[0] != ChangeCipherSpecType || begun())) return fail();
  if (record.size() > 1 && record[1] != MajorVersion) return fail();
  // Any minor version: OpenSSL looks at it only once a version is agreed.
  const size_t length = leastOf(record, 3);
  if (length > (handshake ? MaxRecord : 0)) return fail();
  if (record.size() < RecordHeader) return want(prefix.size() + 1);
  return stepHandshake(prefix, length);
}

bool ClientHelloScanner::stepHandshake(Bytes prefix, size_t length) {
  if (length == 0) {
    if (++empty_records_ > MaxEmptyRecords) return fail();
    record_ += RecordHeader;
    return true;
  }
  if (!begun() && !readMessageHeader(prefix.subspan(record_ + RecordHeader), length)) return false;
  if (begun() && message_ + length >= message_length_) {
    const size_t end = record_ + RecordHeader + (message_length_ - message_);
    if (prefix.size() < end) return want(end);
    status_ = HelloStatus::Hello;
    return false;
  }
  empty_records_ = 0;
  message_ += length;
  record_ += RecordHeader + length;
  return true;
}

// `fragment` is what is there of the contents of this record, which will be `length` bytes long.
// The header's four bytes may lie in as many records, and each is judged when it comes.
bool ClientHelloScanner::readMessageHeader(Bytes fragment, size_t length) {
  while (header_bytes_ < MessageHeader) {
    const size_t at = header_bytes_ - message_;
    if (at >= length) return true;
    if (at >= fragment.size()) return want(record_ + RecordHeader + at + 1);
    header_ = header_ << 8 | fragment[at];
    ++header_bytes_;
    if (!couldBeMessageHeader(header_, header_bytes_)) return fail();
  }
  message_length_ = MessageHeader + (header_ & 0xff'ffff);
  return true;
}

size_t ClientHelloScanner::leastEnd() const {
  if (version2_) return Version2RecordHeader + message_length_;
  return begun() ? record_ + RecordHeader + (message_length_ - message_) : 0;
}

ClientHello ClientHelloScanner::read(Bytes prefix) const {
  if (version2_) return ClientHello();
  if (broken_) return ClientHello::malformed();
  return readHelloMessage(prefix, message_length_);
}

HelloStatus sniffClientHello(Bytes bytes, ClientHello* hello) {
  ClientHelloScanner scanner;
  const HelloStatus status = scanner.scan(bytes);
  if (status == HelloStatus::Hello && hello != nullptr) *hello = scanner.read(bytes);
  return status;
}

}  // namespace weir::extensions
