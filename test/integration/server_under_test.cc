#include "test/integration/server_under_test.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <future>
#include <utility>

#include "source/config/load_settings.h"

namespace weir::test {
namespace {

constexpr int DeadlineMs = 10'000;

// Waits for the socket; a test that hangs fails here instead.
void await(int fd, short what) {
  pollfd entry{fd, what, 0};
  if (::poll(&entry, 1, DeadlineMs) <= 0) {
    ADD_FAILURE() << "nothing happened on the socket in time";
    std::abort();
  }
}

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int boundTo(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

}  // namespace

TestSocket::TestSocket(int fd) : fd_(fd) {}
TestSocket::TestSocket(TestSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), was_reset_(other.was_reset_) {}
TestSocket::~TestSocket() {
  if (fd_ >= 0) ::close(fd_);
}

bool TestSocket::refusesSoon(uint16_t port) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(DeadlineMs);
  const sockaddr_in address = loopback(port);
  while (std::chrono::steady_clock::now() < deadline) {
    TestSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      socket.reset();                  // if it was accepted after all, nothing is left of it
    } else if (errno != ECONNRESET) {  // it was closed in the middle of the handshake
      return errno == ECONNREFUSED;
    }
    std::this_thread::yield();
  }
  return false;
}

std::unique_ptr<TestSocket> TestSocket::tryToConnect(uint16_t port) {
  auto socket = std::make_unique<TestSocket>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (::connect(socket->fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return socket;
  EXPECT_EQ(errno, ECONNREFUSED);
  return nullptr;
}

TestSocket TestSocket::connectTo(uint16_t port, const std::string& from) {
  TestSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (from != "127.0.0.1") {
    sockaddr_in own = loopback(0);
    EXPECT_EQ(::inet_pton(AF_INET, from.c_str(), &own.sin_addr), 1);
    EXPECT_EQ(::bind(socket.fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
  }
  const sockaddr_in address = loopback(port);
  EXPECT_EQ(::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return socket;
}

TestSocket TestSocket::connectToUnix(const std::string& path) {
  TestSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  EXPECT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return socket;
}

void TestSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    await(fd_, POLLOUT);
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) continue;
    if (n < 0 && errno == ECONNRESET) was_reset_ = true;  // which is told once
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

size_t TestSocket::sendWhatFits(std::string_view bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n =
        ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n <= 0) break;
    sent += static_cast<size_t>(n);
  }
  return sent;
}

void TestSocket::halfClose() { ::shutdown(fd_, SHUT_WR); }

void TestSocket::reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(fd_, -1));
}

std::string TestSocket::receive(size_t bytes) {
  std::string out;
  char chunk[65536];
  while (out.size() < bytes) {
    await(fd_, POLLIN);
    const ssize_t n = ::recv(fd_, chunk, std::min(sizeof chunk, bytes - out.size()), 0);
    if (n < 0 && errno == ECONNRESET) was_reset_ = true;
    if (n <= 0) break;
    out.append(chunk, static_cast<size_t>(n));
  }
  return out;
}

std::string TestSocket::receiveAll() { return receive(static_cast<size_t>(-1)); }

TestUpstream::TestUpstream() : fd_(boundTo(0)), holder_(-1) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  holder_ = boundTo(port_);
  EXPECT_EQ(::listen(fd_, 128), 0);
}

TestUpstream::~TestUpstream() {
  close();
  ::close(holder_);
}

void TestUpstream::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void TestUpstream::reopen() {
  fd_ = boundTo(port_);
  EXPECT_EQ(::listen(fd_, 128), 0);
}

TestSocket TestUpstream::accept() {
  await(fd_, POLLIN);
  return TestSocket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
}

