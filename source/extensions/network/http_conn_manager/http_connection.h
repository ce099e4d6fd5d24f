#pragma once

// A client's connection that speaks HTTP: its codec, and its streams. The terminal network filter
// of http_conn_manager.
//
// Loop: its connection's. Owned by the chain.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/event/loop.h"
#include "source/extensions/network/http_conn_manager/active_stream.h"
#include "source/extensions/network/http_conn_manager/manager_on_worker.h"
#include "source/extensions/network/http_conn_manager/spare_connection.h"
#include "source/filter/drain_list.h"
#include "source/filter/filter_chain.h"
#include "source/filter/network_filter.h"
#include "source/http/codec.h"
#include "source/http/forwarded.h"

namespace weir::extensions {

class HttpConnection final : public filter::ReadFilter,
                             private http::ServerCodecEvents,
                             private filter::DrainList::Member {
 public:
  // Both outlive it.
  HttpConnection(filter::FilterContext& context, ManagerOnWorker& manager);
  ~HttpConnection() override;

  filter::FilterStatus onNewConnection() override;
  filter::FilterStatus onData(buffer::Buffer& data, bool end_stream) override;
  void onWriteReady() override;
  void onConnectionClosed() override;

  // For its streams.
  filter::ConnectionInfo& info() { return context_.info(); }
  const http::ForwardedPeer& peer() const { return peer_; }
  // The response of a stream is about to begin: whether it should be the last one of an HTTP/1
  // connection is decided now.
  void onResponse();
  void onStreamDone(ActiveStream& stream);
  // One is about to be reset for this reason, with which a connection of HTTP/1 ends.
  void onResponseCut(std::string_view reason) { cut_reason_ = reason; }
  // See http::FilterContext.
  std::unique_ptr<upstream::EarlyConnection> takeEarly(const upstream::Cluster& cluster);
  // A stream has a timeout of its own; zero: it has not.
  void lookWithin(Duration timeout);

 private:
  http::StreamDecoder& onNewStream(http::StreamEncoder& encoder, http::Version version,
                                   MonotonicTime begun) override;
  void moreWanted() override { context_.redeliver(); }
  void onStreamEnd() override {}
  void onEnd(http::ConnectionEnd how, std::string_view reason, bool fault) override;
  void onDrain() override;

  bool chooseCodec(buffer::Buffer& data, bool end_stream);
  void makeCodec(http::Version version);
  void countEnd();
  void startDrain();
  void armTimer();
  void onTimer();
  // Each does what is due, and says when it may be the next time; max: nothing is to come.
  MonotonicTime checkStreams(MonotonicTime now);
  MonotonicTime checkDrain(MonotonicTime now);
  MonotonicTime checkUndecided(MonotonicTime now);
  MonotonicTime checkIdle(MonotonicTime now);
  MonotonicTime checkAge(MonotonicTime now);
  void settle();
  void closeNow(filter::Close how, std::string_view reason);

  filter::FilterContext& context_;
  ManagerOnWorker& manager_;
  std::unique_ptr<http::Codec> codec_;
  http::Version version_ = http::Version::Http11;  // of the codec
  std::vector<std::unique_ptr<ActiveStream>> streams_;
  std::vector<std::unique_ptr<ActiveStream>> done_;  // until the end of the turn
  event::Task settle_;                               // what is not to happen on the stack of others
  event::Timer timer_;
  std::optional<SpareConnection> spare_;
  std::string peer_text_;
  http::ForwardedPeer peer_;
  MonotonicTime started_;
  std::optional<MonotonicTime> undecided_since_;  // bytes came that may be of either version
  MonotonicTime idle_since_;
  std::optional<MonotonicTime> draining_since_;
  filter::HttpActivity activity_;
  bool idle_ = false;            // it ends for that
  std::string_view cut_reason_;  // of the last one
  std::string_view end_reason_;
  filter::Close end_how_ = filter::Close::Flush;
  enum class State : uint8_t { Open, Ending, Closed } state_ = State::Open;
};

}  // namespace weir::extensions
