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
#include <vector>

#include "source/net/io.h"

namespace weir::top {
namespace {

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
  Exchange(const AdminClient& client, MonotonicTime deadline)
      : client_(client), deadline_(deadline) {}
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

  // Also an error if it need not wait, but has no time left, or was interrupted.
  Result<void> await(short what) const {
    std::vector<pollfd> fds = {{fd_, what, 0}};
    for (const int fd : client_.interrupt_fds_) fds.push_back({fd, POLLIN, 0});
    for (;;) {
      const auto left = deadline_ - std::chrono::steady_clock::now();
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
      const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(std::max<int64_t>(ms, 0)));
      if (ready < 0 && errno == EINTR) continue;
      if (std::any_of(fds.begin() + 1, fds.end(), [](const pollfd& fd) { return fd.revents != 0; }))
        return Error{ErrorCode::Closed, Side::Self, "interrupted"};
      if (ready > 0 && ms > 0) return {};
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
      if (auto ready = await(POLLIN); !ready.ok()) return ready.error();
      const ssize_t n = ::recv(fd_, chunk.data(), chunk.size(), 0);
      if (n == 0) return all;
      if (n > 0) {
        all.append(chunk, 0, static_cast<size_t>(n));
      } else if (errno != EAGAIN && errno != EINTR) {
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

AdminClient::AdminClient(net::SocketAddress address, Duration timeout,
                         std::vector<int> interrupt_fds)
    : address_(std::move(address)), timeout_(timeout), interrupt_fds_(std::move(interrupt_fds)) {}

Result<std::string> AdminClient::get(std::string_view path) const {
  auto all = getAll({&path, 1});
  if (!all.ok()) return all.error();
  return std::move(all.value()[0]);
}

Result<std::vector<std::string>> AdminClient::getAll(
    std::span<const std::string_view> paths) const {
  const MonotonicTime deadline = std::chrono::steady_clock::now() + timeout_;
  std::vector<std::string> out;
  for (const std::string_view path : paths) {
    auto body = Exchange(*this, deadline).run(path);
    if (!body.ok()) return body.error();
    out.push_back(std::move(body).value());
  }
  return out;
}

}  // namespace weir::top
