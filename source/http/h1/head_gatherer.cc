#include "source/http/h1/head_gatherer.h"

#include <algorithm>
#include <array>
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

std::string_view HeadGatherer::firstBytes(const buffer::Buffer& data, std::span<char> room) const {
  size_t size = 0;
  for (const buffer::Buffer* from : {&taken_, &data}) {
    std::array<iovec, 4> pieces{};
    const size_t count = from->peek(pieces);
    for (size_t i = 0; i < count; ++i) {
      const size_t here = std::min(room.size() - size, pieces[i].iov_len);
      std::memcpy(room.data() + size, pieces[i].iov_base, here);
      size += here;
    }
    // What stands behind four pieces is not looked for.
    if (count == pieces.size()) break;
  }
  return {room.data(), size};
}

std::span<char> HeadGatherer::finish(buffer::Buffer& data, HeaderMap& map) {
  const size_t size = scanner_.size();
  char* const room = map.room(size);
  char* const rest = moveOut(taken_, taken_.size(), room);
  moveOut(data, here_, rest);
  return std::span(room, size).subspan(scanner_.skipped());
}

}  // namespace weir::http
