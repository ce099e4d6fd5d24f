#pragma once

// Counts the messages of gRPC in a body (gRPC over HTTP/2: Length-Prefixed-Message), however it is
// cut. A plain value of one stream.

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::http_filters {

class GrpcMessageCounter {
 public:
  // How many prefixes of messages are whole with these bytes, which follow those before.
  uint64_t add(std::span<const uint8_t> bytes);

 private:
  static constexpr size_t PrefixBytes = 5;  // compressed or not, and the length
  size_t in_prefix_ = 0;                    // bytes of it that have come
  uint32_t length_ = 0;                     // as far as it has come
  uint32_t left_ = 0;                       // of the message
};

}  // namespace weir::http_filters
