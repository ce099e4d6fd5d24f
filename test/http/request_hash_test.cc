#include "source/http/request_hash.h"

#include <gtest/gtest.h>

#include <chrono>

#include "test/http/requests.h"

namespace weir::http::test {
namespace {

using Kind = HashPolicy::Kind;

std::optional<uint64_t> hashOf(const std::vector<HashPolicy>& policies, const HeaderMap& request,
                               const char* source = "10.0.0.1") {
  const auto address = net::IpAddress::parse(source);
  return hashRequest(policies, request, address ? &*address : nullptr, 7).hash;
}

HashPolicy policy(Kind kind, std::string name = "", bool terminal = false) {
  HashPolicy policy;
  policy.kind = kind;
  policy.name = std::move(name);
  policy.terminal = terminal;
  return policy;
}

TEST(RequestHashTest, FollowsFromEachKindOfPolicy) {
  const auto differ = [](const HashPolicy& what, const HeaderMap& a, const HeaderMap& b) {
    const auto hash = hashOf({what}, a);
    return hash && hash == hashOf({what}, a) && hash != hashOf({what}, b);
  };
  EXPECT_TRUE(differ(policy(Kind::Header, "x"), request("a", "/", {{"x", "1"}}),
                     request("a", "/", {{"x", "2"}})));
  EXPECT_TRUE(differ(policy(Kind::Header, "x"), request("a", "/", {{"x", "1"}}),
                     request("a", "/", {{"x", "1"}, {"x", "2"}})));
  EXPECT_TRUE(differ(policy(Kind::Cookie, "c"), request("a", "/", {{"cookie", "b=2; c=1"}}),
                     request("a", "/", {{"cookie", "c=2"}})));
  EXPECT_TRUE(
      differ(policy(Kind::QueryParameter, "q"), request("a", "/?q=1"), request("a", "/?q=2")));
  const Request any = request("a", "/");
  EXPECT_NE(hashOf({policy(Kind::SourceIp)}, any, "10.0.0.1"),
            hashOf({policy(Kind::SourceIp)}, any, "10.0.0.2"));
}

TEST(RequestHashTest, IsNothingWithoutAValue) {
  const Request bare = request("a", "/");
  EXPECT_FALSE(hashOf(
      {policy(Kind::Header, "x"), policy(Kind::Cookie, "c"), policy(Kind::QueryParameter, "q")},
      bare));
  EXPECT_FALSE(hashOf({policy(Kind::SourceIp)}, bare, "none"));
  EXPECT_FALSE(hashOf({}, bare));
}

TEST(RequestHashTest, PoliciesBehindATerminalOneThatHasAHashAreLeftOut) {
  const Request both = request("a", "/?q=2", {{"x", "1"}});
  const Request query = request("a", "/?q=2");
  const HashPolicy header = policy(Kind::Header, "x");
  const HashPolicy terminal = policy(Kind::Header, "x", true);
  const HashPolicy parameter = policy(Kind::QueryParameter, "q");
  EXPECT_EQ(hashOf({terminal, parameter}, both), hashOf({header}, both));
  EXPECT_EQ(hashOf({terminal, parameter}, query), hashOf({parameter}, query));
  EXPECT_NE(hashOf({header, parameter}, both), hashOf({header}, both));
  EXPECT_NE(hashOf({header, parameter}, both), hashOf({parameter, header}, both));
}

TEST(RequestHashTest, ACookieThatIsMissingIsSetAndHashedAtOnce) {
  HashPolicy cookie = policy(Kind::Cookie, "c");
  cookie.cookie_ttl = std::chrono::minutes(1);
  cookie.cookie_path = "/p";
  const RequestHash first = hashRequest({cookie}, request("a", "/"), nullptr, 0xabc);
  ASSERT_EQ(first.set_cookies.size(), 1U);
  EXPECT_EQ(first.set_cookies[0], "c=0000000000000abc; Max-Age=60; Path=/p; HttpOnly");
  const Request next = request("a", "/", {{"cookie", "c=0000000000000abc"}});
  const RequestHash second = hashRequest({cookie}, next, nullptr, 1);
  EXPECT_TRUE(second.set_cookies.empty());
  EXPECT_EQ(first.hash, second.hash);
  cookie.cookie_ttl = Duration::zero();
  cookie.cookie_path.clear();
  EXPECT_EQ(hashRequest({cookie}, request("a", "/"), nullptr, 1).set_cookies.at(0),
            "c=0000000000000001; HttpOnly");
}

TEST(CookieTest, IsFoundAmongAllCrumbs) {
  const Request crumbs =
      request("a", "/", {{"cookie", "a=1;b = 2 "}, {"x", ""}, {"cookie", "c=\"3\""}});
  EXPECT_EQ(cookieOf(crumbs, "a"), "1");
  EXPECT_EQ(cookieOf(crumbs, "b"), "2");
  EXPECT_EQ(cookieOf(crumbs, "c"), "\"3\"");
  EXPECT_EQ(cookieOf(crumbs, "d"), std::nullopt);
  EXPECT_EQ(cookieOf(request("a", "/", {{"cookie", "a; =; ;"}}), "a"), std::nullopt);
}

}  // namespace
}  // namespace weir::http::test
