#pragma once

// HTTP/2 on a connection from a client (RFC 9113, 8441). See codec.h for the contract and session.h
// for what bounds it. The client's preface is the first thing that it is fed.

#include "source/http/h2/session.h"

namespace weir::http {

class Http2ServerCodec final : public Codec, private Http2Session::Owner {
 public:
  // All but `settings` outlive it.
  Http2ServerCodec(event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
                   const Http2Settings& settings, ServerCodecEvents& events);

  void onBytes(buffer::Buffer& data, bool end_stream) override {
    session_.receive(data, end_stream);
  }
  void onWriteReady() override { session_.onWriteReady(); }
  void startDrain() override;
  void finishDrain() override;
  void onConnectionGone() override { session_.onConnectionGone(); }
  size_t openStreams() const override { return session_.openStreams(); }
  // Fields that were left out for an underscore in their name.
  uint64_t droppedFields() const { return session_.droppedFields(); }

 private:
  enum class Drain : uint8_t { None, Announced, Final };

  StreamDecoder& onPeerStream(Http2Stream& stream) override;
  void onPeerSettings() override {}
  void onPeerGoaway() override { peer_went_ = true; }
  void onGoawaySeen() override;
  bool hadItsRequests() const { return max_requests_ != 0 && requests_ >= max_requests_; }
  bool wantsEnd(std::string_view& reason) const override;

  ServerCodecEvents& events_;
  const uint64_t max_requests_;  // 0: no bound
  const uint64_t most_under_way_;
  uint64_t requests_ = 0;
  Drain drain_ = Drain::None;
  bool peer_went_ = false;  // it begins nothing more
  Http2Session session_;
};

}  // namespace weir::http
