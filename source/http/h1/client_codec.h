#pragma once

// HTTP/1.1 on the side of the upstream (RFC 9112). One request at a time; the connection is used
// again only if both messages ended as their framing says, and nothing came that was not asked for.
// After a 101 to an Upgrade, or a 2xx to a CONNECT, the connection is a tunnel; bytes that are
// written for it before are held.
//
// Loop and lifetime: the connection's. `out`, the pool, the settings and the events outlive it.

#include <cstdint>
#include <string_view>

#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/http/codec_settings.h"
#include "source/http/h1/body_writer.h"
#include "source/http/h1/head.h"
#include "source/http/h1/head_gatherer.h"
#include "source/http/h1/incoming.h"
#include "source/http/h1/outlet.h"
#include "source/net/connection.h"

namespace weir::http {

class Http1ClientCodec final : public ClientCodec, private StreamEncoder {
 public:
  Http1ClientCodec(event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
                   const Http1Settings& settings, CodecEvents& events);

  void onBytes(buffer::Buffer& data, bool end_stream) override;
  void onWriteReady() override;
  void startDrain() override;
  void finishDrain() override { startDrain(); }
  void onConnectionGone() override;
  size_t openStreams() const override { return decoder_ == nullptr ? 0 : 1; }
  StreamEncoder& newStream(StreamDecoder& decoder) override;
  bool canTake() const override;
  std::optional<size_t> maxStreams() const override { return 1; }
  bool finished() const override { return ending_.wanted || draining_; }
  Version version() const override { return Version::Http11; }

 private:
  // Of the response.
  enum class State : uint8_t {
    Idle,  // none is expected
    Head,
    Body,
    Tunnel,
    Dropping,
  };
  enum class Request : uint8_t { None, Begun, Ended };
  struct Ending {
    ConnectionEnd how = ConnectionEnd::Flush;
    std::string_view reason;
    bool fault = false;
    bool wanted = false;
    bool told = false;
  };

  bool encodeHeaders(const HeaderMap& headers, bool end_stream) override;
  void encodeData(buffer::Buffer& data, bool end_stream) override;
  void encodeTrailers(const HeaderMap& trailers) override;
  void reset(ResetReason reason) override;
  bool writeBlocked() const override;
  void pauseReading(bool paused) override;
  bool headSent() const override { return sent_; }

  bool step(buffer::Buffer& data, bool end_stream);
  bool readUnasked(buffer::Buffer& data, bool end_stream);
  bool readHead(buffer::Buffer& data, bool end_stream);
  bool beginResponse(buffer::Buffer& data);
  bool passInformational(HeaderMap& fields);
  bool readBody(buffer::Buffer& data, bool end_stream);
  bool answerBegun() const;

  bool awaitsTunnel() const;
  void beginTunnel();
  void beginBody();
  void endIncoming();
  void endRequest();
  void endResponse();
  void fail(ResetReason reason, std::string_view detail);
  void failRequest();
  void closeStream();
  void end(ConnectionEnd how, std::string_view reason, bool fault);
  void atTurnEnd();

  const Http1Settings settings_;
  CodecEvents& events_;
  StreamDecoder* decoder_ = nullptr;  // of the stream that is open
  HeadGatherer head_;
  Incoming incoming_;
  BodyWriter body_;
  ResponseHead response_;
  buffer::Buffer held_;  // for a tunnel that is not there yet
  Ending ending_;
  unsigned informational_ = 0;  // responses to this request
  State state_ = State::Idle;
  Request request_ = Request::None;
  RequestHead::Kind kind_ = RequestHead::Kind::Plain;
  bool sent_ = false;  // the head was written in an earlier turn: what comes can be the response
  bool held_end_ = false;
  bool draining_ = false;
  bool waiting_ = false;       // bytes, or the end, were left with the connection
  bool more_wanted_ = false;   // and can be taken now
  bool stream_ended_ = false;  // the owner is to be told
  bool broken_ = false;        // the request has another length than its head says
  Outlet outlet_;              // last: its task calls the others
};

}  // namespace weir::http
