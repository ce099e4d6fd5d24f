#include "source/net/listen_socket.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "source/net/io.h"

namespace weir::net {
namespace {

constexpr int MaxAcceptsPerTurn = 64;
constexpr Duration RetryAfter = std::chrono::milliseconds(100);
// A queue that is refilled as fast as it is emptied does not keep a socket open for ever.
constexpr size_t MaxTurnsToFinish = 1024;

int newSocket(const SocketAddress& address) {
  const int family = address.isUnix()                     ? AF_UNIX
                     : address.ip.ip.family == Family::V6 ? AF_INET6
                                                          : AF_INET;
  return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

bool setFlag(int fd, int level, int option, bool on = true) {
  const int value = on ? 1 : 0;
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool setTransparent(int fd, const SocketAddress& address, bool on = true) {
  const bool v6 = address.ip.ip.family == Family::V6;
  return v6 ? setFlag(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, on)
            : setFlag(fd, IPPROTO_IP, IP_TRANSPARENT, on);
}

Error transparentError(int error) {
  return errnoError(Side::Self, "IP_TRANSPARENT (needs CAP_NET_ADMIN)", error);
}

bool bindTo(int fd, const SocketAddress& address) {
  sockaddr_storage storage;
  const unsigned length = toSockaddr(address, &storage);
  return ::bind(fd, reinterpret_cast<sockaddr*>(&storage), length) == 0;
}

// A bind without SO_REUSEPORT fails if any socket listens there, also one that would share.
int tryExclusiveBind(const SocketAddress& address, bool transparent) {
  const int fd = newSocket(address);
  if (fd < 0) return errno;
  const bool v6 = address.ip.ip.family == Family::V6;
  if (transparent) setTransparent(fd, address);
  if (v6) setFlag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  setFlag(fd, SOL_SOCKET, SO_REUSEADDR);
  const int error = bindTo(fd, address) ? 0 : errno;
  ::close(fd);
  return error;
}

// A socket file that nobody listens on is left over from a process that was killed.
void removeStaleSocket(const SocketAddress& address) {
  if (address.unix_path[0] == '@') return;
  struct stat info {};
  if (::stat(address.unix_path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  const int fd = newSocket(address);
  if (fd < 0) return;
  sockaddr_storage storage;
  const unsigned length = toSockaddr(address, &storage);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&storage), length) != 0 && errno == ECONNREFUSED) {
    ::unlink(address.unix_path.c_str());
  }
  ::close(fd);
}

// Of a TCP or a Unix socket.
SocketAddress boundTo(int fd) {
  sockaddr_un path{};
  socklen_t length = sizeof path;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&path), &length) != 0) return {};
  if (path.sun_family != AF_UNIX) return {localAddress(fd), {}};
  const size_t bytes = length - offsetof(sockaddr_un, sun_path);
  std::string name(path.sun_path, bytes);
  if (bytes > 0 && name[0] == '\0') {
    name[0] = '@';
  } else {
    name = name.c_str();  // ends with a zero byte
  }
  return {{}, std::move(name)};
}

// Inherited by accepted sockets, so that none of these costs a call for each connection.
void setInherited(int fd, const SocketAddress& address) {
  if (address.isUnix()) return;
  setFlag(fd, IPPROTO_TCP, TCP_NODELAY);
  setFlag(fd, SOL_SOCKET, SO_KEEPALIVE);
  setFlag(fd, SOL_SOCKET, SO_OOBINLINE);  // urgent data is carried, too, as ordinary bytes
}

Result<void> setOptions(int fd, const SocketAddress& address, const ListenOptions& options) {
  if (address.isUnix()) return {};
  setInherited(fd, address);
  const bool v6 = address.ip.ip.family == Family::V6;
  if (v6) setFlag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  setFlag(fd, SOL_SOCKET, SO_REUSEADDR);
  if (options.reuse_port && !setFlag(fd, SOL_SOCKET, SO_REUSEPORT)) {
    return errnoError(Side::Self, "SO_REUSEPORT", errno);
  }
  if (options.transparent && !setTransparent(fd, address)) return transparentError(errno);
  return {};
}

}  // namespace

Result<ListenSocket> ListenSocket::open(const SocketAddress& address, const ListenOptions& options,
                                        bool exclusive) {
  const std::string what = "cannot listen on " + address.toString();
  if (address.isUnix()) {
    removeStaleSocket(address);
  } else if (exclusive && address.ip.port != 0) {
    if (const int error = tryExclusiveBind(address, options.transparent); error != 0)
      return errnoError(Side::Self, what, error);
  }
  const int fd = newSocket(address);
  if (fd < 0) return errnoError(Side::Self, what, errno);
  ListenSocket socket(fd, address);
  if (auto set = setOptions(fd, address, options); !set.ok()) {
    return Error{set.error().code, Side::Self, what + ": " + set.error().detail};
  }
  if (!bindTo(fd, address) || ::listen(fd, static_cast<int>(options.backlog)) != 0) {
    return errnoError(Side::Self, what, errno);
  }
  if (!address.isUnix()) socket.address_.ip = localAddress(fd);
  socket.alone_ = !address.isUnix();
  return socket;
}

