#pragma once

// A part of the router. Any thread.

#include <array>

#include "source/buffer/buffer.h"

namespace weir::http_filters {

// Appends a copy of what is in `from`. False if that lies in more pieces than a connection may
// hold.
inline bool copyBytes(const buffer::Buffer& from, buffer::Buffer& to) {
  std::array<iovec, 64> pieces;
  const size_t before = to.size();
  const size_t count = from.peek(pieces);
  for (size_t i = 0; i < count; ++i) {
    to.append({static_cast<const uint8_t*>(pieces[i].iov_base), pieces[i].iov_len});
  }
  return to.size() - before == from.size();
}

}  // namespace weir::http_filters