bool TestUpstream::hasPending() const {
  pollfd entry{fd_, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

ServerUnderTest::ServerUnderTest(const std::string& yaml, unsigned workers,
                                 const Extensions& extensions, const Clock* clock) {
  ::signal(SIGPIPE, SIG_IGN);
  extensions(registry_);
  server_ =
      std::make_unique<server::Server>(load(yaml), clock == nullptr ? clock_ : *clock, workers);
  const auto started = server_->start();
  EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().detail);
  main_ = std::thread([this] {
    server_->run();
    ended_.set_value();
  });
}

ServerUnderTest::~ServerUnderTest() {
  server_->quit();
  main_.join();
}

std::shared_ptr<const config::BootstrapSettings> ServerUnderTest::load(const std::string& yaml) {
  auto loaded = config::parseSettings(yaml, config::Format::Yaml, registry_);
  if (!loaded.settings) {
    ADD_FAILURE() << config::formatErrors("test.yaml", loaded.errors);
    std::abort();
  }
  loaded.settings->access_log.enabled &= loaded.settings->access_log.path != "/dev/stdout";
  return std::make_shared<const config::BootstrapSettings>(std::move(*loaded.settings));
}

void ServerUnderTest::drain() {
  server_->loop().post([this] { server_->drain(); });
}

bool ServerUnderTest::ends() {
  return ended_.get_future().wait_for(std::chrono::milliseconds(DeadlineMs)) ==
         std::future_status::ready;
}

void ServerUnderTest::letMainGoOn() {
  for (int turn = 0; turn < 10; ++turn) {
    std::promise<void> done;
    server_->loop().post([&] { done.set_value(); });
    done.get_future().wait();
  }
}

void ServerUnderTest::onWorker(size_t index, std::function<void(server::Worker&)> work) {
  std::promise<void> done;
  server_->postToWorker(index, [&](server::Worker& worker) {
    work(worker);
    done.set_value();
  });
  done.get_future().wait();
}

TestSocket ServerUnderTest::startAsking(const std::string& method, const std::string& target,
                                        const std::string& headers) const {
  const net::SocketAddress& admin = *server_->adminAddress();
  TestSocket client = admin.isUnix() ? TestSocket::connectToUnix(admin.unix_path)
                                     : TestSocket::connectTo(admin.ip.port);
  client.send(method + " " + target + " HTTP/1.1\r\nConnection: close\r\n" + headers + "\r\n");
  return client;
}

std::string ServerUnderTest::readAnswer(TestSocket& asked) {
  const std::string all = asked.receiveAll();
  const size_t end = all.find("\r\n\r\n");
  if (!all.starts_with("HTTP/1.1 ") || end == std::string::npos) return "no answer: " + all;
  return all.substr(9, 3) + " " + all.substr(end + 4);
}

std::string ServerUnderTest::askAdmin(const std::string& method, const std::string& target,
                                      const std::string& headers) const {
  TestSocket asked = startAsking(method, target, headers);
  return readAnswer(asked);
}

std::future<std::string> ServerUnderTest::startReload(const std::string& yaml) {
  auto done = std::make_shared<std::promise<std::string>>();
  server_->loop().post([this, done, settings = load(yaml)] {
    server_->reload(settings, [done](const Result<void>& result) {
      done->set_value(result.ok() ? "" : result.error().detail);
    });
  });
  return done->get_future();
}

std::string ServerUnderTest::reload(const std::string& yaml) {
  auto outcome = startReload(yaml);
  if (outcome.wait_for(std::chrono::milliseconds(DeadlineMs)) != std::future_status::ready) {
    ADD_FAILURE() << "the reload does not end";
    std::abort();
  }
  return outcome.get();
}

uint64_t ServerUnderTest::metric(const std::string& sample) const {
  const std::string all = "\n" + server_->metrics();
  const size_t at = all.find("\n" + sample + " ");
  return at == std::string::npos ? 0 : std::stoull(all.substr(at + sample.size() + 2));
}

void ServerUnderTest::waitFor(const std::string& sample, const std::string& what,
                              const std::function<bool(uint64_t)>& holds) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(DeadlineMs);
  while (!holds(metric(sample))) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << sample << " is " << metric(sample) << ", not " << what << "\n"
                    << server_->metrics();
      return;
    }
    std::this_thread::yield();
  }
}

void ServerUnderTest::waitForMetric(const std::string& sample, uint64_t at_least) const {
  waitFor(sample, std::to_string(at_least), [=](uint64_t value) { return value >= at_least; });
}

void ServerUnderTest::waitForMetricBelow(const std::string& sample, uint64_t limit) const {
  waitFor(sample, "below " + std::to_string(limit), [=](uint64_t value) { return value < limit; });
}

std::string tcpProxyTo(const std::string& cluster) {
  return "[{name: tcp_proxy, typed_config: {\"@type\": "
         "type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy, "
         "cluster: " +
         cluster + "}}]";
}

}  // namespace weir::test
