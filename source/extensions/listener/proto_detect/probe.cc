#include "source/extensions/listener/proto_detect/probe.h"

namespace weir::extensions::probe {

Naming firstMatch(std::span<const Probe> table, Bytes bytes) {
  bool open = false;
  for (const Probe& probe : table) {
    const Match match = probe.test(bytes);
    if (match == Match::Yes) return {open ? Match::Maybe : Match::Yes, probe.name};
    open = open || match == Match::Maybe;
  }
  return {open ? Match::Maybe : Match::No, {}};
}

Layout& Layout::littleEndian(size_t at, size_t width, uint32_t least, uint32_t most) {
  uint64_t low = 0;
  uint64_t high = 0;
  for (size_t i = width; i-- > 0;) {
    const bool here = at + i < bytes_.size();
    low = low << 8 | (here ? bytes_[at + i] : 0U);
    high = high << 8 | (here ? bytes_[at + i] : 0xffU);
    if (!here) missing();
  }
  return check(low <= most && high >= least);
}

}  // namespace weir::extensions::probe
