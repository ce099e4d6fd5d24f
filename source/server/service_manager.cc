#include "source/server/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "source/base/log.h"

namespace weir::server {
namespace {

constexpr int FirstInherited = 3;

std::string takeVariable(const char* name) {
  const char* value = std::getenv(name);
  std::string out = value == nullptr ? "" : value;
  ::unsetenv(name);
  return out;
}

std::optional<int> number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::vector<std::string> splitAtColons(const std::string& text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == ':') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

}  // namespace

ServiceManager::ServiceManager(std::string address) : address_(std::move(address)) {
  if (address_.empty()) return;
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const timeval patience{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

ServiceManager::~ServiceManager() {
  if (fd_ >= 0) ::close(fd_);
}

ServiceManager::ServiceManager(ServiceManager&& other) noexcept
    : address_(std::move(other.address_)), fd_(std::exchange(other.fd_, -1)) {}

ServiceManager ServiceManager::fromEnvironment() {
  return ServiceManager(takeVariable("NOTIFY_SOCKET"));
}

void ServiceManager::ready(std::string_view status) const {
  send(fmt::format("READY=1\nSTATUS={}\n", status));
}

void ServiceManager::reloading(MonotonicTime now) const {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reloading\n", micros));
}

void ServiceManager::stopping(std::string_view status) const {
  send(fmt::format("STOPPING=1\nSTATUS={}\n", status));
}

void ServiceManager::send(std::string_view message) const {
  if (address_.empty()) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address_.size() >= sizeof to.sun_path || (address_[0] != '/' && address_[0] != '@')) {
    log::warn(log::Component::Main, "NOTIFY_SOCKET \"{}\" is no path and no @name", address_);
    return;
  }
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const bool abstract = address_[0] == '@';
  if (abstract) to.sun_path[0] = '\0';
  const size_t length = offsetof(sockaddr_un, sun_path) + address_.size() + (abstract ? 0 : 1);
  const ssize_t sent =
      ::sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&to), static_cast<socklen_t>(length));
  if (sent < 0)
    log::warn(log::Component::Main, "the service manager at {} was not told: {}", address_,
              std::strerror(errno));
}

Result<std::vector<InheritedSocket>> takeInheritedSockets() {
  const auto pid = number(takeVariable("LISTEN_PID"));
  const auto count = number(takeVariable("LISTEN_FDS"));
  const std::vector<std::string> names = splitAtColons(takeVariable("LISTEN_FDNAMES"));
  std::vector<InheritedSocket> sockets;
  if (!pid || !count || *pid != ::getpid()) return sockets;
  for (int i = 0; i < *count; ++i) {
    const std::string name = static_cast<size_t>(i) < names.size() ? names[i] : "";
    auto socket = net::ListenSocket::adopt(FirstInherited + i);
    if (!socket.ok()) {
      return Error{
          socket.error().code, Side::Self,
          "inherited socket " + std::to_string(i) + " \"" + name + "\": " + socket.error().detail};
    }
    sockets.push_back({name, std::move(socket).value()});
  }
  return sockets;
}

}  // namespace weir::server
