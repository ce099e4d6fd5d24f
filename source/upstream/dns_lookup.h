#pragma once

// c-ares on an event loop: looks one name up in one family. What is behind DnsResolver, for it
// alone. One loop.
//
// Each lookup has a c-ares channel of its own: ids and ports that are hard to guess, what the
// system is configured with as it is now, no error of a socket that another question takes for its
// own, and an end when the lookup is dropped. It costs reading a few small files.

#include <ares.h>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "source/base/result.h"
#include "source/event/loop.h"
#include "source/upstream/dns_resolver.h"

namespace weir::upstream {

class DnsLookup {
 public:
  // Starts at once; `done` is called once, in a later turn, and may drop the lookup. Dropping it
  // cancels.
  DnsLookup(event::Loop& loop, const DnsOptions& options, std::string host, net::Family family,
            DnsResolver::Done done);
  ~DnsLookup();
  DnsLookup(const DnsLookup&) = delete;
  DnsLookup& operator=(const DnsLookup&) = delete;

 private:
  class Socket;

  Result<void> openChannel(const DnsOptions& options);
  Result<void> setServers(const std::vector<net::IpPort>& servers);
  static void onAnswer(void* self, int status, int timeouts, ares_addrinfo* answer) noexcept;
  Result<DnsAnswer> outcome(int status, const ares_addrinfo* answer) const;
  static void onSocketState(void* self, ares_socket_t fd, int readable, int writable) noexcept;
  void watchSocket(int fd, bool readable, bool writable);
  void process(ares_socket_t readable, ares_socket_t writable);
  void armTimer();
  void settle(Result<DnsAnswer> result);

  event::Loop& loop_;
  const std::string host_;
  const net::Family family_;
  DnsResolver::Done done_;
  ares_channel ares_ = nullptr;
  bool asked_ = false;  // some server
  bool heard_ = false;  // some server has sent something
  std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
  event::Timer timer_;
  std::optional<Result<DnsAnswer>> result_;
  event::Task deliver_;
};

}  // namespace weir::upstream
