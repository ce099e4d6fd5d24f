#pragma once

// Asks the admin port of a running Weir, and waits for the answer. One thread; blocks it.

#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/net/address.h"

namespace weir::top {

class AdminClient {
 public:
  // `timeout` is for a whole question. When `interrupt_fd` becomes readable, a question ends with
  // an error (ErrorCode::Closed); -1: none.
  AdminClient(net::SocketAddress address, Duration timeout, int interrupt_fd = -1);

  // The body of the answer, which has the status 200; else an error that names the address.
  Result<std::string> get(std::string_view path) const;

 private:
  class Exchange;
  const net::SocketAddress address_;
  const Duration timeout_;
  const int interrupt_fd_;
};

}  // namespace weir::top
