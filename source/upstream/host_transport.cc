#include "source/upstream/host_transport.h"

namespace weir::upstream {
namespace {

// For HTTP what is about to be spoken is offered, for other bytes what the settings say.
net::Transport::Start startFor(const HostTransport& transport, const Passenger& passenger) {
  net::Transport::Start start{.preamble = passenger.preamble};
  if (transport.opaque_port != 0) {
    start.protocol = net::TransportHeaderAlpn;
    start.protocol_required = true;
    return start;
  }
  // HTTP/2 in TLS is spoken with those who have agreed to it (RFC 9113, 3.2).
  start.protocol_required = passenger.protocol == net::SessionProtocol::Http2;
  if (start.protocol_required) start.protocol = "h2";
  if (passenger.protocol == net::SessionProtocol::Http1) start.protocol = "http/1.1";
  return start;
}

}  // namespace

std::unique_ptr<net::Io> protect(std::unique_ptr<net::Io> io, const HostTransport& transport,
                                 const Passenger& passenger, buffer::SlicePool& slices,
                                 event::StepQueue& costly) {
  buffer::Buffer nothing(slices);
  return transport.tls->over(std::move(io), nothing, costly, startFor(transport, passenger));
}

std::string headerFor(const HostTransport& transport, net::SessionProtocol protocol) {
  if (transport.opaque_port == 0) return {};
  return net::makeTransportHeader({.port = transport.opaque_port, .protocol = protocol});
}

}  // namespace weir::upstream
