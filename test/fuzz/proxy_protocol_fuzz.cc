// Any bytes as the start of a stream, against the parser of PROXY headers. The first two bytes say
// where the stream is cut; the rest is the stream. What was read is written and read again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "source/base/check.h"
#include "source/net/proxy_protocol.h"

namespace {

using namespace weir::net;
using Bytes = std::span<const uint8_t>;
using Status = ProxyParsed::Status;

// A prefix in a block of its own, so that a read past its end is seen.
ProxyParsed parsePrefix(Bytes stream, size_t size) {
  const auto block = std::make_unique<uint8_t[]>(size);
  std::copy_n(stream.begin(), size, block.get());
  return parseProxyHeader({block.get(), size});
}

void checkSame(const ProxyHeader& a, const ProxyHeader& b) {
  WEIR_CHECK(a.size == b.size && a.version == b.version && a.local == b.local);
  WEIR_CHECK(a.source == b.source && a.destination == b.destination && a.tlvs == b.tlvs);
}

void checkHeader(const ProxyHeader& header) {
  WEIR_CHECK(header.size <= MaxProxyHeader);
  if (header.version == ProxyVersion::V1) WEIR_CHECK(header.size <= MaxProxyLine);
  if (header.local) return;
  WEIR_CHECK(header.source.ip.family != Family::None);
  WEIR_CHECK(header.destination.ip.family != Family::None);
  const std::string written =
      makeProxyHeader(header.version, header.source, header.destination, header.tlvs);
  const ProxyParsed again =
      parseProxyHeader({reinterpret_cast<const uint8_t*>(written.data()), written.size()});
  WEIR_CHECK(again.status == Status::Header && again.header.size == written.size());
  WEIR_CHECK(again.header.source == header.source);
  WEIR_CHECK(again.header.destination == header.destination);
  if (header.source.ip.family == header.destination.ip.family)
    WEIR_CHECK(again.header.tlvs == header.tlvs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Bytes stream(data + 2, size - 2);
  const size_t cut = stream.empty() ? 0 : (size_t{data[0]} << 8 | data[1]) % (stream.size() + 1);
  const ProxyParsed whole = parsePrefix(stream, stream.size());
  if (whole.status == Status::Header) {
    WEIR_CHECK(whole.signature && whole.header.size <= stream.size());
    checkHeader(whole.header);
    // Nothing behind the header matters, and one byte less is not enough.
    const ProxyParsed exact = parsePrefix(stream, whole.header.size);
    WEIR_CHECK(exact.status == Status::Header);
    checkSame(exact.header, whole.header);
    WEIR_CHECK(parsePrefix(stream, whole.header.size - 1).status == Status::NeedMore);
  }
  const ProxyParsed part = parsePrefix(stream, cut);
  WEIR_CHECK(part.status == Status::NeedMore || part.status == whole.status);
  WEIR_CHECK(!part.signature || whole.signature);
  return 0;
}
