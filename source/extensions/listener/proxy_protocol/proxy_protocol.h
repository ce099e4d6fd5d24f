#pragma once

// Listener filter: takes the PROXY header, version 1 or 2, from the front of a connection, and
// provides the source and the destination that it says. A header that says nothing of them (v1
// UNKNOWN, v2 LOCAL) leaves both to the next provider, or to the socket.
//
// The header is awaited before anything else is done with a connection (stripsHeader()). Refused,
// as reject_reason: proxy_protocol_invalid (no header, or a malformed one),
// proxy_protocol_incomplete (the client's end, or the time, came first),
// proxy_protocol_disallowed_v1, proxy_protocol_disallowed_v2, proxy_protocol_untrusted (a peer that
// may not send one). Sniffed::header: v1, v2, local, none.

#include <cstddef>

#include "source/filter/listener_filter.h"
#include "source/net/proxy_protocol.h"

namespace weir::extensions {

struct ProxyProtocolSettings {
  bool allow_without = false;
  bool v1 = true;  // allowed
  bool v2 = true;
  net::ProxyTlvTypes kept_tlvs{};
  std::vector<net::IpPrefix> allowed_sources{};  // empty: every peer
};

class ProxyProtocol final : public filter::ListenerFilter {
 public:
  // `settings` outlives it.
  explicit ProxyProtocol(const ProxyProtocolSettings& settings) : settings_(settings) {}

  filter::FactStatus start(const filter::AcceptedSocket& socket, filter::Sniffed& out) override;
  filter::FactStatus onBytes(std::span<const uint8_t> prefix, filter::Sniffed& out) override;
  filter::FactStatus onEnd(std::span<const uint8_t> prefix, filter::Sniffed& out) override;

 private:
  bool trusts(const net::IpAddress& peer) const;
  filter::FactStatus accept(net::ProxyHeader& header, filter::Sniffed& out) const;

  const ProxyProtocolSettings& settings_;
};

class ProxyProtocolFactory final : public filter::ListenerFilterFactory {
 public:
  explicit ProxyProtocolFactory(ProxyProtocolSettings settings) : settings_(std::move(settings)) {}

  std::string_view name() const override { return "proxy_protocol"; }
  filter::FactSet provides() const override {
    return filter::Fact::Destination | filter::Fact::Source;
  }
  std::unique_ptr<filter::ListenerFilter> create() const override;
  // Of version 1 alone, only a line is ever looked at.
  size_t maxBytes() const override {
    return settings_.v2 ? net::MaxProxyHeader : net::MaxProxyLine;
  }
  bool stripsHeader() const override { return true; }

 private:
  const ProxyProtocolSettings settings_;
};

}  // namespace weir::extensions
