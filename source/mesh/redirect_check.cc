#include "source/mesh/redirect_check.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "source/base/random.h"
#include "source/net/io.h"
#include "source/net/listen_socket.h"

namespace weir::mesh {
namespace {

using net::Family;
using net::IpPort;
using std::chrono::steady_clock;

constexpr uint16_t FirstPort = 20001;
constexpr size_t TokenBytes = 64;

std::string newToken(Random& random) {
  constexpr std::string_view Letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string token;
  while (token.size() < TokenBytes - 1) token += Letters[random.below(Letters.size())];
  return token + "\n";
}

Error failure(ErrorCode code, std::string detail) { return {code, Side::Self, std::move(detail)}; }

// One connection from a client to a server, both of them here.
class Probe {
 public:
  Probe(uint16_t port, const IpPort& target, Duration timeout)
      : port_(port),
        target_(target),
        timeout_(timeout),
        until_(steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(timeout)) {}

  Result<void> run() {
    const bool v4 = target_.ip.family == Family::V4;
    const IpPort own{*net::IpAddress::parse(v4 ? "127.0.0.1" : "::1"), port_};
    const auto listener =
        net::ListenSocket::open({own, {}}, {.reuse_port = false, .backlog = 64}, true);
    if (!listener.ok()) return cannotListen(own, listener.error());
    if (auto connected = connect(); !connected.ok()) return connected;
    if (auto accepted = accept(listener.value().fd()); !accepted.ok()) return accepted;
    if (auto destination = checkDestination(); !destination.ok()) return destination;
    Random random(randomSeed());
    if (auto there = carry(*client_, *server_, newToken(random)); !there.ok()) return there;
    return carry(*server_, *client_, newToken(random));
  }

 private:
  static Error cannotListen(const IpPort& own, const Error& error) {
    if (error.code != ErrorCode::AddressInUse) return error;
    return failure(error.code, fmt::format("{} is in use: the check is made before the proxy runs",
                                           own.toString()));
  }

  Result<void> connect() {
    auto client = net::SocketIo::connect({target_, {}});
    if (!client.ok()) {
      return failure(client.error().code,
                     fmt::format("{}: give an address that has a route by --check-address",
                                 client.error().detail));
    }
    client_ = std::move(client).value();
    if (!wait(client_->rawFd(), POLLOUT)) {
      return failure(ErrorCode::TimedOut,
                     fmt::format("no answer from {} within {:g} s: connections are not redirected "
                                 "to port {}",
                                 target_.toString(), toSeconds(timeout_), port_));
    }
    if (const int error = client_->takeError(); error != 0) {
      // It came from somewhere, or from a port where nobody listens.
      return failure(ErrorCode::Refused,
                     fmt::format("{}: connections are not redirected to port {}",
                                 errnoError(Side::Self, target_.toString(), error).detail, port_));
    }
    return {};
  }

  // Others may be redirected, too: they are closed.
  Result<void> accept(int listener) {
    const IpPort ours = net::localAddress(client_->rawFd());
    while (wait(listener, POLLIN)) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) continue;
      server_ = std::make_unique<net::SocketIo>(fd);
      if (net::peerAddress(fd) == ours) return {};
    }
    return failure(ErrorCode::TimedOut,
                   fmt::format("somebody else answers at {}: connections are not redirected to "
                               "port {}",
                               target_.toString(), port_));
  }

  Result<void> checkDestination() const {
    IpPort destination;
    const bool known = net::originalDestination(server_->rawFd(), destination);
    if (known && destination == target_) return {};
    return failure(
        ErrorCode::NotFound,
        fmt::format("the original destination of a redirected connection is {}, and not {}",
                    known ? destination.toString() : "not known", target_.toString()));
  }

  Result<void> carry(net::SocketIo& from, net::SocketIo& to, std::string token) {
    const iovec bytes{token.data(), token.size()};
    std::string got(TokenBytes, '\0');
    size_t size = 0;
    bool ended = from.write({&bytes, 1}, false).bytes != token.size();
    while (!ended && size < got.size() && wait(to.rawFd(), POLLIN)) {
      const iovec room{&got[size], got.size() - size};
      const net::IoResult result = to.read({&room, 1});
      size += result.bytes;
      ended = result.bytes == 0 && result.error != EAGAIN && result.error != EINTR;
    }
    if (got == token) return {};
    return failure(ErrorCode::Closed, fmt::format("what is said over a redirected connection to {} "
                                                  "does not arrive",
                                                  target_.toString()));
  }

  // False once the time is up.
  bool wait(int fd, short events) const {
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - steady_clock::now());
      pollfd poll{fd, events, 0};
      const int ready = ::poll(&poll, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
      if (ready > 0) return true;
      if (ready == 0 || errno != EINTR) return false;
    }
  }

  const uint16_t port_;
  const IpPort target_;
  const Duration timeout_;
  const steady_clock::time_point until_;
  std::unique_ptr<net::SocketIo> client_;
  std::unique_ptr<net::SocketIo> server_;
};

}  // namespace

IpPort redirectCheckTarget(const RedirectSettings& settings, Family family) {
  uint16_t port = FirstPort;
  while (settings.skip_outbound_ports.contains(port) && port < UINT16_MAX) ++port;
  return {*net::IpAddress::parse(family == Family::V4 ? "192.0.2.1" : "2001:db8::1"), port};
}

Result<void> checkIsRedirected(const RedirectSettings& settings, const IpPort& target, uint32_t uid,
                               uint32_t gid) {
  const auto alone = [&](const std::string& why) -> Result<void> {
    return failure(
        ErrorCode::InvalidArgument,
        fmt::format("a connection to {} is not to be redirected: {}", target.toString(), why));
  };
  if (uid == settings.proxy_uid)
    return alone(
        fmt::format("it would come from the proxy's user, {}; run the check as another", uid));
  if (settings.proxy_gid && gid == *settings.proxy_gid)
    return alone(
        fmt::format("it would come from the proxy's group, {}; run the check as another", gid));
  if (settings.skip_outbound_ports.contains(target.port)) return alone("its port is skipped");
  for (const net::IpPrefix& subnet : settings.ignore_subnets) {
    if (subnet.contains(target.ip))
      return alone(
          fmt::format("{} is ignored; give another one by --check-address", subnet.toString()));
  }
  return {};
}

Result<void> checkRedirection(const RedirectSettings& settings, const IpPort& target,
                              Duration timeout) {
  return Probe(settings.outbound_port, target, timeout).run();
}

}  // namespace weir::mesh
