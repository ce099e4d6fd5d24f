#include "source/extensions/http/grpc_stats/message_counter.h"

#include <algorithm>

namespace weir::http_filters {

uint64_t GrpcMessageCounter::add(std::span<const uint8_t> bytes) {
  uint64_t messages = 0;
  while (!bytes.empty()) {
    if (left_ > 0) {
      const size_t skipped = std::min<size_t>(left_, bytes.size());
      left_ -= static_cast<uint32_t>(skipped);
      bytes = bytes.subspan(skipped);
      continue;
    }
    if (in_prefix_ > 0) length_ = length_ << 8 | bytes.front();
    bytes = bytes.subspan(1);
    if (++in_prefix_ < PrefixBytes) continue;
    ++messages;
    left_ = length_;
    in_prefix_ = length_ = 0;
  }
  return messages;
}

}  // namespace weir::http_filters
