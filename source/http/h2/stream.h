#pragma once

// One request and its response on an HTTP/2 connection: the codec's end of it. What comes from the
// peer is noted here while nghttp2 looks at bytes, and told to the decoder afterwards
// (deliver()), so that no decoder is ever called from inside nghttp2. What goes to the peer waits
// here until the windows let it out.
//
// Made, used again and freed by its Http2Session, on the connection's loop.

#include <cstdint>
#include <memory>
#include <string_view>

#include "source/base/time.h"
#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http/h2/message_rules.h"

namespace weir::http {

class Http2Session;

class Http2Stream final : public StreamEncoder {
 public:
  Http2Stream(Http2Session& session, buffer::SlicePool& pool);

  // Makes it a new one. The decoder may be given later, before anything is told.
  void begin(int32_t id, MonotonicTime now);
  void setDecoder(StreamDecoder& decoder) { decoder_ = &decoder; }

  bool encodeHeaders(const HeaderMap& headers, bool end_stream) override;
  void encodeData(buffer::Buffer& data, bool end_stream) override;
  void encodeTrailers(const HeaderMap& trailers) override;
  void reset(ResetReason reason) override;
  bool writeBlocked() const override { return state_.blocked; }
  void pauseReading(bool paused) override;
  bool headSent() const override { return state_.head_sent; }

  // From nghttp2's callbacks: notes, and tells nobody. Only onFieldsBegin() may have to tell what
  // was noted before: an informational head, whose map is used again.
  void onFieldsBegin();
  void onField(nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  // It is none that may be in a message, and left out. False: the stream is to be reset for it.
  bool onBadField(nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  void onFieldsEnd(bool end_stream);
  void onDataChunk(const uint8_t* bytes, size_t size);
  void onDataEnd();
  // nghttp2 forgets it. `code`: of RST_STREAM, or NO_ERROR.
  void onClosed(uint32_t code);
  void onHeadSent() { state_.head_sent = true; }
  void onLocalEndSent();
  // nghttp2 resets it, as the message that came is malformed.
  void onRefused() { state_.refused = true; }
  // `refused`: a request that may not be sent any more, and that the peer never saw.
  void onHeadersNotSent(bool refused);
  // The peer's first SETTINGS came: a request that waited for them may go, or may not.
  void onPeerSettled();
  // The peer sends nothing more on the connection.
  void onPeerEnd();
  // Then, once all was sent that could be: it is over if a window keeps the rest back.
  void endIfHeldByWindow();

  // How many bytes of the body go into the next DATA frame; sets nghttp2's flags for it. Without
  // NO_COPY among them: nothing now.
  size_t nextData(size_t room, uint32_t* flags);
  void moveData(buffer::Buffer& to, size_t bytes);

  // Tells the decoder what was noted.
  void deliver();
  // Tells onReset(), and nothing afterwards.
  void giveUp(ResetReason reason, std::string_view detail);
  // Has ended, and what was written is not sent.
  bool flushing() const {
    return state_.in_session && state_.local_ended && !state_.local_end_sent;
  }
  // The response is with the client, and the request is not whole. What is wrong with the rest is
  // answered as ever, but it is dropped; RST_STREAM with NO_ERROR ends it (RFC 9113 8.1) once
  // enough came or a short time went by.
  bool lingering() const { return state_.in_session && state_.lingers && !state_.reset_by_us; }
  // When what is flushed or lingers has had its time, and then: it is reset.
  MonotonicTime due() const;
  void onDue();
  MonotonicTime begunAt() const { return begun_at_; }
  bool resetByUs() const { return state_.reset_by_us; }
  int32_t id() const { return id_; }
  // Nobody knows it any more.
  bool over() const {
    return !state_.in_session && decoder_ == nullptr && state_.submitted_or_dropped;
  }
  // Lets go of what it holds, to be used again.
  void recycle();

  // Kept by the session.
  bool queued = false;  // something is to be told
  size_t index = 0;     // among all streams

 private:
  void submitResponse(const HeaderMap& headers, bool end_stream);
  void submitRequest(const HeaderMap& headers, bool end_stream);
  void submitTunnel(const HeaderMap& headers);
  bool submitTrailers();
  void submitReset(uint32_t code);
  void resume();
  void endLocal();
  void dropInbound();
  void dropData(size_t size);
  void dropOutbound();

  void countField(std::string_view name, std::string_view value);
  void onRequestHead(bool end_stream);
  void onResponseHead(bool end_stream);
  void onTrailers();
  void refuseTrailers(const BadMessage& bad);
  void breakRules(std::string_view detail);
  std::string_view refusal() const;
  void noteReset(ResetReason reason, std::string_view detail);

  void tellHead();
  void tellBad();
  void tellData();
  void tellReset();
  void endTold();
  void letGoIfDone();
  void detach();

  struct State {
    bool in_session = false;            // nghttp2 has it
    bool submitted_or_dropped = false;  // the client's: nghttp2 had it, or will not have it
    bool connect = false;               // the request's method is CONNECT
    bool tunnel = false;                // and it was accepted
    // From the peer.
    bool head_begun = false;  // a head, informational or not, has begun to come
    bool head_whole = false;  // the final one came
    bool head_news = false;   // a head is to be told
    bool head_ended = false;  // which ends the message
    bool bad_news = false;    // bad_ is to be told, behind the head
    bool refused = false;     // by nghttp2
    bool trailers_came = false;
    bool in_ended = false;  // the message is whole
    bool end_told = false;
    bool paused = false;
    bool reset_noted = false;
    // To the peer.
    bool response_begun = false;  // the server's, but for informational heads
    bool head_sent = false;       // the final one
    bool local_ended = false;
    bool local_end_sent = false;
    bool lingers = false;
    bool deferred = false;  // nghttp2 waits for bytes
    bool blocked = false;
    bool write_ready = false;  // to be told
    bool reset_by_us = false;
  };

  Http2Session& session_;
  StreamDecoder* decoder_ = nullptr;     // null once neither side calls the other any more
  HeaderMap* map_ = nullptr;             // where fields go now
  buffer::Buffer in_;                    // came, and not told
  buffer::Buffer out_;                   // written, and not sent
  std::unique_ptr<HeaderMap> trailers_;  // written, and not sent
  std::unique_ptr<HeaderMap> tunnel_;    // a request that waits for the peer's SETTINGS
  Http2FieldCount count_;
  BadMessage bad_;  // with a reason if the request is
  MonotonicTime begun_at_{};
  MonotonicTime last_progress_{};  // it could send something
  size_t came_late_ = 0;           // bytes, while it lingers
  std::string_view reset_detail_;
  int32_t id_ = 0;
  ResetReason reset_reason_ = ResetReason::Cancel;
  unsigned informational_ = 0;  // heads that came
  State state_;
};

}  // namespace weir::http
