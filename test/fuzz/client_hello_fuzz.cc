// Any bytes as the start of a stream, against the scanner of ClientHellos. The first two bytes say
// where the stream is cut; the rest is the stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "source/base/check.h"
#include "source/extensions/listener/common/client_hello.h"

namespace {

using weir::extensions::ClientHello;
using weir::extensions::ClientHelloScanner;
using weir::extensions::HelloStatus;
using Bytes = std::span<const uint8_t>;

// A prefix in a block of its own, so that a read past its end is seen.
HelloStatus scanPrefix(ClientHelloScanner& scanner, Bytes stream, size_t size, ClientHello* hello) {
  const auto block = std::make_unique<uint8_t[]>(size);
  std::copy_n(stream.begin(), size, block.get());
  const Bytes prefix(block.get(), size);
  const HelloStatus status = scanner.scan(prefix);
  if (status == HelloStatus::Hello) *hello = scanner.read(prefix);
  if (status == HelloStatus::NeedMore) WEIR_CHECK(scanner.wanted() > size);
  if (status == HelloStatus::NotTls) WEIR_CHECK(!scanner.begun());
  return status;
}

void checkName(const ClientHello& hello) {
  for (const char c : hello.server_name) WEIR_CHECK(c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z'));
  for (const auto& protocol : hello.application_protocols) WEIR_CHECK(!protocol.empty());
  WEIR_CHECK(hello.well_formed ||
             (hello.server_name.empty() && hello.application_protocols.empty()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Bytes stream(data + 2, size - 2);
  const size_t cut = stream.empty() ? 0 : (size_t{data[0]} << 8 | data[1]) % (stream.size() + 1);

  ClientHello whole_hello;
  ClientHelloScanner whole;
  const HelloStatus answer = scanPrefix(whole, stream, stream.size(), &whole_hello);
  checkName(whole_hello);

  ClientHello hello;
  ClientHelloScanner in_two;
  const HelloStatus first = scanPrefix(in_two, stream, cut, &hello);
  WEIR_CHECK(first == HelloStatus::NeedMore || first == answer);
  WEIR_CHECK(scanPrefix(in_two, stream, stream.size(), &hello) == answer);
  WEIR_CHECK(hello == whole_hello);
  WEIR_CHECK(in_two.begun() == whole.begun() && in_two.leastEnd() == whole.leastEnd());

  ClientHelloScanner bytewise;
  for (size_t length = 0; length <= stream.size(); ++length) {
    const HelloStatus status = bytewise.scan(stream.first(length));
    WEIR_CHECK(status == HelloStatus::NeedMore || status == answer);
  }
  WEIR_CHECK(bytewise.scan(stream) == answer);
  return 0;
}
