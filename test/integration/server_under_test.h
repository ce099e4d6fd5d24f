#pragma once

// A whole proxy in the test's process: real listeners on ports that the kernel chooses, real
// workers and a main thread, from a configuration in YAML. Plus a blocking client and an upstream
// to put on either side. Everything waits with a deadline and fails the test when it passes;
// nothing sleeps.

#include <netinet/in.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "source/config/extension_factory.h"
#include "source/config/settings.h"
#include "source/main/extensions.h"
#include "source/server/server.h"

namespace weir::test {

// A blocking TCP socket with a deadline on every call (10 s).
class TestSocket {
 public:
  explicit TestSocket(int fd);
  // `from`: an address of this machine.
  static TestSocket connectTo(uint16_t port, const std::string& from = "127.0.0.1");
  // Nothing if it is refused.
  static std::unique_ptr<TestSocket> tryToConnect(uint16_t port);
  static TestSocket connectToUnix(const std::string& path);
  // Nobody listens there any more, or will not within a moment: a socket that is about to be closed
  // still takes what comes.
  static bool refusesSoon(uint16_t port);
  ~TestSocket();
  TestSocket(TestSocket&& other) noexcept;
  TestSocket& operator=(TestSocket&&) = delete;

  void send(std::string_view bytes);
  // Sends as much as can be sent without waiting for the reader; returns how many bytes went.
  size_t sendWhatFits(std::string_view bytes);
  void halfClose();
  // Closes with a RST.
  void reset();
  // Exactly `bytes` bytes; a shorter string if the peer ended or reset first.
  std::string receive(size_t bytes);
  // Up to the end; `reset()` tells whether that was a RST.
  std::string receiveAll();
  bool wasReset() const { return was_reset_; }
  int fd() const { return fd_; }

 private:
  int fd_;
  bool was_reset_ = false;
};

// A listening socket on loopback.
class TestUpstream {
 public:
  TestUpstream();
  ~TestUpstream();
  uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // The next connection from the proxy.
  TestSocket accept();
  // True if a connection waits to be accepted now.
  bool hasPending() const;
  // Stops listening: connects are refused from now on.
  void close();
  // Listens again, on the port that it had and that nobody took meanwhile.
  void reopen();

 private:
  int fd_;
  int holder_;  // bound to the port as well, and never listens
  uint16_t port_;
};

class ServerUnderTest {
 public:
  // What the configuration may name, as in main().
  using Extensions = std::function<void(config::Registry&)>;

  // Fails the test if the configuration has errors or cannot be bound. Listeners should have port
  // 0, and there is an access log only if a file is named for it. `extensions`: the built-in ones,
  // or those and the test's own. `clock`: null for the machine's; else outlives it.
  explicit ServerUnderTest(const std::string& yaml, unsigned workers = 1,
                           const Extensions& extensions = registerBuiltins,
                           const Clock* clock = nullptr);
  ~ServerUnderTest();

  uint16_t port(size_t listener = 0) const { return server_->listenerAddress(listener).ip.port; }
  // The value of one sample of /metrics, such as `weir_x_total{listener="a"}`; 0 if it is not
  // there.
  uint64_t metric(const std::string& sample) const;
  // Waits until the sample has at least this value.
  void waitForMetric(const std::string& sample, uint64_t at_least) const;
  void waitForMetricBelow(const std::string& sample, uint64_t limit) const;
  // Gives it a new configuration, and waits until all workers have it. The error if it was refused,
  // else empty.
  std::string reload(const std::string& yaml);
  // The same without waiting.
  std::future<std::string> startReload(const std::string& yaml);
  // Has it drain, and returns at once.
  void drain();
  // Waits until it has ended by itself; false if it does not.
  bool ends();
  // Waits for some turns of the main thread's loop: what it was told to do is with the workers.
  void letMainGoOn();
  // Has `work` done on the thread of one worker, and waits for it.
  void onWorker(size_t index, std::function<void(server::Worker&)> work);
  // Asks the admin port. The status line's number and the body, as "200 body".
  std::string askAdmin(const std::string& method, const std::string& target,
                       const std::string& headers = "Host: localhost\r\n") const;
  // The same in two steps: the question is sent, and the answer read when it comes.
  TestSocket startAsking(const std::string& method, const std::string& target,
                         const std::string& headers = "Host: localhost\r\n") const;
  static std::string readAnswer(TestSocket& asked);
  server::Server& server() { return *server_; }

 private:
  void waitFor(const std::string& sample, const std::string& what,
               const std::function<bool(uint64_t)>& holds) const;
  std::shared_ptr<const config::BootstrapSettings> load(const std::string& yaml);

  config::Registry registry_;
  SystemClock clock_;
  std::unique_ptr<server::Server> server_;
  std::promise<void> ended_;
  std::thread main_;
};

// A `typed_config` line for YAML: tcpProxy("cluster").
std::string tcpProxyTo(const std::string& cluster);

}  // namespace weir::test
