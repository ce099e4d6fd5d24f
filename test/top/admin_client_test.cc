// Asking a running proxy, and what is none.

#include "source/top/admin_client.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

#include "source/top/observation.h"
#include "source/top/view.h"
#include "test/integration/server_under_test.h"

namespace weir::top {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ServerUnderTest;
using test::TestSocket;
using test::TestUpstream;

std::string config(const std::string& admin, const std::string& upstream) {
  return "admin: {address: \"" + admin +
         "\"}\nlisteners:\n- name: in\n  address: 127.0.0.1:0\n"
         "  default_filter_chain: {name: tcp, filters: " +
         test::tcpProxyTo("up") + "}\nclusters:\n- {name: up, endpoints: [{address: \"" + upstream +
         "\"}]}\n";
}

Observation observe(const AdminClient& client, MonotonicTime when) {
  const Answers answers{client.get("/listeners").value(), client.get("/clusters").value(),
                        client.get("/connections").value(), client.get("/metrics").value()};
  return readAnswers(answers, when).value();
}

TEST(AdminClientTest, SeesWhatARunningProxyDoes) {
  TestUpstream upstream;
  ServerUnderTest proxy(config("127.0.0.1:0", upstream.address()), 2);
  const AdminClient client(*proxy.server().adminAddress(), seconds(10));
  const Observation before = observe(client, MonotonicTime(seconds(1)));
  EXPECT_EQ(before.open, 0U);
  TestSocket downstream = TestSocket::connectTo(proxy.port());
  downstream.send("hello");
  TestSocket server = upstream.accept();
  EXPECT_EQ(server.receive(5), "hello");
  proxy.waitForMetric("weir_tcp_bytes_total{listener=\"in\",chain=\"tcp\",direction=\"rx\"}", 5);
  const Observation now = observe(client, MonotonicTime(seconds(2)));
  EXPECT_EQ(now.open, 1U);
  ASSERT_EQ(now.listeners.size(), 1U);
  EXPECT_EQ(now.listeners[0].accepted, 1U);
  EXPECT_EQ(now.listeners[0].open, 1U);
  EXPECT_EQ(now.listeners[0].received_bytes, 5U);
  ASSERT_EQ(now.connections.size(), 1U);
  EXPECT_EQ(now.connections[0].upstream, upstream.address());
  EXPECT_EQ(now.connections[0].state, "open");
  EXPECT_EQ(now.connections[0].received_bytes, 5U);
  const ClusterFacts& cluster = now.clusters.back();
  EXPECT_EQ(cluster.name, "up");
  ASSERT_EQ(cluster.hosts.size(), 1U);
  EXPECT_EQ(cluster.hosts[0].active, 1U);
  EXPECT_EQ(cluster.hosts[0].connects, 1U);
  EXPECT_EQ(cluster.hosts[0].health, "unknown");  // nobody checks it
  EXPECT_TRUE(render("weir", &before, now, {})[0].text.starts_with(
      "weir: 1 open, 1.0 opens/s, 5/s in, 0/s out"));
}

TEST(AdminClientTest, AsksOverAUnixSocket) {
  const std::string path = "/tmp/weir-top-" + std::to_string(::getpid()) + ".sock";
  ServerUnderTest proxy(config("unix:" + path, "127.0.0.1:1"));
  EXPECT_EQ(AdminClient({.ip = {}, .unix_path = path}, seconds(10)).get("/ready").value(),
            "ready\n");
}

// Answers whatever is asked with the given bytes.
std::string errorFor(const std::string& answer) {
  TestUpstream other;
  std::thread answering([&] {
    TestSocket socket = other.accept();
    socket.receive(4);
    socket.send(answer);
    socket.halfClose();
    socket.receiveAll();
  });
  const auto got =
      AdminClient({.ip = *net::IpPort::parse(other.address()), .unix_path = ""}, seconds(10))
          .get("/x");
  answering.join();
  EXPECT_FALSE(got.ok());
  return got.ok() ? "" : got.error().detail.substr(other.address().size() + 18);
}

TEST(AdminClientTest, WhatIsNoAnswerIsAnError) {
  EXPECT_EQ(errorFor(""), " does not speak HTTP: is it the admin port of Weir?");
  EXPECT_EQ(errorFor("220 mail ESMTP\r\n\r\n"),
            " does not speak HTTP: is it the admin port of Weir?");
  EXPECT_EQ(errorFor("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour"),
            " ended in the middle of an answer");
  EXPECT_EQ(errorFor("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnone\n"),
            " answers 404 to /x: none");
}

TEST(AdminClientTest, SaysThatNobodyListens) {
  TestUpstream gone;
  gone.close();
  const AdminClient client({.ip = *net::IpPort::parse(gone.address()), .unix_path = ""},
                           seconds(10));
  const auto got = client.get("/ready");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, ErrorCode::Refused);
  EXPECT_EQ(got.error().detail,
            "cannot reach the admin port on " + gone.address() + ": Connection refused");
}

