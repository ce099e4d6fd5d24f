#include "source/http/route_table.h"

#include <gtest/gtest.h>

#include "test/http/requests.h"

namespace weir::http::test {
namespace {

std::shared_ptr<const RouteTable> compile(std::vector<VirtualHostSpec> hosts) {
  Diagnostics diagnostics;
  auto table = RouteTable::compile(std::move(hosts), diagnostics);
  for (const Diagnostic& error : diagnostics.errors()) ADD_FAILURE() << error.message;
  return table;
}

std::string errorsOf(std::vector<VirtualHostSpec> hosts) {
  Diagnostics diagnostics;
  EXPECT_NE(RouteTable::compile(std::move(hosts), diagnostics), nullptr);
  std::string text;
  for (const Diagnostic& error : diagnostics.errors()) {
    text += error.path + ": " + error.message + "\n";
  }
  return text;
}

RouteMatch withMethod(PathMatch path, std::string method) {
  RouteMatch match;
  match.path = std::move(path);
  match.methods = {std::move(method)};
  return match;
}

TEST(RouteTableTest, TheFirstRouteThatTakesTheRequestIsChosenNotTheLongest) {
  const auto table =
      compile(host({route("post", withMethod(prefix("/"), "POST")), route("a", exact("/a")),
                    route("sub", separated("/s")), route("number", pattern("/n[0-9]+/.*")),
                    route("n1", exact("/n1")), route("case", anyCase(prefix("/Case"))),
                    route("connect", connect()), route("rest", prefix("/"))}));
  const auto chosen = [&](std::string_view path, std::string_view method = "GET") {
    return nameOf(table->find(request("any", path, {}, method)));
  };
  EXPECT_EQ(chosen("/a", "POST"), "post");
  EXPECT_EQ(chosen("/a?b"), "a");
  EXPECT_EQ(chosen("/a/"), "rest");
  EXPECT_EQ(chosen("/s"), "sub");
  EXPECT_EQ(chosen("/s/t"), "sub");
  EXPECT_EQ(chosen("/st"), "rest");
  EXPECT_EQ(chosen("/n1/x"), "number");
  EXPECT_EQ(chosen("/n1"), "n1");
  EXPECT_EQ(chosen("/cASE/x"), "case");
  EXPECT_EQ(chosen("", "CONNECT"), "connect");
  EXPECT_EQ(chosen("*", "OPTIONS"), "(none)");
}

TEST(RouteTableTest, TheVirtualHostIsFoundByTheAuthorityAlone) {
  std::vector<VirtualHostSpec> hosts(2);
  hosts[0] = {"one", "", {"a.test", "*.a.test"}, {route("one", exact("/1"))}};
  hosts[1] = {"two", "", {"b.test"}, {route("two", prefix("/"))}};
  const auto table = compile(std::move(hosts));
  const Route* one = table->find(request("x.a.test:80", "/1"));
  ASSERT_EQ(nameOf(one), "one");
  EXPECT_EQ(one->virtual_host->name, "one");
  EXPECT_EQ(one->matched_prefix, 2U);
  // No other host is asked where the right one has no route.
  EXPECT_EQ(table->find(request("a.test", "/2")), nullptr);
  EXPECT_EQ(table->find(request("c.test", "/1")), nullptr);
  EXPECT_EQ(nameOf(table->find(request("b.test", "/1"))), "two");
}

TEST(RouteTableTest, ATableWithoutRoutesFindsNone) {
  const auto table = compile(host({}));
  EXPECT_EQ(table->find(request("a", "/")), nullptr);
  EXPECT_EQ(table->find(request("a", "", {}, "CONNECT")), nullptr);
}

TEST(RouteTableTest, ADomainIsOfOneVirtualHost) {
  std::vector<VirtualHostSpec> hosts(2);
  hosts[0] = {"one", "hosts.one", {"a.test", "*"}, {}};
  hosts[1] = {"two", "hosts.two", {"b.test", "A.test", "b.test", "*"}, {}};
  EXPECT_EQ(errorsOf(std::move(hosts)),
            "hosts.two.domains[1]: \"A.test\" is already a domain of virtual host 'one' "
            "(hosts.one)\n"
            "hosts.two.domains[2]: \"b.test\" is already a domain of virtual host 'two' "
            "(hosts.two)\n"
            "hosts.two.domains[3]: \"*\" is already a domain of virtual host 'one' (hosts.one)\n");
}

struct CoverageCase {
  RouteMatch first;
  RouteMatch second;
  bool wrong;
};
class CoverageTest : public testing::TestWithParam<CoverageCase> {};
TEST_P(CoverageTest, FindsARouteThatNothingIsLeftTo) {
  const std::string errors =
      errorsOf(host({route("first", GetParam().first), route("second", GetParam().second)}));
  EXPECT_EQ(!errors.empty(), GetParam().wrong) << errors;
}
RouteMatch path(PathMatch path) {
  RouteMatch match;
  match.path = std::move(path);
  return match;
}
INSTANTIATE_TEST_SUITE_P(
    Paths, CoverageTest,
    testing::Values(
        CoverageCase{path(prefix("/")), path(exact("/a")), true},
        CoverageCase{path(prefix("/a")), path(prefix("/ab")), true},
        CoverageCase{path(prefix("/ab")), path(prefix("/a")), false},
        CoverageCase{path(prefix("/a")), path(separated("/a")), true},
        CoverageCase{path(separated("/a")), path(prefix("/a")), false},
        CoverageCase{path(separated("/a")), path(prefix("/a/")), true},
        CoverageCase{path(separated("/a")), path(exact("/a")), true},
        CoverageCase{path(separated("/a")), path(exact("/ab")), false},
        CoverageCase{path(separated("/a")), path(separated("/a/b")), true},
        CoverageCase{path(exact("/a")), path(prefix("/a")), false},
        CoverageCase{path(exact("/a")), path(exact("/a")), true},
        CoverageCase{path(exact("/a")), path(separated("/a")), false},
        CoverageCase{path(prefix("/a")), path(anyCase(prefix("/a"))), false},
        CoverageCase{path(prefix("/1")), path(anyCase(prefix("/1a"))), true},
        CoverageCase{path(anyCase(prefix("/1"))), path(exact("/1A")), true},
        CoverageCase{path(anyCase(prefix("/A"))), path(exact("/ab")), true},
        CoverageCase{path(anyCase(exact("/A"))), path(anyCase(exact("/a"))), true},
        CoverageCase{path(prefix("/1")), path(anyCase(exact("/1"))), true},
        CoverageCase{path(prefix("/")), path(pattern("/a.*")), true},
        CoverageCase{path(prefix("/")), path(pattern("(/a|b).*")), false},
        CoverageCase{path(pattern("/a[0-9]")), path(exact("/a1")), true},
        CoverageCase{path(pattern("/a[0-9]")), path(exact("/ab")), false},
        CoverageCase{path(pattern("/a.*")), path(prefix("/ab")), false},  // true, but not found
        CoverageCase{path(pattern("/a.*")), path(pattern("/a.*")), true},
        CoverageCase{path(connect()), path(connect()), true},
        CoverageCase{path(prefix("/")), path(connect()), false},
        CoverageCase{path(connect()), withMethod(connect(), "CONNECT"), true},
        CoverageCase{withMethod(prefix("/"), "GET"), path(prefix("/")), false},
        CoverageCase{path(prefix("/")), withMethod(prefix("/"), "GET"), true},
        CoverageCase{withMethod(prefix("/"), "GET"), withMethod(prefix("/"), "GET"), true},
        CoverageCase{withMethod(prefix("/"), "GET"), withMethod(prefix("/"), "PUT"), false}));

TEST(RouteTableTest, NamesBothRoutes) {
  EXPECT_EQ(errorsOf(host({route("a", prefix("/a")), route("b", withMethod(exact("/ab"), "GET")),
                           route("", withMethod(exact("/ab"), "GET")), route("c", prefix("/a"))})),
            "routes.b: route 'b' can never be chosen: every request that it matches "
            "goes to route 'a' (routes.a), which comes first\n"
            "routes.: route has the same conditions as route 'b' (routes.b), which comes "
            "first: it can never be chosen\n"
            "routes.c: route 'c' has the same conditions as route 'a' (routes.a), which "
            "comes first: it can never be chosen\n");
}

TEST(RouteTableTest, ExplainsTheChoice) {
  RouteMatch match;
  match.path = prefix("/a");
  match.methods = {"PUT", "POST"};
  match.headers = {{"x-user", TextMatch{TextMatch::Kind::Prefix, "u"}}};
  const auto table = compile(
      host({route("first", match), route("second", exact("/a")), route("rest", prefix("/"))}));
  const RouteAnswer answer = table->explain(request("A", "/a?q", {{"x-user", "v"}}));
  EXPECT_EQ(answer.virtual_host, "all");
  EXPECT_EQ(answer.domain, "*");
  EXPECT_EQ(nameOf(answer.route), "second");
  ASSERT_EQ(answer.tries.size(), 2U);
  EXPECT_FALSE(answer.tries[0].chosen);
  EXPECT_TRUE(answer.tries[1].chosen);
  std::string text;
  for (const ConditionResult& result : answer.tries[0].conditions) {
    text += result.field + " " + result.expected + " " + result.actual +
            (result.holds ? " yes\n" : " no\n");
  }
  EXPECT_EQ(text,
            "prefix /a /a yes\n"
            "methods PUT, POST GET no\n"
            "headers[x-user] prefix \"u\" v no\n");
}

TEST(RouteTableTest, ExplainsConnectByItsMethod) {
  RouteMatch connect;
  connect.path.kind = PathMatch::Kind::Connect;
  std::vector<VirtualHostSpec> hosts(1);
  hosts[0] = {"one", "", {"*"}, {route("tunnel", connect)}};
  const auto table = compile(std::move(hosts));
  HeaderMap head;
  head.add(":method", "CONNECT");
  head.add(":authority", "a.test:443");
  const RouteAnswer tunnel = table->explain(head);
  ASSERT_EQ(tunnel.tries.size(), 1U);
  EXPECT_EQ(tunnel.tries[0].conditions[0].actual, "CONNECT");
  EXPECT_TRUE(tunnel.tries[0].chosen);
  EXPECT_EQ(table->explain(request("a.test", "/")).tries[0].conditions[0].actual, "GET");
}

TEST(RouteTableTest, ExplainsThatThereIsNone) {
  std::vector<VirtualHostSpec> hosts(1);
  hosts[0] = {"one", "", {"a.test"}, {route("one", exact("/1"))}};
  const auto table = compile(std::move(hosts));
  EXPECT_EQ(table->explain(request("b.test", "/1")).virtual_host, "");
  const RouteAnswer answer = table->explain(request("a.test", "/2"));
  EXPECT_EQ(answer.domain, "a.test");
  EXPECT_EQ(answer.tries.size(), 1U);
  EXPECT_EQ(answer.route, nullptr);
}

TEST(PickClusterTest, DrawsByWeight) {
  Forward forward;
  forward.clusters = {{"a", 1}, {"none", 0}, {"b", 3}};
  constexpr uint64_t Quarter = uint64_t{1} << 62;
  EXPECT_EQ(pickCluster(forward, 0).name, "a");
  EXPECT_EQ(pickCluster(forward, Quarter - 1).name, "a");
  EXPECT_EQ(pickCluster(forward, Quarter).name, "b");
  EXPECT_EQ(pickCluster(forward, ~uint64_t{0}).name, "b");
}

}  // namespace
}  // namespace weir::http::test
