#pragma once

// THE CONTRACT between a codec, which speaks one version of HTTP on one connection, and those who
// exchange messages over it: the connection manager on the side of the client, a pool on the side
// of the upstream. A codec of HTTP/1 (h1/) and one of HTTP/2 (h2/) look the same from here.
//
// A stream is one request and its response. It has two ends: the codec's, a StreamEncoder, to which
// a message is written, and the other one's, a StreamDecoder, to which the message that came from
// the peer is told.
//
// Loop: everything on the connection's. Calls in both directions may come from inside each other,
// with these rules: a codec calls a decoder only from onBytes(), onWriteReady(),
// onConnectionGone(), a timer or a task of its own, never from inside a call to an encoder; and
// what is written to an encoder reaches the connection at the end of the turn, with all else that
// was written in it.
//
// Life of a stream: from newStream() until both messages have ended (the last call to the decoder
// and the last one to the encoder had end_stream), or until reset() or onReset(). After that
// neither side calls the other; what was written before the end is still sent by the codec, which
// owns the encoder. A response that has ended before its request did ends the stream as well: what
// is left of the request is dropped (HTTP/2: RST_STREAM with NO_ERROR; HTTP/1: the connection is
// closed). Of a tunnel each way ends by itself: the other one stays open.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "source/base/time.h"
#include "source/buffer/buffer.h"
#include "source/http/header_map.h"

namespace weir::http {

enum class Version : uint8_t { Http10, Http11, Http2 };
// "HTTP/1.0", "HTTP/1.1", "HTTP/2", as access logs have it.
std::string_view toString(Version version);

// Why a stream was given up. By us to the peer, in reset(); by the peer or the connection, in
// onReset(). With HTTP/2 it is RST_STREAM and its code (RFC 9113 7), with HTTP/1 the connection's
// end.
enum class ResetReason : uint8_t {
  Cancel,         // not wanted any more (CANCEL)
  InternalError,  // (INTERNAL_ERROR)
  Refused,        // not looked at: another attempt does no harm (REFUSED_STREAM; a GOAWAY below it)
  ProtocolError,  // the peer broke the rules (PROTOCOL_ERROR, and whatever code stands for that)
  NoError,        // the response is whole, and the rest of the request is not wanted (NO_ERROR)
  Overload,       // too much of something (ENHANCE_YOUR_CALM)
  ConnectionGone,  // the connection ended before the message did; only in onReset()
  ConnectError,    // of a tunnel: what it leads to was reset (CONNECT_ERROR)
};
// In snake_case: "cancel", "connection_gone".
std::string_view toString(ResetReason reason);

// A request that cannot be understood, and what to answer: a status (RFC 9110 15.5), and the reason
// for logs, metrics and the header `weir-error`, in snake_case with static storage.
struct BadMessage {
  unsigned status = 400;
  std::string_view reason;
};

// The detail of onReset() where a server that was asked by HTTP/2 speaks something else; and where
// it has ended the connection before it said anything of HTTP/2, mostly for the same reason.
inline constexpr std::string_view NotHttp2 = "not_http2";
inline constexpr std::string_view ClosedBeforeHttp2 = "closed_before_http2";

// The reason of onEnd() where a server sent what is the response to no request: all of its streams
// were whole, and none is told.
inline constexpr std::string_view UnaskedBytes = "h1_unasked_bytes";

// The detail of onReset() where a server's connection was gone that had sent the first bytes of a
// head, or heads of informational responses only.
inline constexpr std::string_view IncompleteHead = "incomplete_head";

// Gets a message from the peer, and news of the stream. Made by whoever exchanges messages; lives
// as long as the stream.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  // Where the codec puts the fields of the head, or those of the trailers: empty, and not touched
  // by others until onHeaders() or onTrailers() tells that they are whole.
  enum class Part : uint8_t { Head, Trailers };
  virtual HeaderMap& fields(Part part) = 0;
  // The head of the message is in fields(Head). Of a response that has informational ones before it
  // (1xx, but 101), this comes for each; the decoder has taken what it wants when it returns, and
  // the codec clears the map. `end_stream`: there is no body.
  virtual void onHeaders(bool end_stream) = 0;
  // Bytes of the body, or of the tunnel. Takes all of `data`, which has bytes unless the end comes
  // alone.
  virtual void onData(buffer::Buffer& data, bool end_stream) = 0;
  // The message has ended with trailers: they are in fields(Trailers).
  virtual void onTrailers() = 0;
  // The stream is over, and the message is not whole. `detail`: static storage, in snake_case; may
  // be empty. Nothing is to be written to the encoder any more.
  virtual void onReset(ResetReason reason, std::string_view detail) = 0;
  // On the side of the client: the request is malformed, and nothing more comes of it. In the place
  // of the first onHeaders(), or behind it, for a body that is not of its form, if no response has
  // begun (else there is onReset()). The stream lives on: the answer is written to the encoder, and
  // its end ends the stream.
  virtual void onBadMessage(const BadMessage& bad) = 0;
  // Writing was blocked (StreamEncoder::writeBlocked()), and is so no longer.
  virtual void onWriteReady() = 0;
};

