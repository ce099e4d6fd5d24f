#pragma once

// One connection of a pool: the socket, its codec, and its place in the cluster. A part of
// ConnectionPool, which owns it and retires it.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "source/http/codec.h"
#include "source/http/pool/connection_pool.h"
#include "source/net/connection.h"

namespace weir::http {

class PooledConnection final : public event::Retirable,
                               private upstream::IdleConnection,
                               private net::ConnectionEvents,
                               private CodecEvents {
 public:
  explicit PooledConnection(ConnectionPool& pool);
  ~PooledConnection() override;

  // One of these, once. False: there is no place, and `waiter` waits for one, see
  // Cluster::connectTo().
  Result<bool> connect(const upstream::ConnectRequest& request, upstream::PlaceWaiter* waiter);
  void adopt(std::unique_ptr<net::Connection> connection, upstream::Place place);

  bool connecting() const { return connect_timeout_.has_value(); }
  bool canTake() const;
  // See ClientCodec.
  std::optional<size_t> maxStreams() const { return codec_->maxStreams(); }
  // There is room for a stream, once its server has shown that it is still there.
  bool inDoubt() const;
  bool used() const { return streams_ > 0; }
  size_t openStreams() const { return codec_->openStreams(); }
  StreamEncoder& newStream(StreamDecoder& decoder);
  MonotonicTime idleSince() const { return idle_since_; }
  // It gives way to others from now on if nobody uses it.
  void noteIdle();
  // Ends it; its streams are reset. Its pool forgets it.
  void close(bool reset);

  // Where the pool keeps it.
  size_t index = 0;
  bool in_making = false;  // it is not known yet how many streams it takes
  std::vector<PooledConnection*>* ready_in = nullptr;  // among those with room, and where
  size_t ready_index = 0;

 private:
  void giveWay() override;

  void onConnected() override;
  void onData(buffer::Buffer& data, bool end_stream) override;
  void onWriteReady() override { codec_->onWriteReady(); }
  void onFault(const Error& error) override;
  void moreWanted() override { connection_->redeliver(); }
  void onStreamEnd() override;
  void onRoomChange() override { pool_.onRoomChange(*this); }
  void onEnd(ConnectionEnd how, std::string_view reason, bool fault) override;

  void makeCodec();
  void failConnecting(const Error& error);
  bool worn() const;
  void endUnused();
  void settle();
  void leaveFlushing();

  ConnectionPool& pool_;
  std::unique_ptr<net::Connection> connection_;
  upstream::Place place_;
  std::unique_ptr<ClientCodec> codec_;           // null while it is connecting
  std::optional<event::Timer> connect_timeout_;  // while it is connecting
  event::Task settle_;                           // what is not to happen inside the codec's calls
  MonotonicTime started_;
  MonotonicTime idle_since_;
  uint64_t streams_ = 0;  // that it has had
  bool ending_ = false;
  bool flush_ = false;  // before it is closed
};

}  // namespace weir::http
