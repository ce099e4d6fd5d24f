#pragma once

// The part that tcp_proxy and bypass share: connect upstream, relay both ways, end both sides
// alike. One per connection, on its loop; a member of the filter.

#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "source/base/backoff.h"
#include "source/event/loop.h"
#include "source/filter/filter_chain.h"
#include "source/net/relay.h"
#include "source/upstream/cluster.h"
#include "source/upstream/early_connection.h"

namespace weir::extensions {

struct RelaySettings {
  Duration idle_timeout = std::chrono::hours(1);  // without a byte in either direction; zero: never
  Duration half_open_timeout =
      std::chrono::minutes(5);  // the same once one side has ended; zero: never
  unsigned max_connect_attempts = 1;
  std::optional<BackoffSettings> backoff = {};       // between attempts; nothing: no wait
  Duration max_connect_duration = {};                // over all attempts; zero: no bound
  Duration max_downstream_connection_duration = {};  // from start() on; zero: no bound
};

class UpstreamRelay final : private net::ConnectionEvents, private upstream::EarlyEvents {
 public:
  // All outlive it; `cluster` too.
  UpstreamRelay(filter::FilterContext& context, upstream::Cluster& cluster,
                const RelaySettings& settings);
  ~UpstreamRelay() override;

  // Once, from onNewConnection().
  void start();
  // The filter's hooks, while the relay did not take the connection over.
  void onClientData(buffer::Buffer& data, bool end_stream);
  void onClientWriteReady();
  void onClosed();

 private:
  // The client's connection, if it was taken over.
  struct ClientEvents final : net::ConnectionEvents {
    explicit ClientEvents(UpstreamRelay& relay) : owner(relay) {}
    void onData(buffer::Buffer& data, bool end_stream) override {
      owner.onClientData(data, end_stream);
    }
    void onWriteReady() override { owner.onClientWriteReady(); }
    void onReadReady() override { owner.onReadReadyOf(net::Relay::Side::Client); }
    void onFault(const Error& error) override { owner.onClientFault(error); }
    UpstreamRelay& owner;
  };

  // The upstream's connection.
  void onData(buffer::Buffer& data, bool end_stream) override;
  void onWriteReady() override;
  void onReadReady() override { onReadReadyOf(net::Relay::Side::Upstream); }
  void onFault(const Error& error) override;

  // Connecting.
  void onEarlyConnected() override;
  void onServerSpoke() override {}
  void onEarlyFailed(const Error& error) override;

  // What only some connections need: those with a bound, and those whose first attempt failed.
  struct Bounds {
    explicit Bounds(UpstreamRelay& relay);
    void disarm();
    event::Timer life;                         // the connection's
    event::Timer connect;                      // of all attempts
    event::Timer retry;                        // until the next attempt
    std::vector<const upstream::Host*> tried;  // that failed; only compared
  };

  // From start() until an upstream stands.
  struct Connecting {
    explicit Connecting(UpstreamRelay& relay);
    event::Task step;  // what is not to happen inside start()
    std::unique_ptr<upstream::EarlyConnection> early = nullptr;
    std::unique_ptr<Error> failure = nullptr;  // of an attempt that failed at once
    unsigned attempts = 0;
    uint8_t turns_to_wait = 0;  // for the client's first bytes
  };
  enum class FirstEnd : uint8_t { None, Client, Upstream };

  // Null in another phase.
  Connecting* connecting() { return std::get_if<Connecting>(&phase_); }
  net::Relay* relay() { return std::get_if<net::Relay>(&phase_); }
  Bounds& bounds();
  void boundDurations();
  void retryLater();
  void giveUpConnecting();
  void awaitFirstBytes();
  void end(filter::Close how, std::string_view reason);
  void connect();
  void onStep();
  void attach();
  void connectFailed(const Error& error);
  void noteAddress(const upstream::EarlyConnection& early);
  void onReadReadyOf(net::Relay::Side side);
  void onClientFault(const Error& error);
  void afterProgress();
  void onTimer();
  MonotonicTime lastActive() const;
  void dropUpstream(bool reset);

  filter::FilterContext& context_;
  upstream::Cluster& cluster_;
  const RelaySettings& settings_;
  ClientEvents client_events_{*this};
  net::Connection* client_ = nullptr;  // if it was taken over
  std::unique_ptr<net::Connection> upstream_;
  upstream::Place place_;  // upstream_'s
  // One place for both, as a connection is held for as long as it relays. Nothing: it is over.
  std::variant<std::monostate, Connecting, net::Relay> phase_;
  event::Timer timer_;
  std::unique_ptr<Bounds> bounds_;  // null where there are none
  FirstEnd first_end_ = FirstEnd::None;
  bool closing_ = false;
  bool cut_off_ = false;  // a timeout came while bytes were held
};

// A terminal filter that does nothing but relay. Of one connection, on its loop; owned by its
// chain.
class RelayFilter final : public filter::ReadFilter {
 public:
  // As UpstreamRelay.
  RelayFilter(filter::FilterContext& context, upstream::Cluster& cluster,
              const RelaySettings& settings)
      : relay_(context, cluster, settings) {}

  filter::FilterStatus onNewConnection() override {
    relay_.start();
    return filter::FilterStatus::Continue;
  }
  filter::FilterStatus onData(buffer::Buffer& data, bool end_stream) override {
    relay_.onClientData(data, end_stream);
    return filter::FilterStatus::StopIteration;
  }
  void onWriteReady() override { relay_.onClientWriteReady(); }
  void onConnectionClosed() override { relay_.onClosed(); }

 private:
  UpstreamRelay relay_;
};

}  // namespace weir::extensions
