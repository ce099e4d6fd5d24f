#pragma once

// What nghttp2 allocates from. It asks for a dozen small blocks for each stream and gives them back
// at its end: blocks that were given back wait in lists by size for the next stream, so that a
// stream costs no call of malloc(). At most Http2MaxKeptBytes wait for each thread.
//
// With AddressSanitizer nothing is kept, so that it sees each block's end.

#include <nghttp2/nghttp2.h>

#include <cstddef>

namespace weir::http {

constexpr size_t Http2MaxKeptBytes = size_t{1} << 20;

// For sessions of the calling thread only: each block is given back there.
nghttp2_mem* http2SessionMemory();

// Of the calling thread, for tests.
size_t http2KeptBytes();

}  // namespace weir::http
