#pragma once

// What follows a head that came: the body and the trailers, or a tunnel. Tells them to the decoder,
// and stops where it is paused. One loop.

#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http/h1/body_reader.h"
#include "source/http/h1/head_gatherer.h"

namespace weir::http {

class Incoming {
 public:
  enum class Status : uint8_t {
    More,  // all was taken; or it is paused, or stopped
    End,   // the message is whole, and the decoder knows
    Bad,   // it is not of the form: see bad()
    Cut,   // the peer's end came before the message's
  };

  Incoming(buffer::SlicePool& pool, const HeaderLimits& limits)
      : pool_(pool), limits_(limits), trailers_(pool, limits) {}

  void begin(StreamDecoder& decoder, const BodyLength& body);
  void beginTunnel(StreamDecoder& decoder);
  // The decoder is not called any more.
  void stop() { decoder_ = nullptr; }
  void pause(bool paused) { paused_ = paused; }
  // The decoder was told of the end, or is just being told.
  bool ended() const { return ended_; }

  Status read(buffer::Buffer& data, bool end_stream);
  const BadMessage& bad() const { return bad_; }

 private:
  enum class Part : uint8_t { Body, Trailers, Tunnel };
  bool mayGoOn() const { return decoder_ != nullptr && !paused_; }
  Status readBody(buffer::Buffer& data, bool end_stream);
  Status readTrailers(buffer::Buffer& data, bool end_stream);
  Status readTunnel(buffer::Buffer& data, bool end_stream);
  Status refuse(const BadMessage& bad);

  buffer::SlicePool& pool_;
  const HeaderLimits& limits_;
  StreamDecoder* decoder_ = nullptr;
  HeadGatherer trailers_;
  BodyReader body_;
  BadMessage bad_;
  Part part_ = Part::Body;
  bool paused_ = false;
  bool ended_ = false;
};

}  // namespace weir::http
