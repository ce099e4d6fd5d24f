#pragma once

// Runs the filters of one stream: a request through them in their order, its response in the
// opposite one, held wherever a filter holds it. It does not know where the messages come from and
// go to (StreamEnds).
//
// Loop: its connection's. Used for one stream after another: start(), the calls, reset().

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "source/base/arena.h"
#include "source/event/loop.h"
#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/http/passage.h"
#include "source/http/path.h"
#include "source/upstream/early_connection.h"

namespace weir::http {

// What stands around the filters of a stream: the connection it came by, and the route table.
class StreamEnds {
 public:
  virtual ~StreamEnds() = default;
  // The response, behind the last filter. The head is in `headers`, with status 1xx any number of
  // times.
  virtual void sendHeaders(HeaderMap& headers, bool end_stream) = 0;
  virtual void sendData(buffer::Buffer& data, bool end_stream) = 0;
  virtual void sendTrailers(HeaderMap& trailers) = 0;
  virtual bool sendBlocked() const = 0;
  // The request's body is not taken any further, or is again.
  virtual void pauseRequest(bool paused) = 0;
  // Of a tunnel: the terminal filter has got the end of what the client sends.
  virtual void onRequestTaken() {}
  // A filter gives the stream up.
  virtual void resetStream(ResetReason reason, std::string_view why) = 0;
  virtual const Route* chooseRoute(const HeaderMap& request) = 0;
  virtual bool upgradeAllowed(std::string_view token) const = 0;
  // FilterContext::normalizeRewritten().
  virtual PathResult normalizeRewritten(std::string_view) const { return {}; }
  // FilterContext::takeEarly().
  virtual std::unique_ptr<upstream::EarlyConnection> takeEarly(const upstream::Cluster&) {
    return nullptr;
  }
};

class FilterManager {
 public:
  using Factories = std::span<const std::shared_ptr<const FilterFactory>>;

  // All outlive it. `limit`: how much of a body may be held, in bytes.
  FilterManager(filter::Worker& worker, StreamEnds& ends, size_t limit);
  ~FilterManager();
  FilterManager(const FilterManager&) = delete;
  FilterManager& operator=(const FilterManager&) = delete;

  // Before the first filter is made. `factories` is not empty, and all of it outlives the stream.
  void start(Factories factories, filter::ConnectionInfo& connection);
  // The request. Its head is in requestHeaders(), its trailers in requestTrailers().
  void decodeHeaders(bool end_stream);
  void decodeData(buffer::Buffer& data, bool end_stream);
  void decodeTrailers();
  // StreamEnds::sendBlocked() held, and does so no longer.
  void onSendReady();
  // An answer from outside the filters, such as one to a request that came too slowly.
  void sendLocalReply(LocalReply reply);
  // The stream is over: the filters are told, and nothing more is called. Idempotent.
  void complete();
  // Destroys the filters and forgets the stream; not on the stack of a filter. Requires:
  // complete().
  void reset();

  HeaderMap& requestHeaders() { return request_headers_; }
  HeaderMap& requestTrailers() { return request_trailers_; }
  HeaderMap& responseHeaders() { return response_headers_; }
  HeaderMap& responseTrailers() { return response_trailers_; }
  StreamInfo& info() { return info_; }
  const StreamInfo& info() const { return info_; }
  // Its head was given to the ends; its end, too.
  bool responseSent() const { return response_ >= Response::Sent; }
  bool responseEnded() const { return response_ == Response::Ended; }
  // The end of the request has come to the terminal filter, or nobody wants it any more.
  bool requestTaken() const { return request_taken_; }

 private:
  friend class FilterContext;
  class Adder;

  struct Slot {
    Slot(FilterManager& manager, size_t index) : context(manager, index) {}
    FilterContext context;
    void* object = nullptr;
    void (*destroy)(void*) = nullptr;
    StreamDecoderFilter* decoder = nullptr;
    StreamEncoderFilter* encoder = nullptr;
    size_t limit = 0;  // of its own; 0: the stream's
  };

  struct DecodeWay final : Passage::Way {
    explicit DecodeWay(FilterManager& manager) : owner(manager) {}
    FilterStatus showHeaders(size_t station, bool end_stream) override;
    FilterStatus showData(size_t station, buffer::Buffer& data, bool end_stream) override;
    FilterStatus showTrailers(size_t station) override;
    void deliver(const Passage::News& news) override;
    size_t limitOf(size_t station) const override { return owner.limitOf(station); }
    void onOverLimit() override;
    bool over() const override;
    FilterManager& owner;
  };
  // Its stations are counted from the terminal filter on.
  struct EncodeWay final : Passage::Way {
    explicit EncodeWay(FilterManager& manager) : owner(manager) {}
    FilterStatus showHeaders(size_t station, bool end_stream) override;
    FilterStatus showData(size_t station, buffer::Buffer& data, bool end_stream) override;
    FilterStatus showTrailers(size_t station) override;
    void deliver(const Passage::News& news) override;
    size_t limitOf(size_t station) const override { return owner.limitOf(owner.mirror(station)); }
    void onOverLimit() override;
    bool over() const override { return owner.stopped(); }
    FilterManager& owner;
  };
  // How far the response is.
  enum class Response : uint8_t { None, Begun, Sent, Ended };

  size_t mirror(size_t station) const { return slots_.size() - 1 - station; }
  size_t limitOf(size_t index) const;
  void arriveResponse(const Passage::News& news);
  void replyNow(const LocalReply& reply);
  void resetStream(ResetReason reason, std::string_view why);
  // Nothing more is shown, or goes to the client.
  bool stopped() const { return over_ || reset_; }
  buffer::Buffer compose(const LocalReply& reply);
  void afterCall();
  void tellToContinue();
  void endShown(size_t station);
  void checkFinal();
  void runTask();
  void updatePause();

  filter::Worker& worker_;
  StreamEnds& ends_;
  const size_t limit_;
  Arena arena_;
  std::vector<Slot> slots_;  // never grows while a stream lives: filters refer to their contexts
  filter::ConnectionInfo* connection_ = nullptr;
  StreamInfo info_;
  HeaderMap request_headers_;
  HeaderMap request_trailers_;
  HeaderMap response_headers_;
  HeaderMap response_trailers_;
  DecodeWay decode_way_{*this};
  EncodeWay encode_way_{*this};
  Passage decode_;
  Passage encode_;
  event::Task task_;
  struct Reset {
    ResetReason reason;
    std::string_view why;
  };
  std::optional<LocalReply> reply_;  // asked for, and not begun
  std::optional<Reset> reset_;       // asked for inside a hook
  std::optional<const Route*> route_;
  Response response_ = Response::None;
  uint32_t hooks_ = 0;            // on the stack
  bool request_dropped_ = false;  // nothing more of it is shown
  bool request_taken_ = false;
  bool request_taken_told_ = false;
  bool continued_ = false;  // the client was told to send the body (100)
  bool upstream_full_ = false;
  bool pausing_ = false;  // what the ends were told last
  bool over_ = false;
};

}  // namespace weir::http