Result<ListenSocket> ListenSocket::adopt(int fd) {
  SocketAddress address;
  ListenSocket socket(fd, address);
  int type = 0;
  int listens = 0;
  socklen_t length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0)
    return errnoError(Side::Self, "not a socket", errno);
  length = sizeof listens;
  (void)getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
  if (type != SOCK_STREAM || listens == 0)
    return Error{ErrorCode::InvalidArgument, Side::Self, "not a stream socket that listens"};
  socket.address_ = boundTo(fd);
  setInherited(fd, socket.address_);
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
    return errnoError(Side::Self, "fcntl", errno);
  return socket;
}

ListenSocket::~ListenSocket() {
  if (fd_ >= 0) ::close(fd_);
}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      alone_(other.alone_) {}

bool ListenSocket::takeNoMore() const {
  if (!alone_) return false;
  // The flags of the TCP header: SYN without ACK opens a connection.
  constexpr uint32_t Flags = 13;
  constexpr uint32_t Syn = 0x02;
  constexpr uint32_t Ack = 0x10;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, Flags),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, Syn | Ack),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, Syn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  const sock_fprog filter{sizeof program / sizeof program[0], program};
  return setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

Result<void> ListenSocket::checkTransparent(const SocketAddress& address) {
  const int fd = newSocket(address);
  if (fd < 0) return errnoError(Side::Self, "socket", errno);
  const int error = setTransparent(fd, address) ? 0 : errno;
  ::close(fd);
  if (error != 0) return transparentError(error);
  return {};
}

void ListenSocket::apply(const ListenOptions& options) const {
  if (!address_.isUnix()) setTransparent(fd_, address_, options.transparent);
  ::listen(fd_, static_cast<int>(options.backlog));
}

Result<ListenSocket> ListenSocket::duplicate() const {
  const int copy = fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return errnoError(Side::Self, "dup", errno);
  return ListenSocket(copy, address_);
}

void removeSocketFile(const SocketAddress& address) {
  if (address.isUnix() && address.unix_path[0] != '@') ::unlink(address.unix_path.c_str());
}

Acceptor::Acceptor(event::Loop& loop, ListenSocket socket, Events& events)
    : loop_(loop),
      socket_(std::move(socket)),
      events_(events),
      again_(loop, [this] { acceptSome(); }),
      retry_(loop, [this] { acceptSome(); }) {
  watch_ =
      std::make_unique<event::IoWatch>(loop, socket_->fd(), static_cast<event::IoHandler&>(*this));
}

Acceptor::~Acceptor() { watch_.reset(); }

void Acceptor::onIoReady(event::IoReady) noexcept { acceptSome(); }

void Acceptor::finish() {
  turns_left_ = MaxTurnsToFinish;
  finished_at_ = loop_.now();
  takes_no_more_ = socket_->takeNoMore();
  retry_.disarm();
  again_.schedule();
}

Duration Acceptor::graceLeft() const {
  if (!takes_no_more_) return Duration::zero();
  const bool busy = finished_at_ - last_accept_ < FinishGrace;
  return finished_at_ + (busy ? FinishGrace : IdleFinishGrace) - loop_.now();
}

void Acceptor::close() {
  retry_.disarm();
  again_.cancel();
  watch_.reset();
  socket_.reset();
  events_.onAcceptorClosed();
}

void Acceptor::acceptSome() {
  for (int i = 0; i < MaxAcceptsPerTurn; ++i) {
    sockaddr_storage storage;
    socklen_t length = sizeof storage;
    const int fd = ::accept4(socket_->fd(), reinterpret_cast<sockaddr*>(&storage), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      last_accept_ = loop_.now();
      storage.ss_family = length == 0 ? sa_family_t{AF_UNIX} : storage.ss_family;
      events_.onAccept({fd, IpPort::fromSockaddr(reinterpret_cast<sockaddr&>(storage))});
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    return onNone(errno);
  }
  if (turns_left_ && --*turns_left_ == 0) return close();
  again_.schedule();
}

// accept() gave none: the queue is empty, or the process is out of descriptors or memory. In the
// latter case connections wait in the queue, and no edge will tell of them again.
void Acceptor::onNone(int error) {
  if (error != EAGAIN) events_.onAcceptError(error);
  if (turns_left_ && error == EAGAIN) {
    const Duration left = graceLeft();
    return left > Duration::zero() ? retry_.arm(left) : close();
  }
  if (turns_left_ && --*turns_left_ == 0) return close();
  if (error != EAGAIN) retry_.arm(RetryAfter);
}

}  // namespace weir::net
