#include "source/top/admin_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "source/net/io.h"

namespace weir::top {
namespace {

constexpr size_t MaxAnswerBytes = size_t{256} << 20;

// The value of Content-Length in the head of an answer of ours.
std::optional<size_t> contentLength(std::string_view head) {
  constexpr std::string_view Name = "\r\nContent-Length: ";
  const size_t at = head.find(Name);
  if (at == head.npos) return std::nullopt;
  size_t length = 0;
  const char* const begin = head.data() + at + Name.size();
  const auto result = std::from_chars(begin, head.data() + head.size(), length);
  return result.ec == std::errc() ? std::optional(length) : std::nullopt;
}

}  // namespace

// One question on a connection of its own.
class AdminClient::Exchange {
 public:
  explicit Exchange(const AdminClient& client)
      : client_(client), deadline_(std::chrono::steady_clock::now() + client.timeout_) {}
  ~Exchange() {
    if (fd_ >= 0) ::close(fd_);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Result<std::string> run(std::string_view path) {
    if (auto connected = connect(); !connected.ok()) return connected.error();
    const net::SocketAddress& to = client_.address_;
    if (auto sent = send("GET " + std::string(path) +
                         " HTTP/1.1\r\nHost: " + (to.isUnix() ? "localhost" : to.toString()) +
                         "\r\nConnection: close\r\n\r\n");
        !sent.ok())
      return sent.error();
    auto answer = receive();
    if (!answer.ok()) return answer;
    return bodyOf(path, std::move(answer).value());
  }

 private:
  std::string where() const { return "the admin port on " + client_.address_.toString(); }
  Error failed(int error) const {
    return errnoError(Side::Upstream, "cannot reach " + where(), error);
  }

  Result<void> await(short what) const {
    for (;;) {
      const auto left = deadline_ - std::chrono::steady_clock::now();
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
      pollfd fds[] = {{fd_, what, 0}, {client_.interrupt_fd_, POLLIN, 0}};
      const int ready = ::poll(fds, 2, static_cast<int>(std::max<int64_t>(ms, 0)));
      if (ready < 0 && errno == EINTR) continue;
      if (fds[1].revents != 0) return Error{ErrorCode::Closed, Side::Self, "interrupted"};
      if (ready > 0) return {};
      return Error{
          ErrorCode::TimedOut, Side::Upstream,
          where() + " does not answer within " +
              std::to_string(std::chrono::ceil<std::chrono::seconds>(client_.timeout_).count()) +
              " s"};
    }
  }

  Result<void> connect() {
    sockaddr_storage storage;
    const unsigned length = net::toSockaddr(client_.address_, &storage);
    fd_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return failed(errno);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&storage), length) == 0) return {};
    if (errno != EINPROGRESS) return failed(errno);
    if (auto ready = await(POLLOUT); !ready.ok()) return ready;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return failed(error);
    return {};
  }

  Result<void> send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n >= 0) {
        bytes.remove_prefix(static_cast<size_t>(n));
      } else if (errno == EAGAIN) {
        if (auto ready = await(POLLOUT); !ready.ok()) return ready;
      } else if (errno != EINTR) {
        return failed(errno);
      }
    }
    return {};
  }

  Result<std::string> receive() const {
    std::string all;
    std::string chunk(size_t{64} << 10, '\0');
    while (all.size() <= MaxAnswerBytes) {
      const ssize_t n = ::recv(fd_, chunk.data(), chunk.size(), 0);
      if (n == 0) return all;
      if (n > 0) {
        all.append(chunk, 0, static_cast<size_t>(n));
      } else if (errno == EAGAIN) {
        if (auto ready = await(POLLIN); !ready.ok()) return ready.error();
      } else if (errno != EINTR) {
        return failed(errno);
      }
    }
    return Error{ErrorCode::Overflow, Side::Upstream, where() + " says too much"};
  }

  Result<std::string> bodyOf(std::string_view path, std::string all) const {
    const size_t end = all.find("\r\n\r\n");
    if (!all.starts_with("HTTP/1.1 ") || end == all.npos)
      return Error{ErrorCode::InvalidArgument, Side::Upstream,
                   where() + " does not speak HTTP: is it the admin port of Weir?"};
    const std::string_view head(all.data(), end + 2);
    const std::string status(head.substr(9, 3));
    const auto length = contentLength(head);
    std::string body = all.substr(end + 4);
    if (length && body.size() < *length)
      return Error{ErrorCode::Closed, Side::Upstream,
                   where() + " ended in the middle of an answer"};
    if (status == "200") return body;
    while (body.ends_with('\n')) body.pop_back();
    return Error{
        ErrorCode::ServerFailure, Side::Upstream,
        where() + " answers " + status + " to " + std::string(path) + ": " + body.substr(0, 200)};
  }

  const AdminClient& client_;
  const MonotonicTime deadline_;
  int fd_ = -1;
};

AdminClient::AdminClient(net::SocketAddress address, Duration timeout, int interrupt_fd)
    : address_(std::move(address)), timeout_(timeout), interrupt_fd_(interrupt_fd) {}

Result<std::string> AdminClient::get(std::string_view path) const {
  return Exchange(*this).run(path);
}

}  // namespace weir::top
