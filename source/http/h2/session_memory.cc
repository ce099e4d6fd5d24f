#include "source/http/h2/session_memory.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace weir::http {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool Keeps = false;
#else
constexpr bool Keeps = true;
#endif

// In front of each block; as large as what malloc() aligns for.
union Header {
  size_t size_class;
  Header* next;  // while it waits
  std::max_align_t align;
};

constexpr size_t Step = sizeof(Header);
constexpr size_t Classes = 1024 / Step;  // larger blocks are not kept

class KeptBlocks {
 public:
  ~KeptBlocks() {
    for (Header* first : waiting_) {
      while (first != nullptr) std::free(std::exchange(first, first->next));
    }
  }

  void* take(size_t bytes) {
    const size_t size_class = bytes / Step + (bytes % Step != 0 ? 1 : 0);
    Header* block = nullptr;
    if (size_class < Classes && waiting_[size_class] != nullptr) {
      block = std::exchange(waiting_[size_class], waiting_[size_class]->next);
      kept_ -= (size_class + 1) * Step;
    } else if (bytes <= SIZE_MAX / 2) {
      block = static_cast<Header*>(std::malloc((size_class + 1) * Step));
    }
    if (block == nullptr) return nullptr;
    block->size_class = size_class;
    return block + 1;
  }

  void giveBack(void* memory) {
    if (memory == nullptr) return;
    Header* const block = static_cast<Header*>(memory) - 1;
    const size_t size_class = block->size_class;
    const size_t bytes = (size_class + 1) * Step;
    if (!Keeps || size_class >= Classes || kept_ + bytes > Http2MaxKeptBytes) {
      return std::free(block);
    }
    block->next = std::exchange(waiting_[size_class], block);
    kept_ += bytes;
  }

  void* resize(void* memory, size_t bytes) {
    if (memory == nullptr) return take(bytes);
    const size_t has = (static_cast<Header*>(memory) - 1)->size_class * Step;
    if (bytes <= has) return memory;
    void* const grown = take(bytes);
    if (grown == nullptr) return nullptr;
    std::memcpy(grown, memory, has);
    giveBack(memory);
    return grown;
  }

  size_t kept() const { return kept_; }

 private:
  std::array<Header*, Classes> waiting_{};
  size_t kept_ = 0;
};

thread_local KeptBlocks blocks;

void* zeroed(size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* const memory = blocks.take(count * size);
  return memory == nullptr ? nullptr : std::memset(memory, 0, count * size);
}

nghttp2_mem memory{
    nullptr,
    [](size_t size, void*) { return blocks.take(size); },
    [](void* block, void*) { blocks.giveBack(block); },
    [](size_t count, size_t size, void*) { return zeroed(count, size); },
    [](void* block, size_t size, void*) { return blocks.resize(block, size); },
};

}  // namespace

nghttp2_mem* http2SessionMemory() { return &memory; }
size_t http2KeptBytes() { return blocks.kept(); }

}  // namespace weir::http
