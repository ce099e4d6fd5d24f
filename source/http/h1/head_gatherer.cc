#include "source/http/h1/head_gatherer.h"

#include <algorithm>
#include <cstring>

namespace weir::http {
namespace {

// Moves `size` bytes from the front of `from` to `to`.
char* moveOut(buffer::Buffer& from, size_t size, char* to) {
  while (size > 0) {
    iovec piece{};
    from.peek({&piece, 1});
    const size_t here = std::min(size, piece.iov_len);
    std::memcpy(to, piece.iov_base, here);
    from.drain(here);
    to += here;
    size -= here;
  }
  return to;
}

}  // namespace

void HeadGatherer::begin(HeadScanner::Kind kind) {
  scanner_.begin(kind);
  taken_.clear();
  here_ = 0;
}

HeadScanner::Status HeadGatherer::gather(buffer::Buffer& data) {
  iovec piece{};
  while (data.peek({&piece, 1}) > 0) {
    const std::string_view bytes(static_cast<const char*>(piece.iov_base), piece.iov_len);
    const HeadScanner::Status status = scanner_.scan(bytes, here_);
    if (status != HeadScanner::Status::More) return status;
    taken_.take(data, piece.iov_len);
  }
  return HeadScanner::Status::More;
}

std::span<char> HeadGatherer::finish(buffer::Buffer& data, HeaderMap& map) {
  const size_t size = scanner_.size();
  char* const room = map.room(size);
  char* const rest = moveOut(taken_, taken_.size(), room);
  moveOut(data, here_, rest);
  return std::span(room, size).subspan(scanner_.skipped());
}

}  // namespace weir::http
