#pragma once

// Recognises the start of a TLS connection in the client's first bytes, and reads what it asks for.
// Pure: no I/O, no clock, no allocation until a whole hello is there.
//
// What counts is what a server built on OpenSSL 3 would take as the start of a handshake, so that
// nothing that a TLS server behind Weir accepts can pass for something else:
//   - TLS records (RFC 8446, 5.1) of major version 3 and any minor version, of at most 2^14 bytes,
//   holding a handshake
//     message of type 1 whose length is 38 (the least that its fields need) to 131396 bytes; so
//     TLS 1.0 to 1.3;
//   - that message in any number of records of any size, up to 32 empty ones in a row;
//   - before its header is complete, an empty record may also be of type 20 (change_cipher_spec):
//   OpenSSL skips it;
//   - the SSLv2-compatible hello (RFC 5246, E.2) that offers SSL 3.0 or later. It can carry neither
//   name nor ALPN.
// From the header of that message on (nine bytes, in one record) it is TLS whatever follows: a
// hello with a fault in it is TLS without a name, since a TLS server would answer it with an alert.
// Anything else is not TLS, from the first byte that shows it.
//
// The answer depends on the bytes alone, never on how they were cut, and more bytes never change it
// once it is given.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weir::extensions {

// What a ClientHello asks for.
struct ClientHello {
  // From server_name (RFC 6066, 3): lower case, without a dot at the end. Empty if there is none,
  // or none that can be the name of a host: 1 to 255 letters, digits, '-', '_' and '.', no empty
  // label, one name of type host_name.
  std::string server_name;
  // From ALPN (RFC 7301), in the client's order. Empty if there is none, or a malformed one. At
  // most MaxApplicationProtocols of MaxApplicationProtocolBytes in all: what a client lists beyond
  // that is dropped, as it is kept for as long as the connection is open.
  std::vector<std::string> application_protocols;
  // False if the message does not parse, or holds one of these two extensions twice; it then has
  // neither.
  bool well_formed = true;
  // It asks for a name, or may, that cannot be read: a server could see one where we see none.
  bool server_name_unreadable = false;

  static ClientHello malformed() {
    ClientHello hello;
    hello.well_formed = false;
    hello.server_name_unreadable = true;
    return hello;
  }
  bool operator==(const ClientHello&) const = default;
};

inline constexpr size_t MaxApplicationProtocols = 16;
inline constexpr size_t MaxApplicationProtocolBytes = 256;

enum class HelloStatus : uint8_t {
  NeedMore,  // a proper prefix of a hello
  NotTls,
  Hello,  // a whole hello, or one that is beyond repair
};

// Looks for the hello in a prefix of a stream that only grows. It is a pure function of the bytes
// that remembers how far it came, so a hello of n bytes costs O(n) however it arrives. One per
// connection.
class ClientHelloScanner {
 public:
  // `prefix` holds every byte of the stream so far, and is never shorter than in the call before.
  HelloStatus scan(std::span<const uint8_t> prefix);

  // With NeedMore: the length of the shortest prefix that could change the answer, or begun().
  size_t wanted() const { return wanted_; }
  // The header of the hello is there: this is TLS, and only the hello's contents are still open.
  bool begun() const { return message_length_ != 0; }

  // Where the hello ends at the earliest, in bytes of the stream; exact once it is there. 0 before
  // begun().
  size_t leastEnd() const;

  // Reads the hello that scan() found in `prefix`. Requires: scan(prefix) answered Hello.
  ClientHello read(std::span<const uint8_t> prefix) const;

 private:
  // One record, or as much as there is of its header. False: `wanted_` says what is missing, or
  // status_ is final.
  bool stepRecord(std::span<const uint8_t> prefix);
  bool stepHandshake(std::span<const uint8_t> prefix, size_t length);
  HelloStatus scanVersion2(std::span<const uint8_t> prefix);
  bool readMessageHeader(std::span<const uint8_t> fragment, size_t length);
  bool want(size_t size);
  bool fail();

  HelloStatus status_ = HelloStatus::NeedMore;
  bool version2_ = false;
  bool broken_ = false;        // a fault in the records after the message's header
  uint8_t empty_records_ = 0;  // in a row
  size_t wanted_ = 1;
  size_t record_ = 0;    // where the record starts that is looked at
  size_t message_ = 0;   // bytes of the handshake message in the records before it
  uint32_t header_ = 0;  // the message's header of four bytes, as far as it is there
  uint8_t header_bytes_ = 0;
  size_t message_length_ = 0;  // with its header; 0 while that is not complete
};

// The same for bytes that are all there. `hello`, if given, is set when the answer is Hello.
HelloStatus sniffClientHello(std::span<const uint8_t> bytes, ClientHello* hello = nullptr);

}  // namespace weir::extensions