// Takes the message to the peer. Owned by the codec.
class StreamEncoder {
 public:
  virtual ~StreamEncoder() = default;
  // The head: pseudo-header fields first, as HeaderMap has them. Fields that belong to a connection
  // and not to a message are not written, whatever the map says; the framing (Content-Length, or
  // chunks) is the codec's. Before it, on the side of the client, any number of informational ones
  // (status 1xx but 101, without end_stream). False: it has what must not be sent (RFC 9110 5.5),
  // and nothing was written. A 101 to an Upgrade, a 2xx to a CONNECT: from then on the stream is a
  // tunnel.
  [[nodiscard]] virtual bool encodeHeaders(const HeaderMap& headers, bool end_stream) = 0;
  // Takes all of `data`.
  virtual void encodeData(buffer::Buffer& data, bool end_stream) = 0;
  // Ends the message. Left out where the peer would not understand them.
  virtual void encodeTrailers(const HeaderMap& trailers) = 0;
  // Gives the stream up; what is not sent yet is dropped. No call to the decoder follows.
  virtual void reset(ResetReason reason) = 0;
  // As much as the limit is written and not sent: stop until onWriteReady().
  virtual bool writeBlocked() const = 0;
  // No onData() and no onTrailers() while it is paused; the peer is slowed down. Twice is once.
  virtual void pauseReading(bool paused) = 0;
  // The head was handed to the connection; informational ones do not count. What was only written
  // is lost if the stream is given up in the same turn. May be asked until reset(), and within
  // onReset().
  virtual bool headSent() const = 0;
};

// How a connection is to be ended that its codec is done with.
enum class ConnectionEnd : uint8_t {
  FlushWrite,  // once what was written is sent: the peer has said that it sends no more
  Flush,       // the same, and what the peer still sends is taken for a while
  Reset,       // at once
};

// One connection's, on either side. Its owner feeds it, and lets go of it after onConnectionGone().
class Codec {
 public:
  virtual ~Codec() = default;
  // Bytes from the peer: takes what it can, and leaves what has to wait (a second request behind
  // one that is not answered yet), to be shown again with what follows, or after moreWanted().
  // `end_stream`: the peer sends no more.
  virtual void onBytes(buffer::Buffer& data, bool end_stream) = 0;
  // The connection's writing was blocked, and is so no longer.
  virtual void onWriteReady() = 0;
  // No further streams are wanted. On the side of the client: HTTP/1 closes after the response that
  // is under way, or the next one (`Connection: close`); HTTP/2 tells so (GOAWAY, RFC 9113 6.8)
  // and takes those that were on their way. It ends by itself (onEnd()) when none is left and
  // finishDrain() was called. Twice is once.
  virtual void startDrain() = 0;
  // Those that are open are finished, and others are refused: the second GOAWAY. With HTTP/1, a
  // connection without a request ends.
  virtual void finishDrain() = 0;
  // The connection is gone, or is going to be closed: every stream gets onReset(). Last call.
  virtual void onConnectionGone() = 0;
  virtual size_t openStreams() const = 0;
};

// What a codec tells its owner. The owner may let go of the connection only at the end of the turn
// (loop.retire()).
class CodecEvents {
 public:
  virtual ~CodecEvents() = default;
  // onBytes() is to be called again with what was left, in a later turn (net::Connection and
  // filter::FilterContext: redeliver()).
  virtual void moreWanted() = 0;
  // A stream is over.
  virtual void onStreamEnd() = 0;
  // On the side of the upstream: canTake() may be another one without a stream's end. The peer has
  // said how many streams it takes, or that it takes no more, or it has shown that it is still
  // there. May come from inside onBytes().
  virtual void onRoomChange() {}
  // The codec is done with the connection, by the peer's wish or fault, or after draining; once.
  // Streams that are still open get onReset() by onConnectionGone(), which the owner calls.
  // `reason`: for logs and metrics; static storage, in snake_case. Of a fault it names what was
  // broken ("h2_rapid_reset"); `fault` tells the two apart.
  virtual void onEnd(ConnectionEnd how, std::string_view reason, bool fault) = 0;
};

// On the side of the client.
class ServerCodecEvents : public CodecEvents {
 public:
  // A request has begun, with the first byte of its head at `begun`, as far as its version tells.
  // Its stream is told of it by what follows.
  virtual StreamDecoder& onNewStream(StreamEncoder& encoder, Version version,
                                     MonotonicTime begun) = 0;
};

// On the side of the upstream.
class ClientCodec : public Codec {
 public:
  // Begins a request. Requires: canTake().
  virtual StreamEncoder& newStream(StreamDecoder& decoder) = 0;
  // Another stream may begin now: the connection was not ended, told to close, or sent away, nor is
  // it in doubt whether the peer is still there, and openStreams() is below what the peer allows.
  virtual bool canTake() const = 0;
  // How many streams it may have at a time, as far as is known; nothing before the peer has said.
  virtual std::optional<size_t> maxStreams() const = 0;
  // It takes no further streams, now or later.
  virtual bool finished() const = 0;
  virtual Version version() const = 0;
};

}  // namespace weir::http
