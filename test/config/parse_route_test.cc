// What a route configuration means.
#include <algorithm>
#include <chrono>

#include "test/config/route_harness.h"

namespace weir::config {
namespace {

using namespace std::chrono_literals;

// The route of GET http://h/PATH, which is checked to be there.
class ParseRouteTest : public testing::Test {
 protected:
  const http::Route& only(const std::string& routes, const std::string& more = "") {
    parsed_ = parseRoutes("{virtual_hosts: [{name: v, domains: ['*'], routes: [" + routes + "]" +
                          more + "}");
    EXPECT_EQ(parsed_.errors, "");
    http::HeaderMap request;
    request.add(http::HeaderId::Method, "GET");
    request.add(http::HeaderId::Authority, "h");
    request.add(http::HeaderId::Path, "/p/x");
    const http::Route* route = parsed_.table->find(request);
    EXPECT_NE(route, nullptr);
    return *route;
  }
  const http::Forward& forward(const std::string& action) {
    return std::get<http::Forward>(
        only("{match: {prefix: /p}, route: {" + action + "}}", "}]").action);
  }
  template <class Action>
  const Action& action(const std::string& text) {
    return std::get<Action>(only("{match: {prefix: /p}, " + text + "}", "}]").action);
  }

  ParsedRoutes parsed_;
};

TEST_F(ParseRouteTest, DefaultsAreThoseThatAreDocumented) {
  const http::Forward& route = forward("cluster: a");
  ASSERT_EQ(route.clusters.size(), 1U);
  EXPECT_EQ(route.clusters[0].name, "a");
  EXPECT_EQ(route.timeout, 15s);
  EXPECT_FALSE(route.idle_timeout);
  EXPECT_EQ(route.max_stream_duration, 0s);
  EXPECT_FALSE(route.retry);
  EXPECT_TRUE(route.upgrades.empty());
}

TEST_F(ParseRouteTest, ReadsEverythingThatAForwardHas) {
  const http::Forward& route = forward(
      "weighted_clusters: {clusters: [{name: a, weight: 3}, {name: b, weight: 1, "
      "request_headers_to_add: [{header: {key: X-B, value: b}}]}]}, prefix_rewrite: /q, "
      "host_rewrite_literal: 'up.test:80', timeout: 0s, idle_timeout: 5s, "
      "max_stream_duration: {max_stream_duration: 1h}, "
      "request_mirror_policies: [{cluster: b, fraction: {numerator: 5}}, {cluster: a}], "
      "hash_policy: [{header: {header_name: X-User}, terminal: true}, {cookie: {name: c, ttl: 60s, "
      "path: /}}, {connection_properties: {source_ip: true}}, {query_parameter: {name: q}}], "
      "upgrade_configs: [{upgrade_type: WebSocket}, {upgrade_type: CONNECT, enabled: false}]");
  EXPECT_EQ(route.clusters[0].weight, 3U);
  EXPECT_EQ(route.clusters[1].request_headers.add.at(0).name, "x-b");
  EXPECT_EQ(route.prefix_rewrite, "/q");
  EXPECT_EQ(route.host_rewrite, "up.test:80");
  EXPECT_EQ(route.timeout, 0s);
  EXPECT_EQ(route.idle_timeout, Duration(5s));
  EXPECT_EQ(route.max_stream_duration, 1h);
  EXPECT_EQ(route.mirrors.at(0).per_million, 50'000U);
  EXPECT_EQ(route.mirrors.at(1).per_million, 1'000'000U);
  ASSERT_EQ(route.hash_policy.size(), 4U);
  EXPECT_EQ(route.hash_policy[0].kind, http::HashPolicy::Kind::Header);
  EXPECT_EQ(route.hash_policy[0].name, "x-user");
  EXPECT_TRUE(route.hash_policy[0].terminal);
  EXPECT_EQ(route.hash_policy[1].cookie_ttl, Duration(60s));
  EXPECT_EQ(route.hash_policy[1].cookie_path, "/");
  EXPECT_EQ(route.hash_policy[2].kind, http::HashPolicy::Kind::SourceIp);
  EXPECT_EQ(route.hash_policy[3].name, "q");
  ASSERT_EQ(route.upgrades.size(), 2U);
  EXPECT_EQ(route.upgrades[0].type, "websocket");
  EXPECT_TRUE(route.upgrades[0].enabled);
  EXPECT_EQ(route.upgrades[1].type, "connect");
  EXPECT_FALSE(route.upgrades[1].enabled);
}

TEST_F(ParseRouteTest, ReadsARetryPolicy) {
  const http::RetryPolicy retry =
      *forward(
           "cluster: a, retry_policy: {retry_on: '5xx, connect-failure,retriable-status-codes', "
           "num_retries: 3, per_try_timeout: 1s, per_try_idle_timeout: 2s, retriable_status_codes: "
           "[429], retry_back_off: {base_interval: 10ms, max_interval: 1s}}")
           .retry;
  EXPECT_TRUE(retry.has(http::RetryOn::ServerErrors));
  EXPECT_TRUE(retry.has(http::RetryOn::ConnectFailure));
  EXPECT_TRUE(retry.has(http::RetryOn::RetriableStatus));
  EXPECT_FALSE(retry.has(http::RetryOn::Reset));
  EXPECT_EQ(retry.num_retries, 3U);
  EXPECT_EQ(retry.per_try_timeout, 1s);
  EXPECT_EQ(retry.per_try_idle_timeout, 2s);
  EXPECT_EQ(retry.statuses, std::vector<unsigned>{429});
  EXPECT_EQ(retry.backoff, (BackoffSettings{10ms, 1s}));
}

TEST_F(ParseRouteTest, ReadsARegexRewrite) {
  const http::Forward& route =
      forward("cluster: a, regex_rewrite: {pattern: {regex: '/p/(.*)'}, substitution: '/\\1'}");
  EXPECT_EQ(route.regex_rewrite->pattern->pattern(), "/p/(.*)");
  EXPECT_EQ(route.regex_rewrite->substitution, "/\\1");
}

TEST_F(ParseRouteTest, ReadsAHostRewrite) {
  EXPECT_TRUE(forward("cluster: a, auto_host_rewrite: true").auto_host_rewrite);
  const http::Forward& literal = forward("cluster: a, host_rewrite_literal: b.example");
  EXPECT_EQ(literal.host_rewrite, "b.example");
  EXPECT_FALSE(literal.auto_host_rewrite);
}

TEST_F(ParseRouteTest, ReadsARedirect) {
  const auto& redirect = action<http::Redirect>(
      "redirect: {https_redirect: true, host_redirect: other.test, port_redirect: 8443, "
      "prefix_rewrite: /q, response_code: PERMANENT_REDIRECT, strip_query: true}");
  EXPECT_EQ(redirect.scheme, "https");
  EXPECT_EQ(redirect.host, "other.test");
  EXPECT_EQ(redirect.port, 8443);
  EXPECT_EQ(redirect.prefix_rewrite, "/q");
  EXPECT_EQ(redirect.status, 308U);
  EXPECT_TRUE(redirect.strip_query);
}

TEST_F(ParseRouteTest, ReadsADirectResponse) {
  const auto& response =
      action<http::DirectResponse>("direct_response: {status: 404, body: {inline_string: gone}}");
  EXPECT_EQ(response.status, 404U);
  EXPECT_EQ(response.body, "gone");
}

TEST_F(ParseRouteTest, ReadsATunnel) {
  parsed_ = parseRoutes(
      "virtual_hosts: [{name: v, domains: [h], routes: [{match: {connect_matcher: {}}, "
      "tunnel: {cluster: a, idle_timeout: 5s}}]}, {name: w, domains: ['*'], routes: [{match: "
      "{connect_matcher: {}}, tunnel: {authority: {}}}]}, {name: x, domains: [i], routes: [{match: "
      "{connect_matcher: {}}, tunnel: {authority: {allow_local_destinations: true}}}]}]");
  ASSERT_EQ(parsed_.errors, "");
  std::vector<http::Tunnel> tunnels;
  parsed_.table->eachRoute(
      [&](const http::Route& route) { tunnels.push_back(std::get<http::Tunnel>(route.action)); });
  EXPECT_EQ(tunnels.at(0).cluster, "a");
  EXPECT_EQ(tunnels.at(0).idle_timeout, 5s);
  EXPECT_EQ(tunnels.at(1).cluster, "");
  EXPECT_EQ(tunnels.at(1).idle_timeout, 1h);
  EXPECT_FALSE(tunnels.at(1).allow_local_destinations);
  EXPECT_TRUE(tunnels.at(2).allow_local_destinations);
}

TEST_F(ParseRouteTest, AllConditionsAreRead) {
  const http::Route& route = only(
      "{name: no, match: {prefix: /, methods: [PUT]}, redirect: {path_redirect: /1}}, "
      "{name: no2, match: {prefix: /, headers: [{name: Host, string_match: {exact: H}}]}, "
      "redirect: "
      "{path_redirect: /2}}, "
      "{name: no3, match: {prefix: /, headers: [{name: x, present_match: true}]}, redirect: "
      "{path_redirect: /3}}, "
      "{name: no4, match: {prefix: /, query_parameters: [{name: q}]}, redirect: {path_redirect: "
      "/4}}, "
      "{name: no5, match: {prefix: /, grpc: {}}, redirect: {path_redirect: /5}}, "
      "{name: no6, match: {safe_regex: {regex: '/P.*'}}, redirect: {path_redirect: /6}}, "
      "{name: yes, match: {path_separated_prefix: /P, case_sensitive: false, methods: [GET], "
      "headers: [{name: Host, string_match: {exact: H, ignore_case: true}}, {name: x, "
      "present_match: false}, {name: y, range_match: {start: 1, end: 2}, "
      "treat_missing_header_as_empty: true, invert_match: true}]}, direct_response: {status: 200}}",
      "}]");
  EXPECT_EQ(route.name, "yes");
  EXPECT_EQ(route.matched_prefix, 2U);
  EXPECT_EQ(route.virtual_host->name, "v");
}

TEST_F(ParseRouteTest, HeaderChangesOfAllLevelsAreOneFromTheInnermostOut) {
  const http::Route& route = only(
      "{match: {prefix: /}, direct_response: {status: 200}, request_headers_to_add: [{header: "
      "{key: "
      "X-Route, value: 50%%}}, {header: {key: x-gone, value: v}}], response_headers_to_add: "
      "[{header: {key: x-r, value: v}, append_action: ADD_IF_ABSENT}]}",
      ", request_headers_to_remove: [x-gone], request_headers_to_add: [{header: {key: x-host, "
      "value: v}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}]}], request_headers_to_add: [{header: "
      "{key: x-table, value: v}, append_action: OVERWRITE_IF_EXISTS}], response_headers_to_remove: "
      "[server]");
  using Action = http::HeaderToAdd::Action;
  ASSERT_EQ(route.request_headers.add.size(), 3U);
  EXPECT_EQ(route.request_headers.add[0].name, "x-route");
  EXPECT_EQ(route.request_headers.add[0].value, "50%");
  EXPECT_EQ(route.request_headers.add[1].action, Action::Overwrite);
  EXPECT_EQ(route.request_headers.add[2].action, Action::OverwriteIfPresent);
  EXPECT_EQ(route.request_headers.remove, std::vector<std::string>{"x-gone"});
  EXPECT_EQ(route.response_headers.add.at(0).action, Action::AddIfAbsent);
  EXPECT_EQ(route.response_headers.remove, std::vector<std::string>{"server"});
}

TEST_F(ParseRouteTest, AllErrorsAreReportedAtOnceEachWhereItStands) {
  EXPECT_EQ(
      parseRoutes("virtual_hosts:\n"
                  "- name: v\n"
                  "  domains: [a.test, 'b*c']\n"
                  "  routes:\n"
                  "  - match: {prefix: /}\n"
                  "    route: {cluster: c}\n"
                  "  - {match: {prefix: /a}, route: {cluster: a}}\n"
                  "  - {match: {prefix: /ab}, route: {cluster: a}}\n"
                  "- {name: w, domains: [A.test]}\n")
          .errors,
      ":3:21: virtual_hosts[0].domains[1]: \"b*c\" is not a domain: a wildcard is only allowed "
      "at the begin or at the end\n"
      ":6:22: virtual_hosts[0].routes[0].route.cluster: there is no cluster \"c\"\n"
      ":9:23: virtual_hosts[1].domains[0]: \"A.test\" is already a domain of virtual host 'v' "
      "(virtual_hosts[0])\n"
      ":8:5: virtual_hosts[0].routes[2]: route can never be "
      "chosen: every request that it matches goes to route (virtual_hosts[0].routes[1]), "
      "which comes first\n");
}

}  // namespace
}  // namespace weir::config
