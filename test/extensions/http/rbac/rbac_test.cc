#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/extensions/http/rbac/factory.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace weir::http_filters {
namespace {

using test::HttpFilterHarness;
using Fields = HttpFilterHarness::Fields;

std::string rules(const std::string& permission, const std::string& principal = "{any: true}",
                  const std::string& action = "ALLOW") {
  return "{action: " + action + ", policies: {p: {permissions: [" + permission +
         "], principals: [" + principal + "]}}}";
}

HttpFilterHarness::Factories rbac(const std::string& fields) {
  return {test::makeFilter(makeRbacConfigFactory(), "stat_prefix: api, " + fields)};
}

// 192.0.2.1 asks at 198.51.100.2:80.
void connect(HttpFilterHarness& h) {
  filter::ConnectionInfo& info = h.connection();
  info.reason = filter::Reason::ClientBytes;
  info.facts.known = filter::FactSet::all();
  info.facts.source = *net::IpPort::parse("192.0.2.1:4660");
  info.facts.direct_source = *net::IpAddress::parse("10.0.0.7");
  info.facts.destination = *net::IpPort::parse("198.51.100.2:80");
  info.facts.server_name = "db.example.com";
}

struct Case {
  std::string permission;
  bool allowed;
  Fields fields = {};
  std::string method = "GET";
  std::string path = "/a/b?q=1";
};

void expectOutcome(const Case& one, const std::string& filter_rules, bool allowed) {
  HttpFilterHarness h(rbac("rules: " + filter_rules));
  connect(h);
  h.request(one.method, one.path, one.fields);
  EXPECT_EQ(h.upstreamRequest() != "||", allowed) << filter_rules;
  if (allowed) return;
  EXPECT_EQ(h.response(),
            ":status=403;content-length=9;content-type=text/plain;weir-error=rbac_access_denied;|"
            "Forbidden|end");
  EXPECT_EQ(h.info().reason, "rbac_access_denied");
}

const std::vector<Case> OfRequests = {
    {"{any: true}", true},
    {"{url_path: {path: {exact: /a/b}}}", true},
    {"{url_path: {path: {prefix: /a/}}}", true},
    {"{url_path: {path: {prefix: /b/}}}", false},
    {"{url_path: {path: {safe_regex: {regex: \"/a/[a-z]\"}}}}", true},
    {"{header: {name: \":method\", string_match: {exact: GET}}}", true},
    {"{header: {name: \":method\", string_match: {exact: GET}}}", false, {}, "POST"},
    {"{header: {name: host, string_match: {exact: test}}}", true},
    {"{header: {name: X-User, string_match: {exact: anna}}}", true, {{"x-user", "anna"}}},
    {"{header: {name: x-user, string_match: {exact: anna}}}", false, {{"x-user", "Anna"}}},
    {"{header: {name: x-user, string_match: {exact: anna}}}",
     false,
     {{"x-user", "anna"}, {"x-user", "eve"}}},
    {"{header: {name: x-user}}", false},
    {"{header: {name: x-user, string_match: {exact: eve}, invert_match: true}}", false},
};

TEST(HttpRbacTest, PermissionsAndPrincipalsLookAtRequests) {
  for (const Case& one : OfRequests) {
    expectOutcome(one, rules(one.permission), one.allowed);
    expectOutcome(one, rules("{any: true}", one.permission), one.allowed);
    expectOutcome(one, rules(one.permission, "{any: true}", "DENY"), !one.allowed);
    expectOutcome(one, rules("{not_rule: " + one.permission + "}"), !one.allowed);
    expectOutcome(one, rules("{and_rules: {rules: [" + one.permission + ", {any: true}]}}"),
                  one.allowed);
    expectOutcome(one, rules("{any: true}", "{or_ids: {ids: [" + one.permission + "]}}"),
                  one.allowed);
  }
}

TEST(HttpRbacTest, PermissionsLookAtConnections) {
  for (const Case& one : {
           Case{"{destination_ip: 198.51.100.0/24}", true},
           Case{"{destination_ip: 198.51.101.0/24}", false},
           Case{"{destination_port: 80}", true},
           Case{"{destination_port_range: {start: 81, end: 90}}", false},
           Case{"{requested_server_name: \"*.example.com\"}", true},
       }) {
    expectOutcome(one, rules(one.permission), one.allowed);
  }
}

TEST(HttpRbacTest, PrincipalsLookAtConnections) {
  for (const Case& one : {
           Case{"{remote_ip: 192.0.2.0/24}", true},
           Case{"{remote_ip: 10.0.0.0/8}", false},
           Case{"{direct_remote_ip: 10.0.0.0/8}", true},
       }) {
    expectOutcome(one, rules("{any: true}", one.permission), one.allowed);
  }
}

TEST(HttpRbacTest, RemoteIpIsTheClientThatTrustedProxiesName) {
  const auto status = [](const std::string& principal) {
    HttpFilterHarness h(rbac("rules: " + rules("{any: true}", principal)));
    connect(h);
    h.info().client = *net::IpAddress::parse("203.0.113.9");
    h.request("GET", "/");
    return h.responseHeader(":status");
  };
  EXPECT_EQ(status("{remote_ip: 203.0.113.9}"), "-");
  EXPECT_EQ(status("{remote_ip: 192.0.2.1}"), "403");
  EXPECT_EQ(status("{direct_remote_ip: 10.0.0.7}"), "-");
  EXPECT_EQ(status("{direct_remote_ip: 203.0.113.9}"), "403");
}

TEST(HttpRbacTest, WhatIsNotKnownIsNotAllowed) {
  for (const std::string action : {"ALLOW", "DENY"}) {
    HttpFilterHarness h(rbac("rules: " + rules("{destination_port: 80}", "{any: true}", action)));
    h.request("GET", "/");
    EXPECT_EQ(h.responseHeader(":status"), "403") << action;
  }
}

TEST(HttpRbacTest, AsksForTheFactsOfItsRules) {
  const auto facts = [](const std::string& fields) {
    return rbac(fields).front()->requiredFacts();
  };
  EXPECT_TRUE(facts("rules: " + rules("{url_path: {path: {prefix: /}}}")).empty());
  EXPECT_EQ(facts("rules: " + rules("{requested_server_name: a.example.com}") +
                  ", shadow_rules: " + rules("{any: true}", "{remote_ip: 10.0.0.1}")),
            filter::Fact::ServerName | filter::Fact::Source);
}

TEST(HttpRbacTest, ShadowRulesOnlyCount) {
  HttpFilterHarness h(rbac("shadow_rules: " + rules("{url_path: {path: {prefix: /a}}}") +
                           ", rules: " + rules("{any: true}")));
  for (const std::string path : {"/a", "/b", "/c"}) {
    h.request("GET", path);
    EXPECT_NE(h.upstreamRequest(), "||");
    h.nextStream();
  }
  const std::string metrics = h.context().metrics();
  for (const std::string line : {"rules=\"enforced\",outcome=\"allowed\",policy=\"p\"} 3\n",
                                 "rules=\"shadow\",outcome=\"allowed\",policy=\"p\"} 1\n",
                                 "rules=\"shadow\",outcome=\"denied\",policy=\"-\"} 2\n"}) {
    EXPECT_NE(metrics.find("weir_http_rbac_decisions_total{name=\"api\"," + line),
              std::string::npos)
        << line << metrics;
  }
}

TEST(HttpRbacTest, TellsGrpcInItsOwnWay) {
  HttpFilterHarness h(rbac("rules: " + rules("{header: {name: x-user}}")));
  h.requestHeaders({{":method", "POST"}, {":path", "/s/m"}, {"content-type", "application/grpc"}},
                   false);
  EXPECT_EQ(h.response(),
            ":status=200;content-type=application/grpc;grpc-status=7;grpc-message=Forbidden;"
            "weir-error=rbac_access_denied;||end");
}

TEST(HttpRbacFactoryTest, ChecksEveryField) {
  struct Fault {
    std::string rules;
    std::string error;
  };
  for (const Fault& one : {
           Fault{"{}", "policies: is required: at least one"},
           Fault{"{policies: {\"-\": {permissions: [{any: true}], principals: [{any: true}]}}}",
                 "policies: a policy's name must not be empty or \"-\""},
           Fault{"{policies: {p: {principals: [{any: true}]}}}",
                 "policies.p.permissions: is required: at least one"},
           Fault{"{policies: {p: {permissions: [{any: true}]}}}",
                 "policies.p.principals: is required: at least one"},
           Fault{
               rules("{}"),
               "policies.p.permissions[0]: is empty: set one of its fields; \"any: true\" permits "
               "everything"},
           Fault{rules("{any: true}", "{}"),
                 "policies.p.principals[0]: is empty: set one of its fields; \"any: true\" is "
                 "everyone"},
           Fault{rules("{any: false}"),
                 "policies.p.permissions[0].any: must be true: it stands for everything; not_rule "
                 "and not_id negate"},
           Fault{rules("{header: {}}"),
                 "policies.p.permissions[0].header.name: is required: the name of a field, such as "
                 "\"x-user\""},
           Fault{rules("{any: true}", "{header: {name: \":status\"}}"),
                 "policies.p.principals[0].header.name: \":status\" is not a field of a request; "
                 "with a colon there are :method, :scheme, :authority, :path and :protocol"},
           Fault{
               rules("{url_path: {path: {prefix: a/}}}"),
               "policies.p.permissions[0].url_path.path: \"a/\" is the begin of no path: it begins "
               "with a slash"},
           Fault{
               rules("{url_path: {path: {exact: \"/a?b\"}}}"),
               "policies.p.permissions[0].url_path.path: \"/a?b\" has a question mark: the path is "
               "compared without its query"},
           Fault{rules("{url_path: {}}"),
                 "policies.p.permissions[0].url_path.path: is required: one of exact, prefix, "
                 "suffix, contains or safe_regex"},
           Fault{
               rules("{and_rules: {rules: [{destination_port: 0}]}}"),
               "policies.p.permissions[0].and_rules.rules[0].destination_port: 0 is out of range: "
               "from 1 to 65535 is allowed"},
       }) {
    for (const std::string field : {"rules", "shadow_rules"}) {
      EXPECT_EQ(
          test::errorsOf(makeRbacConfigFactory(), "stat_prefix: a, " + field + ": " + one.rules),
          std::vector<std::string>{field + "." + one.error});
    }
  }
  EXPECT_EQ(test::errorsOf(makeRbacConfigFactory(), "stat_prefix: a"),
            std::vector<std::string>{"rules: is required, unless there are shadow_rules"});
  EXPECT_EQ(test::errorsOf(makeRbacConfigFactory(), "rules: " + rules("{any: true}")),
            std::vector<std::string>{"stat_prefix: is required: the label of its metrics"});
}

}  // namespace
}  // namespace weir::http_filters
