#include "source/upstream/dns_lookup.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

namespace weir::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// RFC 6761 6.3: always this machine, whatever a server or a file says. c-ares knows that too, but
// version 1.18 leaks the name each time.
bool isLocalhost(std::string_view host) {
  constexpr std::string_view Name = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() < Name.size()) return false;
  const std::string_view last = host.substr(host.size() - Name.size());
  const bool same = std::equal(last.begin(), last.end(), Name.begin(),
                               [](char a, char b) { return (a | 0x20) == b; });
  return same && (host.size() == Name.size() || host[host.size() - Name.size() - 1] == '.');
}

net::IpAddress loopback(net::Family family) {
  return *net::IpAddress::parse(family == net::Family::V4 ? "127.0.0.1" : "::1");
}

ErrorCode codeFromStatus(int status) {
  switch (status) {
    case ARES_ENOTFOUND: return ErrorCode::NotFound;
    case ARES_ENODATA: return ErrorCode::NoAddress;
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
    case ARES_EFORMERR:
    case ARES_EBADRESP: return ErrorCode::ServerFailure;
    case ARES_ETIMEOUT: return ErrorCode::TimedOut;
    case ARES_ECONNREFUSED: return ErrorCode::Refused;
    case ARES_EBADNAME:
    case ARES_EBADQUERY:
    case ARES_EBADSTR: return ErrorCode::InvalidArgument;
    case ARES_ENOMEM: return ErrorCode::Exhausted;
    default: return ErrorCode::Os;
  }
}

Side sideOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument: return Side::Config;
    case ErrorCode::Exhausted:
    case ErrorCode::Os: return Side::Self;
    default: return Side::Upstream;
  }
}

std::vector<net::IpAddress> addressesOf(const ares_addrinfo& answer, net::Family family) {
  std::vector<net::IpAddress> addresses;
  std::set<std::array<uint8_t, 16>> seen;
  const int wanted = family == net::Family::V4 ? AF_INET : AF_INET6;
  for (const ares_addrinfo_node* node = answer.nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != wanted) continue;  // a server may put in what was not asked for
    const net::IpAddress ip = net::IpPort::fromSockaddr(*node->ai_addr).ip;
    if (seen.insert(ip.bytes).second) addresses.push_back(ip);
  }
  return addresses;
}

// With the highest bit set it is 0 (RFC 2181, 8).
Duration ttlOf(const ares_addrinfo& answer) {
  int ttl = std::numeric_limits<int>::max();
  for (const ares_addrinfo_node* node = answer.nodes; node != nullptr; node = node->ai_next) {
    ttl = std::min(ttl, node->ai_ttl);
  }
  for (const ares_addrinfo_cname* name = answer.cnames; name != nullptr; name = name->next) {
    ttl = std::min(ttl, name->ttl);
  }
  return seconds(std::max(ttl, 0));
}

}  // namespace

// Level-triggered: c-ares takes as much as it wants at a time from a TCP socket.
class DnsLookup::Socket final : public event::Retirable, public event::IoHandler {
 public:
  Socket(DnsLookup& lookup, int fd) : lookup_(lookup), fd_(fd) {}
  void watch(bool writable) {
    if (watch_ && writable == writable_) return;
    watch_.reset();
    writable_ = writable;
    const auto trigger = writable ? event::Trigger::LevelReadWrite : event::Trigger::LevelRead;
    watch_.emplace(lookup_.loop_, fd_, *this, trigger);
  }
  void unwatch() { watch_.reset(); }
  void onIoReady(event::IoReady ready) noexcept override {
    const bool readable = ready.readable || ready.hangup || ready.error;
    if (ready.readable && !ready.error) lookup_.heard_ = true;
    lookup_.process(readable ? fd_ : ARES_SOCKET_BAD, ready.writable ? fd_ : ARES_SOCKET_BAD);
  }

 private:
  DnsLookup& lookup_;
  const int fd_;
  bool writable_ = false;
  std::optional<event::IoWatch> watch_;
};

DnsLookup::DnsLookup(event::Loop& loop, const DnsOptions& options, std::string host,
                     net::Family family, DnsResolver::Done done)
    : loop_(loop),
      host_(std::move(host)),
      family_(family),
      done_(std::move(done)),
      timer_(loop, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }),
      deliver_(loop, [this] {
        // It may drop this.
        const DnsResolver::Done deliver = std::move(done_);
        Result<DnsAnswer> result = *std::move(result_);
        deliver(std::move(result));
      }) {
  if (isLocalhost(host_)) {
    settle(DnsAnswer{.addresses = {loopback(family)}, .failure = {}, .local = true});
    return;
  }
  if (auto open = openChannel(options); !open.ok()) {
    settle(open.error());
    return;
  }
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;  // sorting by this machine's routes would cost a socket each
  hints.ai_family = family == net::Family::V4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(ares_, host_.c_str(), nullptr, &hints, &DnsLookup::onAnswer, this);
  armTimer();
}

