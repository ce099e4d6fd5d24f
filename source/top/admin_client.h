#pragma once

// Asks the admin port of a running Weir, and waits for the answers. One thread; blocks it.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/net/address.h"

namespace weir::top {

class AdminClient {
 public:
  static constexpr size_t MaxAnswerBytes = size_t{64} << 20;

  // `timeout` is for a whole call. When one of `interrupt_fds` (-1: none) becomes readable, a call
  // ends with an error (ErrorCode::Closed).
  AdminClient(net::SocketAddress address, Duration timeout, std::vector<int> interrupt_fds = {});

  // The body of the answer, which has the status 200; else an error that names the address.
  Result<std::string> get(std::string_view path) const;
  // Of one after the other; the first error, if there is one.
  Result<std::vector<std::string>> getAll(std::span<const std::string_view> paths) const;

 private:
  class Exchange;
  const net::SocketAddress address_;
  const Duration timeout_;
  const std::vector<int> interrupt_fds_;
};

}  // namespace weir::top
