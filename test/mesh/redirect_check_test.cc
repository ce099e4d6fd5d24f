#include "source/mesh/redirect_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/net/listen_socket.h"

namespace weir::mesh {
namespace {

using net::Family;
using net::IpPort;

// That redirection works takes rules, and so a network of one's own: test/real/rules_test.py.

TEST(RedirectCheckTest, TargetIsAPortThatIsNotSkipped) {
  EXPECT_EQ(redirectCheckTarget({}, Family::V4).toString(), "192.0.2.1:20001");
  EXPECT_EQ(redirectCheckTarget({}, Family::V6).toString(), "[2001:db8::1]:20001");
  EXPECT_EQ(redirectCheckTarget({.skip_outbound_ports = PortSet{{20000, 20009}}}, Family::V4).port,
            20010);
}

TEST(RedirectCheckTest, WhatIsNotToBeRedirectedCannotBeChecked) {
  struct Case {
    RedirectSettings settings;
    uint32_t uid;
    uint32_t gid;
    const char* why;
  };
  const std::vector<Case> table{
      {{}, 2102, 0, "it would come from the proxy's user, 2102; run the check as another"},
      {{.proxy_gid = 7}, 0, 7, "it would come from the proxy's group, 7; run the check as another"},
      {{.skip_outbound_ports = PortSet{{443, 443}}}, 0, 0, "its port is skipped"},
      {{.ignore_subnets = {*net::IpPrefix::parse("192.0.2.0/24")}},
       0,
       0,
       "192.0.2.0/24 is ignored; give another one by --check-address"},
  };
  const IpPort target = *IpPort::parse("192.0.2.9:443");
  for (const Case& one : table) {
    const auto checked = checkIsRedirected(one.settings, target, one.uid, one.gid);
    ASSERT_FALSE(checked.ok()) << one.why;
    EXPECT_EQ(checked.error().detail,
              std::string("a connection to 192.0.2.9:443 is not to be redirected: ") + one.why);
  }
  EXPECT_TRUE(checkIsRedirected({}, target, 0, 7).ok());
}

TEST(RedirectCheckTest, RunsBeforeTheProxy) {
  const auto proxy = net::ListenSocket::open(*net::SocketAddress::parse("127.0.0.1:0"), {}, false);
  ASSERT_TRUE(proxy.ok());
  const uint16_t port = proxy.value().address().ip.port;
  const auto checked = checkRedirection({.outbound_port = port}, *IpPort::parse("192.0.2.1:20001"),
                                        std::chrono::seconds(1));
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().detail, "127.0.0.1:" + std::to_string(port) +
                                        " is in use: the check is made before the proxy runs");
}

}  // namespace
}  // namespace weir::mesh
