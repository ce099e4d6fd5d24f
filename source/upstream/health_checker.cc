#include "source/upstream/health_checker.h"

#include <utility>

#include "source/base/check.h"

namespace weir::upstream {

Result<std::unique_ptr<net::Io>> CheckTarget::connect(net::SessionProtocol protocol) const {
  auto socket = net::SocketIo::connect(address);
  if (!socket.ok()) return socket.error();
  std::unique_ptr<net::Io> io = std::move(socket).value();
  if (!transport) return io;
  WEIR_CHECK(costly != nullptr);
  return protect(std::move(io), *transport, {protocol, preamble}, slices, *costly);
}

}  // namespace weir::upstream
