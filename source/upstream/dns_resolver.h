#pragma once

// Names to addresses, without blocking: as getaddrinfo() does it (IP literals, /etc/hosts, search
// domains of /etc/resolv.conf, aliases, TCP for answers that are too long for UDP), but on an event
// loop, and with the time for which an answer holds.
//
// Loop: one, the main thread's; it outlives the resolver, and the resolver outlives its queries.
// resolve() may be called at any time, also from inside a `done`. A query reads resolv.conf and
// /etc/hosts as they are when it starts.
//
// Errors of a query (their detail names the host):
//   NotFound         the name does not exist (NXDOMAIN)
//   NoAddress        it exists, and has no address of the wanted family
//   ServerFailure    the name servers answered with SERVFAIL, REFUSED and the like, or nonsense
//   TimedOut         no name server answered in time
//   Refused          no name server could be reached
//   InvalidArgument  nothing that could be a name
//   Exhausted, Os    this machine could not ask

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/event/loop.h"
#include "source/net/address.h"
#include "source/upstream/dns_family.h"

namespace weir::upstream {

struct DnsAnswer {
  // At least one, each once; those of a family in the order in which the server gave them.
  std::vector<net::IpAddress> addresses;
  // The smallest of all records on the way. 0 for what /etc/hosts says, which can change at any
  // time; a day for an IP literal. Who asks again by it keeps a floor.
  Duration ttl{};
  // The family for which no server had an answer (not even that there is none), while the other one
  // was answered: what was known of it is as good as before. None if all were answered.
  net::Family unanswered = net::Family::None;
  // Why not, if one was not.
  std::optional<Error> failure;
  // Found without asking a server: what is in a file is known as well as it can be, also where no
  // server answers for the other family.
  bool local = false;
};

struct DnsOptions {
  std::vector<net::IpPort> servers;  // in order of preference; empty: those of resolv_conf
  Duration timeout = std::chrono::seconds(2);    // for a server's first answer; doubles each round
  int tries = 3;                                 // rounds through the servers, at least 1
  Duration deadline = std::chrono::seconds(15);  // for a query as a whole
  std::string resolv_conf = "/etc/resolv.conf";  // servers, search domains; it need not exist
  uint16_t port = 53;                            // of the servers that it names
};

// A query under way. Dropping it cancels: its `done` is then never called, nor destroyed later.
class DnsQuery {
 public:
  virtual ~DnsQuery() = default;
};

class DnsResolver {
 public:
  DnsResolver(event::Loop& loop, DnsOptions options);
  ~DnsResolver();
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;

  using Done = std::function<void(Result<DnsAnswer>)>;
  // `done` is called once, in a later turn of the loop, and may drop the query and ask anew.
  [[nodiscard]] std::unique_ptr<DnsQuery> resolve(std::string host, DnsFamily family, Done done);

 private:
  class Query;

  event::Loop& loop_;
  const DnsOptions options_;
  size_t queries_ = 0;
};

}  // namespace weir::upstream
