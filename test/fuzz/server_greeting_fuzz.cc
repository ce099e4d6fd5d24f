// Any bytes as a server's first, against the names of greetings. The first two bytes say where the
// stream is cut; the rest is the stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "source/base/check.h"
#include "source/extensions/listener/proto_detect/server_greeting.h"

namespace {

using weir::extensions::nameServerBytes;
using weir::extensions::nameServerGreeting;
using weir::extensions::probe::Match;
using weir::extensions::probe::Naming;
using Bytes = std::span<const uint8_t>;

// From a block of its own, so that a read past its end is seen.
Naming namePrefix(Bytes stream, size_t size) {
  const auto block = std::make_unique<uint8_t[]>(size);
  std::copy_n(stream.begin(), size, block.get());
  const Bytes prefix(block.get(), size);
  WEIR_CHECK(!nameServerGreeting(prefix).empty());
  return nameServerBytes(prefix);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Bytes stream(data + 2, size - 2);
  const size_t cut = (size_t{data[0]} << 8 | data[1]) % (stream.size() + 1);
  const Naming part = namePrefix(stream, cut);
  const Naming all = namePrefix(stream, stream.size());
  if (part.match == Match::Maybe) return 0;
  WEIR_CHECK(all.match == part.match && all.name == part.name);
  return 0;
}
