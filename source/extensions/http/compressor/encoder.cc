#include "source/extensions/http/compressor/encoder.h"

#include <brotli/encode.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace weir::http_filters {
namespace {

constexpr size_t ChunkBytes = 4096;
using Chunk = std::array<uint8_t, ChunkBytes>;

class GzipEncoder final : public Encoder {
 public:
  ~GzipEncoder() override {
    if (ready_) deflateEnd(&stream_);
  }

  bool start(int level) {
    constexpr int Window = 15 + 16;  // the largest, with gzip's head and end
    constexpr int Memory = 8;
    ready_ = deflateInit2(&stream_, level, Z_DEFLATED, Window, Memory, Z_DEFAULT_STRATEGY) == Z_OK;
    return ready_;
  }

  bool encode(std::span<const uint8_t> input, End end, buffer::Buffer& out) override {
    do {
      const size_t piece = std::min<size_t>(input.size(), std::numeric_limits<uInt>::max());
      stream_.next_in = const_cast<Bytef*>(input.data());  // not written to
      stream_.avail_in = static_cast<uInt>(piece);
      input = input.subspan(piece);
      if (!run(input.empty() ? flushOf(end) : Z_NO_FLUSH, out)) return false;
    } while (!input.empty());
    return true;
  }

 private:
  static int flushOf(End end) {
    if (end == End::Finish) return Z_FINISH;
    return end == End::Flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
  }

  bool run(int flush, buffer::Buffer& out) {
    Chunk chunk;
    do {
      stream_.next_out = chunk.data();
      stream_.avail_out = ChunkBytes;
      if (deflate(&stream_, flush) == Z_STREAM_ERROR) return false;
      out.append(std::span<const uint8_t>(chunk).first(ChunkBytes - stream_.avail_out));
    } while (stream_.avail_out == 0);
    return true;
  }

  z_stream stream_{};
  bool ready_ = false;
};

class BrotliEncoder final : public Encoder {
 public:
  ~BrotliEncoder() override {
    if (state_ != nullptr) BrotliEncoderDestroyInstance(state_);
  }

  bool start(int quality) {
    constexpr uint32_t WindowBits = 18;  // Envoy's, too: the memory follows from it
    state_ = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
    return state_ != nullptr &&
           BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY,
                                     static_cast<uint32_t>(quality)) == BROTLI_TRUE &&
           BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, WindowBits) == BROTLI_TRUE;
  }

  bool encode(std::span<const uint8_t> input, End end, buffer::Buffer& out) override {
    const BrotliEncoderOperation operation = end == End::Finish  ? BROTLI_OPERATION_FINISH
                                             : end == End::Flush ? BROTLI_OPERATION_FLUSH
                                                                 : BROTLI_OPERATION_PROCESS;
    Chunk chunk;
    const uint8_t* next = input.data();
    size_t left = input.size();
    do {
      uint8_t* room = chunk.data();
      size_t free = ChunkBytes;
      if (BrotliEncoderCompressStream(state_, operation, &left, &next, &free, &room, nullptr) !=
          BROTLI_TRUE) {
        return false;
      }
      out.append(std::span<const uint8_t>(chunk).first(ChunkBytes - free));
    } while (left > 0 || BrotliEncoderHasMoreOutput(state_) == BROTLI_TRUE);
    return true;
  }

 private:
  BrotliEncoderState* state_ = nullptr;
};

template <class E>
std::unique_ptr<Encoder> make(int effort) {
  auto encoder = std::make_unique<E>();
  return encoder->start(effort) ? std::move(encoder) : nullptr;
}

}  // namespace

std::string_view codingOf(Algorithm algorithm) {
  return algorithm == Algorithm::Gzip ? "gzip" : "br";
}

std::unique_ptr<Encoder> makeEncoder(Algorithm algorithm, int effort) {
  return algorithm == Algorithm::Gzip ? make<GzipEncoder>(effort) : make<BrotliEncoder>(effort);
}

}  // namespace weir::http_filters
