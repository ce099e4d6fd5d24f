#pragma once

// Listener filter: says which application protocol a client speaks, from its first bytes, and what
// to do about a client that is silent.
//
// The answer is one value of ApplicationProtocols, decided at the first byte that settles it:
//   - "http/1.0", "http/1.1" or "h2c": what http_sniffer.h counts as HTTP;
//   - "tls": the client begins a TLS handshake (common/client_hello.h; known from its ninth byte).
//   Where tls_inspector
//     stands before this filter it settles the fact for TLS, with the ALPN list, and this answer is
//     not used;
//   - a name from protocol_names.h, such as "redis", if neither is possible any more and the bytes
//   seen say so;
//   - nothing, known to telemetry as "tcp".
// Whether it is HTTP, TLS or neither depends on the bytes alone, never on how they were cut. A name
// is only a label, and never delays the decision: it comes from what has been seen when HTTP and
// TLS are ruled out, which for `*1\r\n$4...` in one segment is "redis", and for `*` alone nothing.
// Where chains match on such names, await_names makes it wait while the bytes may still become one:
// then the name, too, is the same however the bytes were cut.
//
// While it waits with bytes in hand, `partial` is true: a client that pauses in mid-line is held
// for partial_timeout at most, and is then TCP.

#include <cstddef>
#include <string>
#include <vector>

#include "source/extensions/listener/common/client_hello.h"
#include "source/extensions/listener/proto_detect/http_sniffer.h"
#include "source/filter/listener_filter.h"
#include "source/filter/silence_policy.h"

namespace weir::extensions {

struct ProtoDetectSettings {
  filter::SilencePolicy silence;
  std::vector<std::string> extra_methods;  // of HTTP/1, besides IANA's; tokens in upper case
  bool await_names = false;
};

class ProtoDetect final : public filter::ListenerFilter {
 public:
  // `methods` outlives it.
  ProtoDetect(const HttpMethods& methods, bool await_names)
      : http_(methods), await_names_(await_names) {}

  filter::FactStatus start(const filter::AcceptedSocket& socket, filter::Sniffed& out) override;
  filter::FactStatus onBytes(std::span<const uint8_t> prefix, filter::Sniffed& out) override;
  filter::FactStatus onEnd(std::span<const uint8_t> prefix, filter::Sniffed& out) override;

 private:
  HttpSniffer http_;
  ClientHelloScanner tls_;
  const bool await_names_;
};

// Outlives the filters that it makes.
class ProtoDetectFactory final : public filter::ListenerFilterFactory {
 public:
  explicit ProtoDetectFactory(ProtoDetectSettings settings)
      : settings_(std::move(settings)), methods_(settings_.extra_methods) {}

  std::string_view name() const override { return "proto_detect"; }
  filter::FactSet provides() const override { return filter::Fact::ApplicationProtocols; }
  std::unique_ptr<filter::ListenerFilter> create() const override;
  // The longest request line; everything else is settled sooner.
  size_t maxBytes() const override { return MaxRequestLine; }
  const filter::SilencePolicy* silencePolicy() const override { return &settings_.silence; }
  std::string_view nameGreeting(std::span<const uint8_t> server_bytes) const override;

 private:
  const ProtoDetectSettings settings_;
  const HttpMethods methods_;
};

}  // namespace weir::extensions
