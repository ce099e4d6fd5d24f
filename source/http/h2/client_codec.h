#pragma once

// HTTP/2 on a connection to an upstream (RFC 9113, 8441). See codec.h for the contract and
// session.h for what bounds it. The preface is the first thing that it writes.

#include "source/http/h2/session.h"

namespace weir::http {

class Http2ClientCodec final : public ClientCodec, private Http2Session::Owner {
 public:
  // All but `settings` outlive it.
  Http2ClientCodec(event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
                   const Http2Settings& settings, CodecEvents& events);

  void onBytes(buffer::Buffer& data, bool end_stream) override {
    session_.receive(data, end_stream);
  }
  void onWriteReady() override { session_.onWriteReady(); }
  void startDrain() override { draining_ = true; }
  void finishDrain() override;
  void onConnectionGone() override { session_.onConnectionGone(); }
  size_t openStreams() const override { return session_.openStreams(); }

  StreamEncoder& newStream(StreamDecoder& decoder) override;
  bool canTake() const override;
  std::optional<size_t> maxStreams() const override;
  bool finished() const override;
  Version version() const override { return Version::Http2; }

 private:
  StreamDecoder& onPeerStream(Http2Stream& stream) override;
  void onPeerSettings() override;
  void onPeerGoaway() override;
  bool wantsEnd(std::string_view& reason) const override;

  CodecEvents& events_;
  const uint32_t max_streams_;
  bool settings_came_ = false;
  bool draining_ = false;
  bool drain_finished_ = false;
  bool peer_went_ = false;
  Http2Session session_;
};

}  // namespace weir::http
