#pragma once

// A queue of bytes in slices of one worker's pool. Empty, it owns no memory. Bytes move between
// buffers of the same pool without being copied. One loop; the pool outlives it.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "source/buffer/slice.h"

namespace weir::buffer {

class Buffer {
 public:
  explicit Buffer(SlicePool& pool) : pool_(&pool) {}
  ~Buffer() { clear(); }
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  SlicePool& pool() const { return *pool_; }

  void append(std::span<const uint8_t> bytes);
  void append(std::string_view text);
  // Takes all (or the first `bytes`) of `other`, which must have the same pool.
  void take(Buffer& other);
  void take(Buffer& other, size_t bytes);
  // Drops bytes from the front. Requires: bytes <= size().
  void drain(size_t bytes);
  void clear();

  // Room for a read: fills at most out.size() entries, of at most `bytes` in all, and returns how
  // many. The room is this buffer's until commit() says how much of it was used; a commit must
  // follow before any other call.
  size_t reserve(size_t bytes, std::span<iovec> out);
  void commit(size_t bytes);

  // The bytes from the front as entries for writev; returns how many entries. Valid until the next
  // change.
  size_t peek(std::span<iovec> out) const;
  // The whole content as one span; moves it into one slice first if need be. Valid until the next
  // change.
  std::span<const uint8_t> contiguous();
  // Holding few bytes for a while: moves them to a slice of their own size, so that a waiting
  // connection does not keep a large one.
  void compact();

  std::string toString() const;

 private:
  void releaseFront();
  bool tryJoin(const Slice& piece);

  SlicePool* pool_;
  Slice* head_ = nullptr;
  Slice* tail_ = nullptr;  // the last slice with bytes; reserved ones hang behind it until commit()
  size_t size_ = 0;
};

}  // namespace weir::buffer
