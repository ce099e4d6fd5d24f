#include <arpa/inet.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "source/base/check.h"
#include "source/net/io.h"

namespace weir::net {
namespace {

// From linux/netfilter_ipv6/ip6_tables.h, which does not go together with netinet/in.h.
constexpr int Ip6tSoOriginalDst = 80;

IoResult toResult(ssize_t n) {
  if (n >= 0) return {static_cast<size_t>(n), 0};
  return {0, errno == EWOULDBLOCK ? EAGAIN : errno};
}

void setOption(int fd, int level, int option, int value) {
  // Best effort: each of these is a refinement that a socket of another kind (Unix) does not have.
  (void)setsockopt(fd, level, option, &value, sizeof value);
}

}  // namespace

unsigned toSockaddr(const SocketAddress& address, void* storage) {
  if (address.isUnix()) {
    auto& un = *static_cast<sockaddr_un*>(storage);
    std::memset(&un, 0, sizeof un);
    un.sun_family = AF_UNIX;
    const std::string& path = address.unix_path;
    WEIR_CHECK(path.size() < sizeof un.sun_path);
    std::memcpy(un.sun_path, path.data(), path.size());
    const bool abstract = path[0] == '@';
    if (abstract) un.sun_path[0] = '\0';
    return static_cast<unsigned>(offsetof(sockaddr_un, sun_path) + path.size() +
                                 (abstract ? 0 : 1));
  }
  const IpPort& ip = address.ip;
  if (ip.ip.family == Family::V6) {
    auto& in6 = *static_cast<sockaddr_in6*>(storage);
    std::memset(&in6, 0, sizeof in6);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(ip.port);
    std::memcpy(&in6.sin6_addr, ip.ip.bytes.data(), 16);
    return sizeof in6;
  }
  auto& in = *static_cast<sockaddr_in*>(storage);
  std::memset(&in, 0, sizeof in);
  in.sin_family = AF_INET;
  in.sin_port = htons(ip.port);
  std::memcpy(&in.sin_addr, ip.ip.bytes.data(), 4);
  return sizeof in;
}

SocketIo::~SocketIo() { close(false); }

Result<std::unique_ptr<SocketIo>> SocketIo::connect(const SocketAddress& to, First first) {
  const int family = to.isUnix() ? AF_UNIX : to.ip.ip.family == Family::V6 ? AF_INET6 : AF_INET;
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errnoError(Side::Self, "socket", errno);
  auto io = std::make_unique<SocketIo>(fd, to.isUnix());
  io->settled_ = to.isUnix();
  // The kernel then waits a moment for bytes to send its last ACK of the handshake with.
  if (first == First::OurBytes && !to.isUnix()) setOption(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
  sockaddr_storage storage;
  const unsigned length = toSockaddr(to, &storage);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&storage), length) != 0 && errno != EINPROGRESS) {
    return errnoError(Side::Upstream, "connect to " + to.toString(), errno);
  }
  return io;
}

void SocketIo::watch(event::Loop& loop, event::IoHandler& handler) {
  if (watch_) return watch_->setHandler(handler);
  watch_.emplace(loop, fd_, handler);
}

// The first write goes out at once with or without TCP_NODELAY. Urgent data, which is to be carried
// as ordinary bytes as it is for accepted sockets, is told of before a first read could skip it
// (see Connection).
void SocketIo::settle() {
  if (std::exchange(settled_, true)) return;
  setOption(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
  setOption(fd_, SOL_SOCKET, SO_KEEPALIVE, 1);
  setOption(fd_, SOL_SOCKET, SO_OOBINLINE, 1);
}

void SocketIo::hold(bool held) {
  if (watch_) held ? watch_->hold() : watch_->release();
}

IoResult SocketIo::read(std::span<const iovec> room) {
  IoResult result = room.size() == 1
                        ? toResult(::recv(fd_, room[0].iov_base, room[0].iov_len, 0))
                        : toResult(::readv(fd_, room.data(), static_cast<int>(room.size())));
  result.more = is_unix_;
  return result;
}

IoResult SocketIo::write(std::span<const iovec> bytes, bool last) {
  // The last bytes wait for the end that is told right behind them, and go in one segment with it.
  const int flags = MSG_NOSIGNAL | (last ? MSG_MORE : 0);
  if (bytes.size() == 1) {
    return toResult(::send(fd_, bytes[0].iov_base, bytes[0].iov_len, flags));
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(bytes.data());
  message.msg_iovlen = bytes.size();
  return toResult(::sendmsg(fd_, &message, flags));
}

void SocketIo::registerIn(OwnAddresses& own, const IpPort& to) {
  own_ = own.add(localAddress(fd_), to);
}

void SocketIo::shutdownWrite() { (void)::shutdown(fd_, SHUT_WR); }

void SocketIo::close(bool reset) {
  if (fd_ < 0) return;
  if (watch_) watch_->closing();
  watch_.reset();
  if (reset) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  ::close(fd_);
  fd_ = -1;
  own_.reset();
}

int SocketIo::takeError() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

IpPort localAddress(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return IpPort::fromSockaddr(reinterpret_cast<sockaddr&>(storage));
}

IpPort peerAddress(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return IpPort::fromSockaddr(reinterpret_cast<sockaddr&>(storage));
}

bool originalDestination(int fd, IpPort& destination) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockopt(fd, IPPROTO_IP, SO_ORIGINAL_DST, &storage, &length) != 0) {
    length = sizeof storage;
    if (getsockopt(fd, IPPROTO_IPV6, Ip6tSoOriginalDst, &storage, &length) != 0) return false;
  }
  destination = IpPort::fromSockaddr(reinterpret_cast<sockaddr&>(storage));
  return destination.ip.family != Family::None;
}

}  // namespace weir::net