TEST(AdminClientTest, WaitsNoLongerThanItMay) {
  TestUpstream silent;
  const net::SocketAddress address{.ip = *net::IpPort::parse(silent.address()), .unix_path = ""};
  const auto late = AdminClient(address, milliseconds(1)).get("/ready");
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::TimedOut);
  const int interrupt = ::eventfd(1, EFD_CLOEXEC);
  const auto interrupted = AdminClient(address, seconds(600), {-1, interrupt}).get("/ready");
  ::close(interrupt);
  ASSERT_FALSE(interrupted.ok());
  EXPECT_EQ(interrupted.error().code, ErrorCode::Closed);
}

// A port that answers without end, `step` bytes at a time; `meanwhile` is called after each.
ErrorCode endOf(
    size_t step, Duration timeout, int interrupt_fd,
    const std::function<void(size_t sent)>& meanwhile = [](size_t) {}) {
  TestUpstream endless;
  std::thread answering([&] {
    TestSocket socket = endless.accept();
    socket.receive(4);
    const std::string chunk(step, 'x');
    size_t sent = 0;
    for (;;) {
      const ssize_t n = ::send(socket.fd(), chunk.data(), chunk.size(), MSG_NOSIGNAL);
      if (n < 0) return;
      meanwhile(sent += static_cast<size_t>(n));
    }
  });
  const net::SocketAddress address{.ip = *net::IpPort::parse(endless.address()), .unix_path = ""};
  const auto got = AdminClient(address, timeout, {interrupt_fd}).get("/metrics");
  answering.join();
  EXPECT_FALSE(got.ok());
  return got.ok() ? ErrorCode::InvalidArgument : got.error().code;
}

TEST(AdminClientTest, AnAnswerWithoutEndIsGivenUp) {
  size_t sent = 0;
  EXPECT_EQ(endOf(size_t{64} << 10, seconds(600), -1, [&](size_t all) { sent = all; }),
            ErrorCode::Overflow);
  EXPECT_GT(sent, AdminClient::MaxAnswerBytes);
  EXPECT_LT(sent, 2 * AdminClient::MaxAnswerBytes);  // what the kernel held is in it
}

TEST(AdminClientTest, WaitsNoLongerThoughThereIsAlwaysMore) {
  EXPECT_EQ(endOf(1, milliseconds(20), -1), ErrorCode::TimedOut);
}

TEST(AdminClientTest, IsInterruptedThoughThereIsAlwaysMore) {
  const int interrupt = ::eventfd(0, EFD_CLOEXEC);
  EXPECT_EQ(endOf(1, seconds(600), interrupt,
                  [&](size_t sent) {
                    if (sent == 1000) ::eventfd_write(interrupt, 1);
                  }),
            ErrorCode::Closed);
  ::close(interrupt);
}

TEST(AdminClientTest, AllQuestionsTogetherHaveTheTime) {
  TestUpstream slow;
  std::thread answering([&] {
    for (int i = 0; i < 2; ++i) {
      TestSocket socket = slow.accept();
      socket.receive(4);
      if (i == 0) socket.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
      if (i == 0) socket.halfClose();
      socket.receiveAll();
    }
  });
  const net::SocketAddress address{.ip = *net::IpPort::parse(slow.address()), .unix_path = ""};
  constexpr std::string_view Paths[] = {"/1", "/2", "/3"};
  const auto got = AdminClient(address, milliseconds(500)).getAll(Paths);
  answering.join();
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, ErrorCode::TimedOut);
}

}  // namespace
}  // namespace weir::top
