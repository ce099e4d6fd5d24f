#pragma once

// `weir top`: what a running Weir does, as a table that is drawn again and again. Where the output
// is no terminal, the tables are written one after the other. Blocks the thread until the user ends
// it; takes signals of the whole process while it runs: call it from a process without other
// threads.

#include <chrono>
#include <string_view>

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/net/address.h"

namespace weir::top {

struct TopOptions {
  net::SocketAddress admin;
  Duration interval = std::chrono::seconds(2);
  bool once = false;  // one table, of what happens within one interval
};

// The exit status: 0, or 1 if the admin port could not be asked, which is said on standard error.
int runTop(const TopOptions& options);

// "IP:PORT", "localhost:PORT", "unix:/path", or a path alone, which has a / in it.
Result<net::SocketAddress> parseAdminAddress(std::string_view text);

}  // namespace weir::top
