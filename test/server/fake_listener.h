#pragma once

// Listener settings put together by hand: chains with any match, and listener filters that do what
// a test says and write down what they were asked.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/check.h"
#include "source/base/diagnostics.h"
#include "source/config/settings.h"
#include "source/filter/listener_filter.h"
#include "source/filter/network_filter.h"
#include "source/filter/silence_policy.h"
#include "source/match/matcher.h"

namespace weir::server {

using Lines = std::vector<std::string>;

// What a fake listener filter is like; it writes "name:start", "name:bytes:abc", "name:end:abc".
struct FakeProvider {
  std::string name;
  filter::FactSet provides;
  size_t max_bytes = 64;
  std::function<filter::FactStatus(const filter::AcceptedSocket&, filter::Sniffed&)> on_start =
      [](auto&, auto&) { return filter::FactStatus::NeedMore; };
  // `text` is all that the client has sent; `end`: there will be no more.
  std::function<filter::FactStatus(const std::string& text, bool end, filter::Sniffed&)> on_bytes =
      [](auto&, bool end, auto&) {
        return end ? filter::FactStatus::Done : filter::FactStatus::NeedMore;
      };
  std::optional<filter::SilencePolicy> policy = {};
  std::string greeting_name = {};  // what it calls any greeting
  bool strips_header = false;
};

class FakeListenerFilter final : public filter::ListenerFilter {
 public:
  FakeListenerFilter(const FakeProvider& fake, Lines& log) : fake_(fake), log_(log) {}

  filter::FactStatus start(const filter::AcceptedSocket& socket, filter::Sniffed& out) override {
    log_.push_back(fake_.name + ":start");
    return fake_.on_start(socket, out);
  }
  filter::FactStatus onBytes(std::span<const uint8_t> prefix, filter::Sniffed& out) override {
    log_.push_back(fake_.name + ":bytes:" + textOf(prefix));
    return fake_.on_bytes(textOf(prefix), false, out);
  }
  filter::FactStatus onEnd(std::span<const uint8_t> prefix, filter::Sniffed& out) override {
    log_.push_back(fake_.name + ":end:" + textOf(prefix));
    return fake_.on_bytes(textOf(prefix), true, out);
  }

 private:
  static std::string textOf(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }
  const FakeProvider& fake_;
  Lines& log_;
};

class FakeListenerFilterFactory final : public filter::ListenerFilterFactory {
 public:
  FakeListenerFilterFactory(FakeProvider fake, Lines& log) : fake_(std::move(fake)), log_(log) {}

  std::string_view name() const override { return fake_.name; }
  filter::FactSet provides() const override { return fake_.provides; }
  std::unique_ptr<filter::ListenerFilter> create() const override {
    return std::make_unique<FakeListenerFilter>(fake_, log_);
  }
  size_t maxBytes() const override { return fake_.max_bytes; }
  const filter::SilencePolicy* silencePolicy() const override {
    return fake_.policy ? &*fake_.policy : nullptr;
  }
  bool stripsHeader() const override { return fake_.strips_header; }
  std::string_view nameGreeting(std::span<const uint8_t>) const override {
    return fake_.greeting_name;
  }

 private:
  const FakeProvider fake_;
  Lines& log_;
};

// A chain's only filter, which is never made: the tests here end with the choice.
class FakeTerminalFactory : public filter::NetworkFilterFactory {
 public:
  explicit FakeTerminalFactory(filter::FactSet required = {}) : required_(required) {}
  std::string_view name() const override { return "terminal"; }
  void create(filter::FilterAdder&) const override { WEIR_CHECK(false); }
  filter::FactSet requiredFacts() const override { return required_; }

 private:
  const filter::FactSet required_;
};

// Settings of one listener; compile() when all is added.
class FakeListener {
 public:
  explicit FakeListener(std::string name = "main") {
    settings_.name = std::move(name);
    settings_.address = *net::SocketAddress::parse("127.0.0.1:15001");
  }

  using Terminal = std::shared_ptr<const filter::NetworkFilterFactory>;
  void chain(std::string name, match::ChainMatch match,
             Terminal terminal = std::make_shared<FakeTerminalFactory>()) {
    settings_.chain_specs.push_back({name, name, std::move(match)});
    settings_.chains.push_back(made(std::move(name), std::move(terminal)));
  }
  void defaultChain(std::string name, Terminal terminal = std::make_shared<FakeTerminalFactory>()) {
    settings_.default_chain = made(std::move(name), std::move(terminal));
  }
  void provider(FakeProvider fake, Lines& log) {
    settings_.listener_filters.push_back(
        std::make_shared<FakeListenerFilterFactory>(std::move(fake), log));
  }
  const config::ListenerSettings& compile() {
    Diagnostics diagnostics;
    settings_.matcher = match::Matcher::compile(settings_.chain_specs, {}, diagnostics);
    WEIR_CHECK(diagnostics.ok());
    return settings_;
  }
  config::ListenerSettings& settings() { return settings_; }

 private:
  static config::FilterChainSettings made(std::string name, Terminal terminal) {
    config::FilterChainSettings chain;
    chain.path = name;
    chain.name = std::move(name);
    chain.filters.push_back(std::move(terminal));
    return chain;
  }
  config::ListenerSettings settings_;
};

// Predicates for chain().
inline match::ChainMatch withProtocols(std::vector<std::string> protocols) {
  match::ChainMatch match;
  match.application_protocols = std::move(protocols);
  return match;
}
inline match::ChainMatch withServerName(std::string name) {
  match::ChainMatch match;
  match.server_names = {std::move(name)};
  return match;
}
inline match::ChainMatch withPort(uint16_t port) {
  match::ChainMatch match;
  match.destination_ports = {port};
  return match;
}

// A socket that was redirected to here, if a destination is given.
class FakeSocket final : public filter::AcceptedSocket {
 public:
  FakeSocket() = default;
  explicit FakeSocket(const char* original) : original_(net::IpPort::parse(original)) {}
  bool originalDestination(net::IpPort& destination) const override {
    if (original_) destination = *original_;
    return original_.has_value();
  }

 private:
  const std::optional<net::IpPort> original_;
};

}  // namespace weir::server
