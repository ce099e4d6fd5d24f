#pragma once

// One HTTP/2 connection on nghttp2, of either side: what the two codecs share. Bytes go in by
// receive(), and out to the connection by a task at the end of the turn, or when the connection can
// be written again.
//
// Memory is bounded by what the peer reads and by the settings: nothing is pulled from nghttp2
// while the connection is blocked, a stream holds at most its window of what came and its buffer
// limit (plus one write) of what goes, and the flood guard counts the rest.
//
// Windows: a stream's is opened as its bytes are taken. The connection's is opened at once, so that
// streams that are paused do not stop the others, until as much as the connection's whole window is
// held here; from then on it waits as well. So at most twice that window is held.
//
// On the connection's loop, and owned by its codec.

#include <nghttp2/nghttp2.h>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/http/codec_settings.h"
#include "source/http/h2/closed_streams.h"
#include "source/http/h2/flood_guard.h"
#include "source/http/h2/frame_walk.h"
#include "source/http/h2/liveness.h"
#include "source/http/h2/stream.h"
#include "source/net/connection.h"

namespace weir::http {

class Http2Session {
 public:
  enum class Side : uint8_t { Server, Client };

  // What the two sides do differently.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The peer begins a stream.
    virtual StreamDecoder& onPeerStream(Http2Stream& stream) = 0;
    virtual void onPeerSettings() = 0;
    virtual void onPeerGoaway() = 0;
    // The peer has seen the announcement of announceGoaway().
    virtual void onGoawaySeen() {}
    // Between two turns of work: true if nothing more is wanted once no stream is left; `reason`
    // then names why.
    virtual bool wantsEnd(std::string_view& reason) const = 0;
  };

  Http2Session(Side side, event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
               const Http2Settings& settings, CodecEvents& events, Owner& owner);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // See Codec.
  void receive(buffer::Buffer& data, bool end_stream);
  void onWriteReady() { run(); }
  void onConnectionGone();
  size_t openStreams() const { return all_.size(); }

  Http2Stream& newStream();
  // The peer has to show that it is still there before it gets another stream.
  bool inDoubt() const { return liveness_.inDoubt(); }
  // GOAWAY that only announces, with a PING behind it by which the peer tells that it has seen it;
  // and the one with the last stream (RFC 9113 6.8).
  void announceGoaway();
  void sendGoaway();
  bool over() const { return over_; }
  bool peerEnded() const { return peer_ended_; }
  // The peer's first SETTINGS came; and whether they allow extended CONNECT.
  bool peerSettled() const { return peer_settled_; }
  bool peerTakesConnect() const;
  // Of streams that are left when the peer ends the connection.
  std::string_view peerEndDetail() const;
  Side side() const { return side_; }
  nghttp2_session* raw() { return session_; }
  const nghttp2_session* raw() const { return session_; }

  // For streams.
  const Http2Settings& settings() const { return settings_; }
  event::Loop& loop() { return loop_; }
  std::vector<nghttp2_nv>& scratch() { return scratch_; }
  Http2FloodGuard& guard() { return guard_; }
  void countDroppedField() { ++dropped_fields_; }
  // Those that were left out for an underscore in their name.
  uint64_t droppedFields() const { return dropped_fields_; }
  bool dead() const { return over_ || gone_; }
  // Something is to be told, or to be sent, at the end of the turn.
  void queue(Http2Stream& stream);
  void wake();
  // Bytes of a body are held by a stream; they were taken, and `id`'s window may open.
  void hold(size_t bytes);
  void release(int32_t id, size_t bytes);
  // Streams are asked what is due (Http2Stream::due()) so long from now, if not sooner.
  void lookWithin(Duration duration);
  // The connection ends by the peer's fault. `code`: for GOAWAY (RFC 9113 7).
  void fail(std::string_view reason, uint32_t code);
  void failIf(std::string_view flood);

  // A stream was given up by us.
  void onGivenUp() {
    if (side_ == Side::Client && !dead()) liveness_.onGivenUp();
  }

  // From nghttp2's callbacks.
  Http2Stream& onPeerStream(int32_t id);
  void onFrameBegin(uint8_t type, int32_t id, size_t length, bool ends_stream);
  void onPayload(size_t bytes, bool ends_stream) { failIf(guard_.onPayload(bytes, ends_stream)); }
  void onWindowUpdate() { failIf(guard_.onWindowUpdate()); }
  void onSettings(bool ack);
  // The first frame is another one.
  void onNoSettings();
  void onPing(bool ack, std::span<const uint8_t, 8> opaque);
  void onGoaway() { owner_.onPeerGoaway(); }
  void onPeerReset(const Http2Stream& stream);
  void onResetSent(int32_t id, uint32_t code, Http2Stream* stream);
  void onClosed(int32_t id) { closed_.onClosed(id); }
  void onGoawaySent(uint32_t code);
  void onDataSent() { guard_.onDataSent(); }
  void onHeadersNotSent(int32_t id, int error);
  // A DATA frame's head, and so many bytes of the body. False: not now.
  bool writeData(Http2Stream& stream, std::span<const uint8_t> head, size_t bytes);

 private:
  void start();
  void judgeLateFrame(int32_t id);
  void submitSettings();
  void run();
  void tellStreams();
  void pump();
  bool pull();
  void feed(buffer::Buffer& data);
  void onReceiveError(int error);
  void judgePassedOver(const Http2FrameTally& seen);
  void watchFields(uint64_t begun_before);
  std::string_view floodOfAnswers() const;
  void peerEnds();
  void endHeldByWindows();
  void conclude();
  void pushControl();
  void end(ConnectionEnd how, std::string_view reason, bool fault);
  void stopTimers();
  void drop(Http2Stream& stream);
  Http2Stream& take(int32_t id);
  void sendPing();
  void onStreamTimer();

  const Side side_;
  event::Loop& loop_;
  net::Stream& out_;
  buffer::SlicePool& pool_;
  const Http2Settings settings_;
  CodecEvents& events_;
  Owner& owner_;
  Http2FloodGuard guard_;
  Http2ClosedStreams closed_;
  nghttp2_session* session_ = nullptr;
  buffer::Buffer output_;
  std::vector<std::unique_ptr<Http2Stream>> all_;
  std::vector<std::unique_ptr<Http2Stream>> free_;
  std::vector<Http2Stream*> queue_;  // something is to be told of them
  std::vector<nghttp2_nv> scratch_;
  event::Task task_;
  Http2Liveness liveness_;
  event::Timer settings_timer_;
  event::Timer fields_timer_;
  event::Timer stream_timer_;
  uint64_t dropped_fields_ = 0;
  size_t held_ = 0;  // bytes of bodies that wait in streams
  size_t owed_ = 0;  // of them, those by which the connection's window is not opened yet
  Http2FrameWalk walk_;
  Http2FrameTally announced_;  // by nghttp2, in the piece that it looks at
  std::string_view fault_;
  uint8_t frame_type_ = 0;  // of the last one that began
  bool again_ = false;      // something came up while run() was running
  bool running_ = false;
  bool peer_ended_ = false;  // it sends no more
  bool peer_settled_ = false;
  bool over_ = false;  // onEnd() was called
  bool gone_ = false;
};

}  // namespace weir::http
