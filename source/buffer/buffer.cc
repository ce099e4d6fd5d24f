#include "source/buffer/buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "source/base/check.h"

namespace weir::buffer {

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(other.pool_),
      head_(std::exchange(other.head_, nullptr)),
      tail_(std::exchange(other.tail_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this == &other) return *this;
  clear();
  pool_ = other.pool_;
  head_ = std::exchange(other.head_, nullptr);
  tail_ = std::exchange(other.tail_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void Buffer::clear() {
  while (head_ != nullptr) releaseFront();
  size_ = 0;
}

void Buffer::releaseFront() {
  Slice* next = head_->next;
  pool_->giveBack(head_);
  head_ = next;
  if (head_ == nullptr) tail_ = nullptr;
}

void Buffer::append(std::string_view text) {
  append(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

void Buffer::append(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    iovec room{};
    reserve(bytes.size(), {&room, 1});
    std::memcpy(room.iov_base, bytes.data(), room.iov_len);
    commit(room.iov_len);
    bytes = bytes.subspan(room.iov_len);
  }
}

// A small piece joins the last slice if it fits there: else a queue of single bytes would hold a
// slice for each.
bool Buffer::tryJoin(const Slice& piece) {
  constexpr size_t SmallPiece = 4096;
  if (tail_ == nullptr || piece.size() > SmallPiece || piece.size() > tail_->room()) return false;
  std::memcpy(tail_->base() + tail_->end, piece.base() + piece.begin, piece.size());
  tail_->end += static_cast<uint32_t>(piece.size());
  size_ += piece.size();
  return true;
}

void Buffer::take(Buffer& other) {
  WEIR_DCHECK(pool_ == other.pool_);
  if (other.head_ == nullptr) return;
  if (other.head_ == other.tail_ && tryJoin(*other.head_)) return other.clear();
  if (tail_ == nullptr) {
    head_ = other.head_;
  } else {
    tail_->next = other.head_;
  }
  tail_ = other.tail_;
  size_ += other.size_;
  other.head_ = other.tail_ = nullptr;
  other.size_ = 0;
}

void Buffer::take(Buffer& other, size_t bytes) {
  WEIR_CHECK(bytes <= other.size_);
  while (bytes > 0) {
    Slice* front = other.head_;
    if (front->size() > bytes) {
      append(std::span<const uint8_t>(front->base() + front->begin, bytes));
      other.drain(bytes);
      return;
    }
    bytes -= front->size();
    other.size_ -= front->size();
    if (tryJoin(*front)) {
      other.releaseFront();
      continue;
    }
    other.head_ = front->next;
    if (other.head_ == nullptr) other.tail_ = nullptr;
    front->next = nullptr;
    (tail_ == nullptr ? head_ : tail_->next) = front;
    tail_ = front;
    size_ += front->size();
  }
}

void Buffer::drain(size_t bytes) {
  WEIR_CHECK(bytes <= size_);
  size_ -= bytes;
  while (bytes > 0) {
    const size_t here = std::min(bytes, head_->size());
    head_->begin += static_cast<uint32_t>(here);
    bytes -= here;
    if (head_->size() == 0) releaseFront();
  }
}

// Both sides of a reservation ask this: the rest of the last slice is used only if it is not a
// crumb, since a fresh slice costs nothing from the pool and a short read costs a system call.
static bool startsInTail(const Slice* tail) { return tail != nullptr && tail->room() >= 1024; }

size_t Buffer::reserve(size_t bytes, std::span<iovec> out) {
  size_t count = 0;
  auto offer = [&](Slice* slice) {
    const size_t room = std::min(bytes, slice->room());
    out[count++] = {slice->base() + slice->end, room};
    bytes -= room;
  };
  if (startsInTail(tail_)) offer(tail_);
  // The slices behind tail_ are the reservation; tail_ itself stays until commit().
  Slice** link = tail_ == nullptr ? &head_ : &tail_->next;
  while (bytes > 0 && count < out.size()) {
    Slice* slice = pool_->take();
    *link = slice;
    link = &slice->next;
    offer(slice);
  }
  return count;
}

void Buffer::commit(size_t bytes) {
  size_ += bytes;
  Slice* slice = startsInTail(tail_) ? tail_ : (tail_ == nullptr ? head_ : tail_->next);
  while (slice != nullptr && bytes > 0) {
    const size_t here = std::min(bytes, slice->room());
    slice->end += static_cast<uint32_t>(here);
    bytes -= here;
    tail_ = slice;
    slice = slice->next;
  }
  WEIR_CHECK(bytes == 0);
  Slice* unused = std::exchange(tail_ == nullptr ? head_ : tail_->next, nullptr);
  while (unused != nullptr) pool_->giveBack(std::exchange(unused, unused->next));
}

size_t Buffer::peek(std::span<iovec> out) const {
  size_t count = 0;
  for (const Slice* s = head_; s != nullptr && count < out.size(); s = s->next) {
    if (s->size() > 0) out[count++] = {const_cast<uint8_t*>(s->base()) + s->begin, s->size()};
  }
  return count;
}

std::span<const uint8_t> Buffer::contiguous() {
  if (head_ == nullptr) return {};
  if (head_ != tail_) {
    // Twice the need: a prefix that grows byte by byte is moved a logarithmic number of times.
    Slice* one = pool_->take(2 * size_);
    for (const Slice* s = head_; s != nullptr; s = s->next) {
      std::memcpy(one->base() + one->end, s->base() + s->begin, s->size());
      one->end += static_cast<uint32_t>(s->size());
    }
    const size_t size = size_;
    clear();
    head_ = tail_ = one;
    size_ = size;
  }
  return {head_->base() + head_->begin, head_->size()};
}

void Buffer::compact() {
  if (head_ == nullptr || head_ != tail_ || size_ * 4 > head_->capacity) return;
  Slice* small = pool_->take(size_, true);
  std::memcpy(small->base(), head_->base() + head_->begin, size_);
  small->end = static_cast<uint32_t>(size_);
  pool_->giveBack(head_);
  head_ = tail_ = small;
}

std::string Buffer::toString() const {
  std::string text;
  text.reserve(size_);
  for (const Slice* s = head_; s != nullptr; s = s->next) {
    text.append(reinterpret_cast<const char*>(s->base() + s->begin), s->size());
  }
  return text;
}

}  // namespace weir::buffer
