#pragma once

// Compresses one body, piece by piece, by a library. Its memory is taken when it is made: about 256
// KiB for gzip, and for brotli up to some hundred KiB at the usual quality.
//
// Loop: its stream's; owned by the filter.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "source/buffer/buffer.h"

namespace weir::http_filters {

enum class Algorithm : uint8_t { Gzip, Brotli };
// The name of the coding (RFC 9110 8.4.1): "gzip", "br".
std::string_view codingOf(Algorithm algorithm);

class Encoder {
 public:
  virtual ~Encoder() = default;
  // Flush: what was written can be read by the peer. Finish: the last call.
  enum class End : uint8_t { None, Flush, Finish };
  // Appends what `input` becomes to `out`. False if the library has failed: then the body cannot be
  // gone on with.
  virtual bool encode(std::span<const uint8_t> input, End end, buffer::Buffer& out) = 0;
};

// Null if there is no memory for it. `effort`: gzip 1 to 9, brotli 0 to 11.
std::unique_ptr<Encoder> makeEncoder(Algorithm algorithm, int effort);

}  // namespace weir::http_filters