// Calls back for a question that is still open, and lets go of the sockets.
DnsLookup::~DnsLookup() {
  if (ares_ != nullptr) ares_destroy(ares_);
}

Result<void> DnsLookup::openChannel(const DnsOptions& options) {
  static const int Library = ares_library_init(ARES_LIB_INIT_ALL);
  ares_options set{};
  std::string resolv_conf = options.resolv_conf;
  set.timeout = static_cast<int>(std::chrono::ceil<milliseconds>(options.timeout).count());
  set.tries = options.tries;
  set.udp_port = set.tcp_port = options.port;
  set.sock_state_cb = &DnsLookup::onSocketState;
  set.sock_state_cb_data = this;
  set.resolvconf_path = resolv_conf.data();
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT |
                   ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
  const int status = Library != ARES_SUCCESS ? Library : ares_init_options(&ares_, &set, mask);
  if (status != ARES_SUCCESS) {
    ares_ = nullptr;
    return Error{codeFromStatus(status), Side::Self,
                 options.resolv_conf + ": " + ares_strerror(status)};
  }
  return options.servers.empty() ? Result<void>() : setServers(options.servers);
}

Result<void> DnsLookup::setServers(const std::vector<net::IpPort>& servers) {
  std::vector<ares_addr_port_node> nodes(servers.size());
  for (size_t i = 0; i < servers.size(); ++i) {
    const net::IpPort& server = servers[i];
    ares_addr_port_node& node = nodes[i];
    node.next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
    node.family = server.ip.family == net::Family::V4 ? AF_INET : AF_INET6;
    std::memcpy(&node.addr, server.ip.bytes.data(), node.family == AF_INET ? 4 : 16);
    node.udp_port = node.tcp_port = server.port;
  }
  const int status = ares_set_servers_ports(ares_, nodes.data());
  if (status == ARES_SUCCESS) return {};
  return Error{codeFromStatus(status), Side::Self,
               std::string("name servers: ") + ares_strerror(status)};
}

void DnsLookup::onAnswer(void* self, int status, int, ares_addrinfo* answer) noexcept {
  const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(answer, &ares_freeaddrinfo);
  if (status == ARES_EDESTRUCTION) return;  // it was dropped
  DnsLookup& lookup = *static_cast<DnsLookup*>(self);
  lookup.settle(lookup.outcome(status, answer));
}

Result<DnsAnswer> DnsLookup::outcome(int status, const ares_addrinfo* answer) const {
  if (status == ARES_SUCCESS && answer != nullptr) {
    DnsAnswer found{.addresses = addressesOf(*answer, family_),
                    .ttl = ttlOf(*answer),
                    .failure = {},
                    .local = !asked_};
    if (!found.addresses.empty()) return found;
  }
  if (status == ARES_SUCCESS) status = ARES_ENODATA;
  // When no server is left c-ares says that none could be reached, also if they answered with a
  // failure.
  if (status == ARES_ECONNREFUSED && heard_) status = ARES_ESERVFAIL;
  const ErrorCode code = codeFromStatus(status);
  return Error{code, sideOf(code), "lookup of \"" + host_ + "\": " + ares_strerror(status)};
}

void DnsLookup::onSocketState(void* self, ares_socket_t fd, int readable, int writable) noexcept {
  static_cast<DnsLookup*>(self)->watchSocket(fd, readable != 0, writable != 0);
}

void DnsLookup::watchSocket(int fd, bool readable, bool writable) {
  auto& socket = sockets_[fd];
  if (readable || writable) {
    asked_ = true;
    if (socket == nullptr) socket = std::make_unique<Socket>(*this, fd);
    return socket->watch(writable);
  }
  // c-ares is about to close it, perhaps from inside its own callback.
  if (socket != nullptr) {
    socket->unwatch();
    loop_.retire(std::move(socket));
  }
  sockets_.erase(fd);
}

void DnsLookup::process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(ares_, readable, writable);
  armTimer();
}

// c-ares reads the monotonic clock itself. Rounded up, and never at once: to find that it woke a
// moment early must not spin.
void DnsLookup::armTimer() {
  timeval left{};
  if (ares_timeout(ares_, nullptr, &left) == nullptr) return timer_.disarm();
  const Duration delay = seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
  timer_.arm(std::chrono::floor<milliseconds>(delay) + milliseconds(1));
}

// c-ares may be on the stack: the owner hears of it in a task.
void DnsLookup::settle(Result<DnsAnswer> result) {
  result_ = std::move(result);
  deliver_.schedule();
}

}  // namespace weir::upstream
