#pragma once

// What stands between the bytes of a connection to a host and its socket: TLS, and the header by
// which another proxy of a mesh is told what the connection is for. Immutable; any thread.

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "source/buffer/buffer.h"
#include "source/event/step_queue.h"
#include "source/net/io.h"
#include "source/net/transport_header.h"
#include "source/tls/settings.h"

namespace weir::upstream {

struct HostTransport {
  std::shared_ptr<const net::Transport> tls;  // never null
  tls::ClientSettings settings;               // of which `tls` was made
  // The host is a proxy of the mesh, and this the port of its workload that is meant; 0: it is not.
  uint16_t opaque_port = 0;
  bool operator==(const HostTransport& other) const {
    return settings == other.settings && opaque_port == other.opaque_port;
  }
};

// One that may be shared by many hosts, or none: bytes pass as they are. Two are equal if they were
// made of equal settings.
class SharedTransport {
 public:
  SharedTransport() = default;
  SharedTransport(HostTransport transport)
      : transport_(std::make_shared<const HostTransport>(std::move(transport))) {}
  explicit operator bool() const { return transport_ != nullptr; }
  const HostTransport& operator*() const { return *transport_; }
  const HostTransport* operator->() const { return transport_.get(); }
  bool operator==(const SharedTransport& other) const {
    if (transport_ == other.transport_) return true;
    return transport_ != nullptr && other.transport_ != nullptr && *transport_ == *other.transport_;
  }

 private:
  std::shared_ptr<const HostTransport> transport_;
};

// What goes over a connection, as far as the other side has to know.
struct Passenger {
  net::SessionProtocol protocol = net::SessionProtocol::Opaque;
  std::string_view preamble = {};  // in front of all else, unprotected
};

// `io`, which is connecting, with `transport` over it. `costly` and `slices` outlive the result.
std::unique_ptr<net::Io> protect(std::unique_ptr<net::Io> io, const HostTransport& transport,
                                 const Passenger& passenger, buffer::SlicePool& slices,
                                 event::StepQueue& costly);

// What goes out first over such a connection, once it is protected; empty: nothing.
std::string headerFor(const HostTransport& transport, net::SessionProtocol protocol);

}  // namespace weir::upstream
