#pragma once

// Listener filter: says whether a connection is TLS, and for which server name and application
// protocols its ClientHello asks. It only looks: the hello stays in the stream for whoever ends the
// TLS connection.
//
// What counts as TLS is in common/client_hello.h. The filter answers
//   - not TLS, at the first byte that cannot be a hello's: raw_buffer, no server name.
//   ApplicationProtocols is left to
//     the next provider (proto_detect), so tls_inspector must stand before it in the configuration;
//   - TLS, when the whole hello is there: its name and its ALPN list, each of which may be empty;
//   - TLS without either, as soon as it is plain that the hello will not fit into
//   max_client_hello_bytes, and for a
//     hello with a fault in it.
// If the client stops in mid-hello, what was begun as a hello is TLS without a name, and anything
// shorter is not TLS. While a hello is on its way its sender alone is kept waiting, so that
// `partial` holds only until it is surely one.

#include <cstddef>

#include "source/extensions/listener/common/client_hello.h"
#include "source/filter/listener_filter.h"

namespace weir::extensions {

// What the header of any hello fits into, even one strewn over as many empty records as OpenSSL
// puts up with.
inline constexpr size_t MinClientHelloBytes = 1'024;

struct TlsInspectorSettings {
  // Bytes of the stream up to the end of the hello, with record headers. The default is OpenSSL's
  // longest message.
  size_t max_client_hello_bytes = 131'400;
};

class TlsInspector final : public filter::ListenerFilter {
 public:
  explicit TlsInspector(const TlsInspectorSettings& settings) : settings_(settings) {}

  filter::FactStatus start(const filter::AcceptedSocket& socket, filter::Sniffed& out) override;
  filter::FactStatus onBytes(std::span<const uint8_t> prefix, filter::Sniffed& out) override;
  filter::FactStatus onEnd(std::span<const uint8_t> prefix, filter::Sniffed& out) override;

 private:
  const TlsInspectorSettings settings_;
  ClientHelloScanner scanner_;
};

class TlsInspectorFactory final : public filter::ListenerFilterFactory {
 public:
  explicit TlsInspectorFactory(TlsInspectorSettings settings) : settings_(settings) {}

  std::string_view name() const override { return "tls_inspector"; }
  filter::FactSet provides() const override;
  std::unique_ptr<filter::ListenerFilter> create() const override;
  size_t maxBytes() const override { return settings_.max_client_hello_bytes; }

 private:
  const TlsInspectorSettings settings_;
};

}  // namespace weir::extensions
