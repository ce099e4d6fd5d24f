// Any bytes as the start of a stream, against the reader of transport headers. The first two bytes
// say where the stream is cut; the rest is the stream. What was read is written and read again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "source/base/check.h"
#include "source/net/transport_header.h"

namespace {

using namespace weir::net;
using Status = TransportHeaderParse::Status;

// A prefix in a block of its own, so that a read past its end is seen.
TransportHeaderParse parsePrefix(std::span<const uint8_t> stream, size_t size) {
  const auto block = std::make_unique<uint8_t[]>(size);
  std::copy_n(stream.begin(), size, block.get());
  return parseTransportHeader({block.get(), size});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::span<const uint8_t> stream(data + 2, size - 2);
  const size_t cut = (size_t{data[0]} << 8 | data[1]) % (stream.size() + 1);
  const auto whole = parsePrefix(stream, stream.size());
  WEIR_CHECK((whole.status == Status::Bad) == !whole.problem.empty());
  if (whole.status == Status::Done) {
    WEIR_CHECK(whole.consumed <= std::min(stream.size(), MaxTransportHeader));
    WEIR_CHECK(whole.header.port != 0);
    WEIR_CHECK(parsePrefix(stream, whole.consumed).header == whole.header);
    WEIR_CHECK(parsePrefix(stream, whole.consumed - 1).status == Status::NeedMore);
    const std::string written = makeTransportHeader(whole.header);
    const auto again =
        parseTransportHeader({reinterpret_cast<const uint8_t*>(written.data()), written.size()});
    WEIR_CHECK(again.status == Status::Done && again.header == whole.header);
  }
  const auto part = parsePrefix(stream, cut);
  WEIR_CHECK(part.status == Status::NeedMore || part.status == whole.status);
  return 0;
}
