#include "source/extensions/network/http_conn_manager/explain_request.h"

#include <gtest/gtest.h>

#include <memory>

#include "source/net/own_addresses.h"
#include "test/http/requests.h"

namespace weir::extensions {
namespace {

using filter::RequestDescription;
using filter::RequestExplanation;

http::RouteSpec forwarding(std::string name, http::RouteMatch match, http::Forward forward) {
  http::RouteSpec spec = http::test::route(std::move(name), std::move(match));
  spec.route.action = std::move(forward);
  return spec;
}

http::RouteMatch at(const std::string& prefix, std::vector<std::string> methods = {}) {
  http::RouteMatch match;
  match.path.text = prefix;
  match.methods = std::move(methods);
  return match;
}

http::Forward to(std::string cluster) {
  http::Forward forward;
  forward.clusters.push_back({std::move(cluster)});
  return forward;
}

class ExplainRequestTest : public testing::Test {
 protected:
  ExplainRequestTest() {
    http::Forward both;
    both.clusters = {{"a", 3}, {"b", 1}};
    http::Forward rewritten = to("api");
    rewritten.prefix_rewrite = "/v1";
    http::RouteSpec old = http::test::route("old", at("/old"));
    old.route.action = http::Redirect{.status = 308, .path = "/new"};
    http::RouteSpec direct = http::test::route("direct", at("/direct"));
    direct.route.action = http::DirectResponse{.status = 201, .body = "made"};
    useRoutes({forwarding("posts", at("/api", {"POST"}), to("writer")),
               forwarding("api", at("/api"), rewritten), std::move(old), std::move(direct),
               forwarding("split", at("/split"), both)});
  }
  void useRoutes(std::vector<http::RouteSpec> routes) {
    std::vector<http::VirtualHostSpec> hosts;
    hosts.push_back({"all", "virtual_hosts[0]", {"a.example"}, std::move(routes)});
    Diagnostics diagnostics;
    settings_.routes = http::RouteTable::compile(std::move(hosts), diagnostics);
    EXPECT_TRUE(diagnostics.ok());
  }
  RequestExplanation ask(const std::string& path, const std::string& host = "a.example") {
    return explainRequest(settings_, {.host = host, .path = path}, connection_);
  }

