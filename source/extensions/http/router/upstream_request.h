#pragma once

// One attempt at a request: its host, its stream in a pool's connection, and the bytes on their way
// there. A part of the router, which may begin another one in the same object once this one is
// over.
//
// Loop: its stream's. Order of calls: start(); encodeData() and encodeTrailers(); the events; then
// cancel(), or the event that ended it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/buffer/buffer.h"
#include "source/filter/worker.h"
#include "source/http/codec.h"
#include "source/http/pool/connection_pool.h"
#include "source/http/stream_info.h"
#include "source/http/upgrade.h"
#include "source/upstream/cluster.h"
#include "source/upstream/early_connection.h"
#include "source/upstream/request_place.h"

namespace weir::http_filters {

// How an attempt failed.
struct UpstreamFailure {
  enum class Kind : uint8_t {
    NoConnection,   // there is no host, a limit is reached, or connecting failed: nothing was sent
    Loop,           // it would come back to the listener that it came by
    Refused,        // the server has not looked at it (REFUSED_STREAM, GOAWAY)
    Unsupported,    // the server takes no such request (NoExtendedConnect): it was not sent
    BadAuthority,   // no server of HTTP/1 can be told whom it is for: it was not sent
    Reset,          // reset, or the connection ended, before the response was whole
    ProtocolError,  // the server broke the rules
    NotHttp2,       // it was asked by HTTP/2, and speaks something else
    SilentOnHttp2,  // it was asked by HTTP/2, and has ended the connection without a word of it
  };
  Kind kind;
  ErrorCode code = ErrorCode::Reset;  // of NoConnection
  std::string_view detail = {};       // what the server did; static storage, in snake_case
  bool gone = false;                  // the connection ended
  // A connection that had been used before was gone, without one byte of an answer: the server may
  // have closed it while it was idle.
  bool stale = false;
  bool unseen = false;  // the server has said that it has not looked at it

  // There was nobody to send it to, or no room, or no server may be sent it.
  bool unsent() const {
    if (kind == Kind::Loop || kind == Kind::BadAuthority) return true;
    return kind == Kind::NoConnection &&
           (code == ErrorCode::NoHost || code == ErrorCode::NotFound ||
            code == ErrorCode::Overflow);
  }
};

class UpstreamRequestEvents {
 public:
  virtual ~UpstreamRequestEvents() = default;
  // The head is in responseHeaders() of the context; informational ones come first.
  virtual void onUpstreamHeaders(bool end_stream) = 0;
  virtual void onUpstreamData(buffer::Buffer& data, bool end_stream) = 0;
  virtual void onUpstreamTrailers() = 0;
  // It is over; the response may have begun.
  virtual void onUpstreamFailure(const UpstreamFailure& failure) = 0;
  // sendBlocked() held, and does so no longer.
  virtual void onUpstreamWriteReady() = 0;
};

class UpstreamRequest final : private http::PoolWaiter, private http::StreamDecoder {
 public:
  struct Plan {
    upstream::Cluster& cluster;
    upstream::RequestPick pick;
    upstream::ConnectRequest connect;
    http::Version version;                           // spoken to the host
    uint64_t owner = 0;                              // PoolSet::pool()
    bool fresh = false;                              // not over a connection that was used before
    http::TunnelForm form = http::TunnelForm::None;  // what it asks the host for
    // Taken over by the pool if it leads to the host; may be null.
    upstream::EarlyConnection* early = nullptr;
    // Null, or the request itself: its authority becomes the host's name, if that has one.
    http::HeaderMap* to_name = nullptr;
  };
  // Where the response is put.
  struct Maps {
    http::HeaderMap& headers;
    http::HeaderMap& trailers;
  };

  // All outlive it.
  UpstreamRequest(filter::Worker& worker, Maps maps, UpstreamRequestEvents& events);
  ~UpstreamRequest() override;

  // Begins; `headers` stay as they are while it lives. A failure that is known at once is returned,
  // and it is over. Requires: it is over, or never began.
  std::optional<UpstreamFailure> start(const Plan& plan, const http::HeaderMap& headers,
                                       bool end_stream);
  // Of the request. Takes all of `data`.
  void encodeData(buffer::Buffer& data, bool end_stream);
  void encodeTrailers(const http::HeaderMap& trailers);
  // As much of the request waits as may.
  bool sendBlocked() const;
  void pauseResponse(bool paused);
  // Gives it up; nothing is told any more.
  void cancel(http::ResetReason reason);
  // The same, since it took too long: that counts against the host, unless the request waited for
  // room that is short by a limit of ours.
  void timeOut();

  bool active() const { return state_ != State::Over; }
  // The host that is or was tried last; null if none was found.
  const std::shared_ptr<upstream::Host>& host() const { return host_; }
  // Of the attempt; the epoch if it did not come.
  MonotonicTime firstByte() const { return first_byte_; }
  MonotonicTime started() const { return started_; }
  bool headSent() const { return head_sent_; }

 private:
  enum class State : uint8_t { Over, Waiting, Open };

  void onPoolReady(const http::PooledStream& stream) override;
  void onPoolFailure(const Error& error) override;

  http::HeaderMap& fields(Part part) override;
  void onHeaders(bool end_stream) override;
  void onData(buffer::Buffer& data, bool end_stream) override;
  void onTrailers() override;
  void onReset(http::ResetReason reason, std::string_view detail) override;
  void onBadMessage(const http::BadMessage&) override;
  void onWriteReady() override;

  std::optional<UpstreamFailure> begin(const http::PooledStream& stream);
  UpstreamFailure failureToSend() const;
  void flushPending();
  void refuseHead();
  void responseEnded();
  void endStream();
  void fail(const UpstreamFailure& failure);
  void giveUp(http::ResetReason reason, upstream::RequestOutcome::Kind unanswered);
  void finish(upstream::RequestOutcome::Kind kind);

  filter::Worker& worker_;
  const Maps maps_;
  UpstreamRequestEvents& events_;
  State state_ = State::Over;
  upstream::RequestPlace place_;
  std::shared_ptr<upstream::Host> host_;
  http::StreamEncoder* encoder_ = nullptr;  // of an open one, until the request and response ended
  const http::HeaderMap* headers_ = nullptr;
  const http::HeaderMap* request_trailers_ = nullptr;  // that end the request, not sent yet
  buffer::Buffer pending_;                             // of the body, while it waits
  MonotonicTime started_;
  MonotonicTime first_byte_;
  unsigned status_ = 0;                            // of the response
  http::Version version_ = http::Version::Http11;  // spoken to the host
  http::TunnelForm form_ = http::TunnelForm::None;
  bool tunnel_ = false;  // it was accepted
  bool response_ended_ = false;
  bool request_ended_ = false;
  bool head_sent_ = false;
  bool reused_ = false;
  bool headers_seen_ = false;  // the final ones
  bool heard_ = false;         // a head, if only an informational one
};

}  // namespace weir::http_filters
