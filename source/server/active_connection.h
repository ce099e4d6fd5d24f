#pragma once

// The record of one accepted connection, from accept to the end: it has the connection, finds its
// chain, and runs it. On its worker's loop; owned by its listener, which retires it.

#include <memory>
#include <optional>

#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/filter/connection_info.h"
#include "source/filter/filter_chain.h"
#include "source/net/listen_socket.h"
#include "source/server/chain_choice.h"
#include "source/server/detection.h"
#include "source/server/generation.h"

namespace weir::server {

class ActiveConnection final : public event::Retirable,
                               public ListMember<ActiveConnection>,
                               private filter::ChainOwner {
 public:
  ActiveConnection(ListenerGeneration& listener, net::AcceptedFd accepted, uint64_t id);
  ~ActiveConnection() override;

  // Chooses the chain, or starts to find out what that takes. Once.
  void start();
  // Resets it, from outside: a transfer that is cut off must not look complete. `reason` has static
  // storage.
  void close(std::string_view reason);

  const filter::ConnectionInfo& info() const { return info_; }
  // Where it stands.
  enum class State : uint8_t {
    Detecting,    // its chain is being found out
    Handshaking,  // TLS with the client
    Connecting,   // to its upstream
    Open,
    HalfClosed,  // the client, or we towards it, sent an end
    Closing,     // what was written goes out
  };
  State state() const;
  uint64_t bytesRead() const { return connection_->bytesRead(); }
  uint64_t bytesWritten() const { return connection_->bytesWritten(); }
  // When a byte came or went last, or its start.
  MonotonicTime lastActive() const { return connection_->lastActive(); }
  // The one of which it is a connection, for the limit of connections per source.
  const net::IpAddress& countedSource() const {
    return header_source_ != nullptr ? *header_source_ : info_.facts.direct_source;
  }
  // Under which it was accepted.
  ListenerGeneration& listenerGeneration() const { return *member_; }

 private:
  // Only until the chain is chosen: finds out which.
  class Finding;
  // Only until its transport lets bytes pass.
  class Handshaking;

  bool onHeader();
  void onDecided(ChainChoice::Status status, filter::Reason reason,
                 std::unique_ptr<upstream::EarlyConnection> early);
  void onDetectionClosed(std::string_view reason);
  void onChainClosed() override;

  void learnFacts(const net::IpPort& peer);
  void run(const config::FilterChainSettings& chain,
           std::unique_ptr<upstream::EarlyConnection> early);
  void startChain(const config::FilterChainSettings& chain,
                  std::unique_ptr<upstream::EarlyConnection> early);
  void onHandshakeFailed(std::string_view reason, std::string detail);
  void refuseServerName();
  void end(std::string_view reason, bool reset = false);

  filter::Worker& worker() const { return member_->generation.worker(); }

  friend class WorkerListener;
  const Membership member_;  // first: what the others refer to must outlive them
  filter::ConnectionInfo info_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<Finding> finding_;
  std::unique_ptr<Handshaking> handshaking_;
  std::optional<filter::FilterChain> chain_;
  // The source that a header has said, if it is another one: a filter behind it may change the
  // facts once more, and what was counted is to be given back.
  std::unique_ptr<const net::IpAddress> header_source_;
  bool ended_ = false;
};

std::string_view toString(ActiveConnection::State state);

}  // namespace weir::server