  HttpConnManagerSettings settings_;
  filter::ConnectionInfo connection_;
};

TEST_F(ExplainRequestTest, ItSaysWhichRouteAndWhyNotThoseBefore) {
  const RequestExplanation out = ask("/api/x?y");
  EXPECT_EQ(out.virtual_host, "all");
  EXPECT_EQ(out.domain, "a.example");
  ASSERT_EQ(out.routes.size(), 2U);
  EXPECT_EQ(out.routes[0].name, "posts");
  EXPECT_FALSE(out.routes[0].chosen);
  ASSERT_EQ(out.routes[0].conditions.size(), 2U);
  EXPECT_TRUE(out.routes[0].conditions[0].holds);
  EXPECT_FALSE(out.routes[0].conditions[1].holds);
  EXPECT_TRUE(out.routes[1].chosen);
  EXPECT_EQ(out.action, "forward");
  EXPECT_EQ(out.outcome, "to cluster \"api\", as /v1/x?y");
  EXPECT_EQ(out.upstream_path, "/v1/x?y");
  ASSERT_EQ(out.clusters.size(), 1U);
  EXPECT_EQ(out.clusters[0].percent, 100);
}

TEST_F(ExplainRequestTest, EachActionHasItsOutcome) {
  EXPECT_EQ(ask("/split").outcome, "to one of the clusters \"a\" 75 %, \"b\" 25 %");
  EXPECT_EQ(ask("/old").outcome, "sent to http://a.example/new with 308");
  EXPECT_EQ(ask("/direct").outcome, "answered with 201 and 4 bytes");
  EXPECT_EQ(ask("/none").outcome, "answered with 404: no route takes it");
  EXPECT_EQ(ask("/none").routes.size(), 5U);
  EXPECT_EQ(ask("/api", "b.example").outcome, "answered with 404: no virtual host has that domain");
}

TEST_F(ExplainRequestTest, CopiesAreNamed) {
  http::Forward forward = to("api");
  forward.mirrors = {{"copy"}, {"sample", 25'000}};
  useRoutes({forwarding("api", at("/"), forward)});
  EXPECT_EQ(
      ask("/").outcome,
      "to cluster \"api\"; a copy to cluster \"copy\"; a copy of 2.5 % to cluster \"sample\"");
}

TEST_F(ExplainRequestTest, ThePathIsThatWhichIsMatched) {
  EXPECT_EQ(ask("/x/..//api").path, "/api");
  EXPECT_EQ(ask("/x/..//api").outcome, "to cluster \"api\", as /v1");
  EXPECT_EQ(ask("/a%2fb").outcome,
            "sent to http://a.example/a/b with 307, as its path has escaped slashes");
  EXPECT_TRUE(ask("/a%00").outcome.starts_with("answered with 400: ")) << ask("/a%00").outcome;
  settings_.transparent = true;
  EXPECT_EQ(ask("/x/..//api").path, "/x/..//api");
}

TEST_F(ExplainRequestTest, ARewrittenPathIsWhatTheUpstreamGets) {
  http::Forward files = to("files");
  files.prefix_rewrite = "/files/";
  useRoutes({forwarding("static", at("/static"), files)});
  EXPECT_EQ(ask("/static//x").upstream_path, "/files/x");
  EXPECT_EQ(ask("/static../x").outcome, "answered with 400: path_has_dots_by_rewrite");
}

TEST_F(ExplainRequestTest, AnUpgradePassesWhereItWould) {
  const auto outcome = [&](const std::string& token) {
    return explainRequest(settings_,
                          {.host = "a.example",
                           .path = "/api",
                           .headers = {{"connection", "upgrade"}, {"upgrade", token}}},
                          connection_)
        .outcome;
  };
  EXPECT_EQ(outcome("websocket"), "answered with 403: upgrade_not_allowed");
  settings_.upgrades = {"websocket"};
  EXPECT_EQ(outcome("websocket"), "to cluster \"api\", as /v1");
  EXPECT_EQ(outcome("other"), "answered with 403: upgrade_not_allowed");
  EXPECT_EQ(outcome("h2c"), "to cluster \"api\", as /v1");
  EXPECT_EQ(outcome("h2c, other"), "answered with 403: upgrade_not_allowed");
  settings_.transparent = true;
  EXPECT_EQ(outcome("other"), "to cluster \"api\", as /v1");
}

TEST_F(ExplainRequestTest, AFieldWithAnUnderscoreIsTakenAsTheCodecsTakeIt) {
  const auto outcome = [&] {
    return explainRequest(settings_,
                          {.host = "a.example", .path = "/api", .headers = {{"x_y", "1"}}},
                          connection_)
        .outcome;
  };
  EXPECT_EQ(outcome(), "answered with 400: underscore_in_header");
  settings_.http1.headers.underscores = http::Underscores::Allow;
  EXPECT_EQ(outcome(), "to cluster \"api\", as /v1");
  settings_.http1.headers.underscores = http::Underscores::Drop;
  EXPECT_EQ(outcome(), "to cluster \"api\", as /v1");
}

TEST_F(ExplainRequestTest, ATunnelLeadsWhereItMay) {
  http::RouteMatch connect;
  connect.path.kind = http::PathMatch::Kind::Connect;
  http::RouteSpec spec = http::test::route("any", std::move(connect));
  spec.route.action = http::Tunnel{};
  std::vector<http::RouteSpec> routes;
  routes.push_back(std::move(spec));
  std::vector<http::VirtualHostSpec> hosts;
  hosts.push_back({"all", "virtual_hosts[0]", {"*"}, std::move(routes)});
  Diagnostics diagnostics;
  settings_.routes = http::RouteTable::compile(std::move(hosts), diagnostics);
  net::OwnAddresses own;
  own.setListeners({*net::SocketAddress::parse("192.0.2.1:80")});
  const auto outcome = [&](const std::string& host) {
    return explainRequest(settings_,
                          {.method = "CONNECT", .host = host, .path = "", .own_addresses = &own},
                          connection_)
        .outcome;
  };
  EXPECT_EQ(outcome("192.0.2.1:81"), "a tunnel to 192.0.2.1:81");
  EXPECT_EQ(outcome("192.0.2.1:80"), "answered with 508: loop");
  EXPECT_EQ(outcome("169.254.169.254:80"), "answered with 403: local_destination");
  EXPECT_EQ(outcome("db.example:0"), "answered with 400: bad_authority");
  EXPECT_EQ(outcome("db.example:5"),
            "a tunnel to db.example:5; answered with 508 (loop) if its name leads to a listener of "
            "this process, with 403 (local_destination) if to another address of this machine or "
            "its link");
}

class NamedFilter final : public http::FilterFactory {
 public:
  explicit NamedFilter(std::string_view name) : name_(name) {}
  std::string_view name() const override { return name_; }
  void create(http::FilterAdder&) const override {}

 private:
  const std::string_view name_;
};

TEST_F(ExplainRequestTest, TheFiltersBeforeTheRouterAreNamed) {
  settings_.filters = {std::make_shared<NamedFilter>("rbac"),
                       std::make_shared<NamedFilter>("router")};
  EXPECT_EQ(ask("/api").filters, std::vector<std::string>{"rbac"});
  settings_.filter_names = {"", "last"};
  EXPECT_EQ(ask("/api").filters, std::vector<std::string>{"rbac"});
  settings_.filter_names = {"who-may", "last"};
  EXPECT_EQ(ask("/api").filters, std::vector<std::string>{"who-may"});
  EXPECT_EQ(ask("/api").protocol, "http/1.1");
  settings_.codec = HttpConnManagerSettings::Codec::Http2;
  EXPECT_EQ(ask("/api").protocol, "h2c");
}

TEST_F(ExplainRequestTest, WithinTlsTheSchemeIsHttps) {
  http::RouteSpec secure = http::test::route("secure", at("/"));
  secure.route.action = http::Redirect{.status = 301, .path = "/new"};
  std::vector<http::RouteSpec> routes;
  routes.push_back(std::move(secure));
  useRoutes(std::move(routes));
  EXPECT_NE(ask("/a").outcome.find("http://a.example/new"), std::string::npos);
  const net::Security to_come;
  connection_.security = &to_come;
  for (const bool transparent : {false, true}) {
    settings_.transparent = transparent;
    settings_.codec = HttpConnManagerSettings::Codec::Http2;
    EXPECT_NE(ask("/a").outcome.find("https://a.example/new"), std::string::npos)
        << ask("/a").outcome;
    EXPECT_EQ(ask("/a").protocol, "h2");
    settings_.codec = HttpConnManagerSettings::Codec::Http1;
    EXPECT_NE(ask("/a").outcome.find("https://a.example/new"), std::string::npos);
    EXPECT_EQ(ask("/a").protocol, "http/1.1");
  }
}

// Denies what is not from a network, as far as it knows.
class Guard final : public http::FilterFactory {
 public:
  std::string_view name() const override { return "guard"; }
  void create(http::FilterAdder&) const override {}
  std::optional<filter::FilterExplanation> explainRequest(
      const http::HeaderMap& headers, const filter::ConnectionInfo& connection,
      const net::IpAddress& client) const override {
    using Verdict = filter::FilterExplanation::Verdict;
    if (client.family == net::Family::None && !connection.facts.known.has(filter::Fact::Source))
      return filter::FilterExplanation{"guard", Verdict::Unknown, "not known",
                                       filter::Fact::Source};
    const std::string from = client.toString() + std::string(headers.get("x-forwarded-for"));
    if (client.isLoopback()) return filter::FilterExplanation{"guard", Verdict::Passes, from};
    return filter::FilterExplanation{"guard", Verdict::Ends, from + " is denied"};
  }
};

TEST_F(ExplainRequestTest, AFilterThatAuthorisesIsAskedWithTheClientThatItWouldSee) {
  settings_.filters = {std::make_shared<NamedFilter>("before"), std::make_shared<Guard>(),
                       std::make_shared<NamedFilter>("behind"),
                       std::make_shared<NamedFilter>("router")};
  const RequestExplanation unknown = ask("/api");
  ASSERT_EQ(unknown.verdicts.size(), 1U);
  EXPECT_EQ(unknown.verdicts[0].outcome, "not known");
  EXPECT_EQ(unknown.outcome, "to cluster \"api\", as /v1");

  connection_.facts.known = filter::Fact::Source;
  connection_.facts.source = *net::IpPort::parse("127.0.0.1:1");
  const RequestExplanation passes = ask("/api");
  EXPECT_EQ(passes.verdicts.at(0).outcome, "127.0.0.1127.0.0.1");  // the address, and the field
  EXPECT_EQ(passes.outcome, "to cluster \"api\", as /v1");
  EXPECT_EQ(passes.filters, (std::vector<std::string>{"before", "behind"}));

  connection_.facts.source = *net::IpPort::parse("192.0.2.1:1");
  settings_.transparent = true;
  const RequestExplanation ends = ask("/api");
  EXPECT_EQ(ends.action, "reject");
  EXPECT_EQ(ends.outcome, "192.0.2.1 is denied, by guard");
  EXPECT_EQ(ends.filters, std::vector<std::string>{"before"});
  EXPECT_TRUE(ends.routes.empty());
  EXPECT_TRUE(ends.clusters.empty());
}

}  // namespace
}  // namespace weir::extensions
