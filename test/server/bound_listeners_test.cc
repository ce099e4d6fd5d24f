#include "source/server/bound_listeners.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace weir::server {
namespace {

config::ListenerSettings listener(const std::string& name, const std::string& address) {
  config::ListenerSettings settings;
  settings.name = name;
  settings.address = *net::SocketAddress::parse(address);
  return settings;
}

BoundListener bound(const std::string& name, const std::string& configured,
                    const std::string& address) {
  return {name,  *net::SocketAddress::parse(configured), *net::SocketAddress::parse(address), false,
          false, std::make_shared<ListenerShared>(1)};
}

using Match = std::vector<std::optional<size_t>>;

TEST(MatchListenersTest, AListenerIsKnownByItsAddressWhateverItsNameAndPlace) {
  const std::vector<BoundListener> now = {bound("a", "127.0.0.1:80", "127.0.0.1:80"),
                                          bound("b", "127.0.0.1:81", "127.0.0.1:81"),
                                          bound("c", "unix:/run/x", "unix:/run/x")};
  EXPECT_EQ(matchListeners(now, {listener("z", "unix:/run/x"), listener("a", "127.0.0.1:81"),
                                 listener("n", "127.0.0.1:82")}),
            (Match{2, 1, std::nullopt}));
}

TEST(MatchListenersTest, APortThatTheKernelChoseIsKnownByTheName) {
  const std::vector<BoundListener> now = {bound("a", "127.0.0.1:0", "127.0.0.1:4001"),
                                          bound("b", "127.0.0.1:0", "127.0.0.1:4002")};
  EXPECT_EQ(matchListeners(now, {listener("b", "127.0.0.1:0"), listener("c", "127.0.0.1:0")}),
            (Match{1, std::nullopt}));
  EXPECT_EQ(matchListeners(now, {listener("a", "[::1]:0")}), (Match{std::nullopt}));
}

TEST(MatchListenersTest, APortThatTheKernelChoseMayBeNamedLater) {
  const std::vector<BoundListener> now = {bound("a", "127.0.0.1:0", "127.0.0.1:4001")};
  EXPECT_EQ(matchListeners(now, {listener("x", "127.0.0.1:4001")}), (Match{0}));
}

TEST(MatchListenersTest, NoTwoGoOnFromTheSameOne) {
  const std::vector<BoundListener> now = {bound("a", "127.0.0.1:0", "127.0.0.1:4001")};
  EXPECT_EQ(matchListeners(now, {listener("x", "127.0.0.1:4001"), listener("a", "127.0.0.1:0")}),
            (Match{0, std::nullopt}));
}

class BoundListenersTest : public testing::Test {
 protected:
  ListenerChange change(const std::vector<config::ListenerSettings>& settings) {
    auto prepared = listeners_.prepare(settings);
    EXPECT_TRUE(prepared.ok()) << (prepared.ok() ? "" : prepared.error().detail);
    listeners_.commit(prepared.value());
    return std::move(prepared).value();
  }
  static bool exists(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0;
  }
  std::string path(const std::string& name) const {
    return "/tmp/weir-" + name + std::to_string(::getpid());  // short enough for a socket
  }

  BoundListeners listeners_{2};
};

TEST_F(BoundListenersTest, EachWorkerGetsASocketOfItsOwnOnOnePort) {
  const ListenerChange first = change({listener("a", "127.0.0.1:0")});
  ASSERT_EQ(first.sockets[0].of_workers.size(), 2U);
  EXPECT_EQ(first.sockets[0].of_workers[1].address(), first.listeners[0].bound);
  EXPECT_NE(first.listeners[0].bound.ip.port, 0);
}

TEST_F(BoundListenersTest, WhatStaysGetsNoNewSocketAndKeepsItsIdentity) {
  const ListenerChange first = change({listener("a", "127.0.0.1:0")});
  const ListenerChange next = change({listener("b", "127.0.0.1:0"), listener("a", "127.0.0.1:0")});
  EXPECT_EQ(next.listeners[1].shared, first.listeners[0].shared);
  EXPECT_TRUE(next.sockets[1].of_workers.empty());
  EXPECT_NE(next.listeners[0].shared->id, first.listeners[0].shared->id);
}

TEST_F(BoundListenersTest, OneThatCannotBeBoundLeavesAllAsItWas) {
  BoundListeners other(1);
  auto taken = other.prepare({listener("x", "127.0.0.1:0")});
  ASSERT_TRUE(taken.ok());
  const std::string busy = taken.value().listeners[0].bound.toString();
  change({listener("a", "127.0.0.1:0")});
  const auto refused =
      listeners_.prepare({listener("u", "unix:" + path("undone")), listener("busy", busy)});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().detail.find("listener \"busy\": cannot listen on " + busy),
            std::string::npos);
  EXPECT_FALSE(exists(path("undone")));
  ASSERT_EQ(listeners_.current().size(), 1U);
  EXPECT_EQ(listeners_.current()[0].name, "a");
}

TEST_F(BoundListenersTest, FilesOfUnixSocketsGoWithThem) {
  change({listener("u", "unix:" + path("gone")), listener("v", "unix:" + path("stays"))});
  EXPECT_TRUE(exists(path("gone")));
  change({listener("v", "unix:" + path("stays"))});
  EXPECT_FALSE(exists(path("gone")));
  EXPECT_TRUE(exists(path("stays")));
}

TEST_F(BoundListenersTest, AnAddressMayBecomeMoreSpecificAndBack) {
  const ListenerChange wide = change({listener("a", "0.0.0.0:0")});
  const std::string port = std::to_string(wide.listeners[0].bound.ip.port);
  const ListenerChange narrow = change({listener("a", "127.0.0.1:" + port)});
  EXPECT_EQ(narrow.sockets[0].of_workers.size(), 2U);
  const ListenerChange wide_again = change({listener("a", "0.0.0.0:" + port)});
  EXPECT_EQ(wide_again.sockets[0].of_workers.size(), 2U);
}

}  // namespace
}  // namespace weir::server
