#pragma once

// One request of a client and its response: between the codec and the filters. Used again for
// another one, as making it anew would cost many allocations.
//
// Loop: its connection's. Order of calls: begin(), the hooks, then recycle() once its
// connection was told that it is done.

#include <memory>
#include <string_view>

#include "source/extensions/network/http_conn_manager/manager_on_worker.h"
#include "source/http/codec.h"
#include "source/http/filter_manager.h"
#include "source/http/upgrade.h"

namespace weir::extensions {

class HttpConnection;

class ActiveStream final : public http::StreamDecoder, private http::StreamEnds {
 public:
  ActiveStream(ManagerOnWorker& manager, size_t buffer_limit);

  struct Start {
    uint64_t id;
    http::Version version;
    MonotonicTime at;  // the first byte of its head
  };
  void begin(HttpConnection& connection, http::StreamEncoder& encoder, const Start& start);
  // Forgets the stream; not on the stack of its hooks.
  void recycle();

  // Where its connection keeps it.
  size_t index = 0;

  // The connection looks after its timeouts: gives it up, or answers, if it is time. Returns when
  // to look again.
  MonotonicTime checkTimeouts(MonotonicTime now);

 private:
  // From the codec.
  http::HeaderMap& fields(Part part) override;
  void onHeaders(bool end_stream) override;
  void onData(buffer::Buffer& data, bool end_stream) override;
  void onTrailers() override;
  void onReset(http::ResetReason reason, std::string_view detail) override;
  void onBadMessage(const http::BadMessage& bad) override;
  void onWriteReady() override;

  // From the filters.
  void sendHeaders(http::HeaderMap& headers, bool end_stream) override;
  void sendData(buffer::Buffer& data, bool end_stream) override;
  void sendTrailers(http::HeaderMap& trailers) override;
  bool sendBlocked() const override;
  void pauseRequest(bool paused) override;
  void onRequestTaken() override;
  void resetStream(http::ResetReason reason, std::string_view why) override;
  const http::Route* chooseRoute(const http::HeaderMap& request) override;
  bool upgradeAllowed(std::string_view token) const override;
  http::PathResult normalizeRewritten(std::string_view path) const override;
  std::unique_ptr<upstream::EarlyConnection> takeEarly(const upstream::Cluster& cluster) override;

  void tellOfClient();
  bool checkPath();
  void replyDirectly(http::LocalReply reply);
  Duration idleTimeout() const;
  bool checkIdle(MonotonicTime now, MonotonicTime& next);
  void timedOut(std::string_view reason, unsigned status);
  void finishHead(http::HeaderMap& headers);
  void noteGrpcStatus(const http::HeaderMap& fields);
  void requestEnded();
  void responseEnded();
  void forgetUnsent();
  void done();
  void log(MonotonicTime now);
  http::StreamInfo& info() { return filters_.info(); }
  const http::StreamInfo& info() const { return filters_.info(); }

  ManagerOnWorker& manager_;
  HttpConnection* connection_ = nullptr;
  http::StreamEncoder* encoder_ = nullptr;  // null: the stream is over
  http::FilterManager filters_;
  MonotonicTime last_active_;
  http::TunnelForm form_ = http::TunnelForm::None;  // what the client asked for
  bool filtered_ = false;                           // the filters were made
  bool response_ended_ = false;                     // of a tunnel, whose other way goes on
};

}  // namespace weir::extensions
