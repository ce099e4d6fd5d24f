#pragma once

// HTTP/1.0 and HTTP/1.1 on the side of the client (RFC 9112). One request at a time: the next one
// waits in the connection's buffer until the response has ended. A request that is malformed gets
// its response, and is the last one. After a 101 to an Upgrade, or a 2xx to a CONNECT, the
// connection is a tunnel; until then what follows such a request waits (RFC 9110 7.8, 9.3.6).
//
// Loop and lifetime: the connection's. `out`, the pool, the settings and the events outlive it.

#include <cstdint>
#include <optional>
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

class Http1ServerCodec final : public Codec, private StreamEncoder {
 public:
  Http1ServerCodec(event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
                   const Http1Settings& settings, ServerCodecEvents& events);

  void onBytes(buffer::Buffer& data, bool end_stream) override;
  void onWriteReady() override;
  void startDrain() override;
  void finishDrain() override;
  void onConnectionGone() override;
  size_t openStreams() const override { return decoder_ == nullptr ? 0 : 1; }

  // Fields of requests that were left out for an underscore in their name.
  uint64_t droppedFields() const { return dropped_fields_; }

 private:
  enum class State : uint8_t {
    Head,       // a request is awaited
    Body,       // one has begun
    Held,       // an Upgrade or a CONNECT that is not answered
    Answering,  // it is whole, the response is not
    Tunnel,
    Dropping,  // what comes is not wanted any more
  };
  enum class Response : uint8_t { None, Begun, Ended };
  enum class Drain : uint8_t { No, Started, Finishing };
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
  bool writeBlocked() const override { return outlet_.blocked(); }
  void pauseReading(bool paused) override;
  bool headSent() const override { return head_sent_; }

  bool step(buffer::Buffer& data, bool end_stream);
  bool readHead(buffer::Buffer& data, bool end_stream);
  void endBetweenRequests();
  bool beginRequest(buffer::Buffer& data);
  bool refuse(const BadMessage& bad);
  bool refuseUnread(const BadMessage& bad, const buffer::Buffer& data, Version version);
  void noteHeadBegun();
  void beginStream(Version version);
  bool readBody(buffer::Buffer& data, bool end_stream);
  bool refuseBody();
  void failRequest(ResetReason reason, std::string_view detail);
  void onHeadTimeout();
  bool requestUnderWay() const { return state_ == State::Body && !incoming_.ended(); }

  void beginResponse(const HeaderMap& headers, const MessagePlan& plan, bool end_stream);
  void leaveHeld(BodyMode mode);
  void endResponse();
  void failResponse(bool ended);
  void closeStream();
  void end(ConnectionEnd how, std::string_view reason, bool fault);

  void atTurnEnd();
  void tellStreamEnd();
  void tellRequestEnd();

  const Http1Settings settings_;
  event::Loop& loop_;
  ServerCodecEvents& events_;
  buffer::SlicePool& pool_;
  StreamDecoder* decoder_ = nullptr;  // of the stream that is open
  HeadGatherer head_;
  Incoming incoming_;
  BodyWriter body_;
  RequestHead request_;
  Ending ending_;
  uint64_t dropped_fields_ = 0;
  State state_ = State::Head;
  Response response_ = Response::None;
  Drain drain_ = Drain::No;
  bool keep_alive_ = true;
  bool last_word_ = false;      // the client has said that it sends nothing behind this request
  bool waiting_ = false;        // bytes, or the end, were left with the connection
  bool more_wanted_ = false;    // and can be taken now
  bool stream_ended_ = false;   // the owner is to be told
  bool request_ended_ = false;  // the decoder is to be told
  bool head_sent_ = false;      // of the response
  bool broken_ = false;         // the response has another length than its head says
  std::optional<MonotonicTime> head_begun_at_;  // while one is not whole
  event::Timer head_timer_;
  Outlet outlet_;  // last: its task calls the others
};

}  // namespace weir::http
