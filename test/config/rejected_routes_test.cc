// Every rule for the fields of a route configuration.
#include "test/config/route_harness.h"

namespace weir::config {
namespace {

// A text in which ^ stands before the value that is wrong, and the error without its place.
struct Marked {
  std::string text;
  std::string error;  // empty: it is right
};

void expectError(std::string yaml, const std::string& error) {
  const size_t mark = yaml.find('^');
  std::string expected;
  if (mark != std::string::npos) {
    yaml.erase(mark, 1);
    expected = ":1:" + std::to_string(mark + 1) + ": " + error + "\n";
  }
  EXPECT_EQ(parseRoutes(yaml).errors, expected) << yaml;
}

class RoutesRuleTest : public testing::TestWithParam<Marked> {};
TEST_P(RoutesRuleTest, IsCheckedAndReportedWhereItStands) {
  expectError("{" + GetParam().text + "}", GetParam().error);
}
class HostRuleTest : public testing::TestWithParam<Marked> {};
TEST_P(HostRuleTest, IsCheckedAndReportedWhereItStands) {
  expectError("virtual_hosts: [{" + GetParam().text + "}]", "virtual_hosts[0]." + GetParam().error);
}
class MatchRuleTest : public testing::TestWithParam<Marked> {};
TEST_P(MatchRuleTest, IsCheckedAndReportedWhereItStands) {
  expectError(
      "virtual_hosts: [{name: v, domains: ['*'], routes: [{direct_response: {status: 200}, "
      "match: " +
          GetParam().text + "}]}]",
      "virtual_hosts[0].routes[0].match" + GetParam().error);
}
class RouteRuleTest : public testing::TestWithParam<Marked> {};
TEST_P(RouteRuleTest, IsCheckedAndReportedWhereItStands) {
  expectError("virtual_hosts: [{name: v, domains: ['*'], routes: [" + GetParam().text + "]}]",
              "virtual_hosts[0].routes[0]" + GetParam().error);
}
class ActionRuleTest : public testing::TestWithParam<Marked> {};
TEST_P(ActionRuleTest, IsCheckedAndReportedWhereItStands) {
  expectError("virtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /p}, route: " +
                  GetParam().text + "}]}]",
              "virtual_hosts[0].routes[0].route" + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, RoutesRuleTest,
    testing::Values(
        Marked{"virtual_hosts: ^[]", "virtual_hosts: is required: at least one virtual host"},
        Marked{"virtual_hosts: [{name: v, domains: [a]}, {name: ^v, domains: [b]}]",
               "virtual_hosts[1].name: \"v\" is already the name of virtual_hosts[0]"},
        Marked{"virtual_hosts: [{name: v, domains: [a]}], request_headers_to_remove: [^Host]",
               "request_headers_to_remove[0]: \"Host\" cannot be changed so; prefix_rewrite, "
               "regex_rewrite and host_rewrite_literal of a route change the path and the host"}));

INSTANTIATE_TEST_SUITE_P(
    Hosts, HostRuleTest,
    testing::Values(
        Marked{"name: v, domains: ['*', 'a.test', '*.a.test', '*-b.a.test', 'a.*', '*:80', "
               "'a.test:80', '[::1]', '[::1]:80', 10.0.0.1, a_b.test]",
               ""},
        Marked{"name: ^'', domains: ['*']", "name: is required: for logs and metrics"},
        Marked{"name: v, domains: ^[]", "domains: is required: at least one domain, or \"*\""},
        Marked{"name: v, domains: [^'']",
               "domains[0]: is required: a name such as \"a.example.com\", or \"*\""},
        Marked{"name: v, domains: [^'http://a']",
               "domains[0]: \"http://a\" is not a domain: it has neither a scheme nor a path"},
        Marked{"name: v, domains: [^'a/b']",
               "domains[0]: \"a/b\" is not a domain: the character \"/\" cannot be in it"},
        Marked{"name: v, domains: [^'*a*']",
               "domains[0]: \"*a*\" is not a domain: a wildcard is only allowed at the begin or at "
               "the end"},
        Marked{"name: v, domains: [^'a.*:80']",
               "domains[0]: \"a.*:80\" is not a domain: a wildcard is only allowed at the begin or "
               "at the end"},
        Marked{"name: v, domains: [^'a:0']",
               "domains[0]: \"a:0\" is not a domain: a port is from 1 to 65535"},
        Marked{"name: v, domains: [^'a:']",
               "domains[0]: \"a:\" is not a domain: a port is from 1 to 65535"},
        Marked{"name: v, domains: [^'a:65536']",
               "domains[0]: \"a:65536\" is not a domain: a port is from 1 to 65535"},
        Marked{"name: v, domains: [^':80']",
               "domains[0]: \":80\" is not a domain: the host is missing"},
        Marked{"name: v, domains: [^'[a]']",
               "domains[0]: \"[a]\" is not a domain: there is no IPv6 address in the brackets"},
        Marked{"name: v, domains: [a, ^A]",
               "domains[1]: \"A\" is already a domain of virtual host 'v' (virtual_hosts[0])"}));

const std::string RequiredKey = "is required: the name of a field, such as \"x-user\"";
INSTANTIATE_TEST_SUITE_P(
    Matches, MatchRuleTest,
    testing::Values(
        Marked{"{path: '*', methods: [OPTIONS]}", ""},
        Marked{"^{}",
               ": is required: one of prefix, path, path_separated_prefix, safe_regex or "
               "connect_matcher"},
        Marked{"{prefix: ^a}", ".prefix: \"a\" is wrong: a path begins with a slash"},
        Marked{"{prefix: ^''}", ".prefix: \"\" is wrong: a path begins with a slash"},
        Marked{"{path: ^'/a b'}",
               ".path: the character \" \" cannot be in a path; write it percent-encoded"},
        Marked{"{path: ^'/a?b'}",
               ".path: the path is matched without its query; that is for query_parameters"},
        Marked{"{path: ^'/a#b'}",
               ".path: the character \"#\" cannot be in a path; write it percent-encoded"},
        Marked{"{path_separated_prefix: ^/a/}",
               ".path_separated_prefix: \"/a/\" ends in a slash; leave that out: it is implied"},
        Marked{"{safe_regex: ^{}}", ".safe_regex.regex: is required: a regular expression"},
        Marked{"{safe_regex: {regex: ^'/a('}}",
               ".safe_regex.regex: is not a regular expression: missing ): /a("},
        Marked{"{safe_regex: {regex: '/a'}, case_sensitive: ^false}",
               ".case_sensitive: is not for safe_regex: begin that with \"(?i)\""},
        Marked{"{connect_matcher: {}, case_sensitive: ^true}",
               ".case_sensitive: is not for connect_matcher: there is no path"},
        Marked{"{connect_matcher: {}, methods: ^[CONNECT]}",
               ".methods: makes no sense with connect_matcher: the method is CONNECT"},
        Marked{"{prefix: /, methods: [^get]}",
               ".methods[0]: \"get\" is not a method; they are in upper case, such as \"GET\""},
        Marked{"{prefix: /, methods: [^'']}",
               ".methods[0]: \"\" is not a method; they are in upper case, such as \"GET\""},
        Marked{"{prefix: /, methods: [GET, ^GET]}",
               ".methods[1]: \"GET\" stands twice in this list"},
        Marked{"{prefix: /, headers: [^{}]}", ".headers[0].name: " + RequiredKey},
        Marked{"{prefix: /, headers: [{name: ^'a b'}]}",
               ".headers[0].name: \"a b\" is not the name of a field"},
        Marked{"{prefix: /, headers: [{name: ^':status'}]}",
               ".headers[0].name: \":status\" is not a field of a request; with a colon there are "
               ":method, :scheme, :authority, :path and :protocol"},
        Marked{"{prefix: /, headers: [{name: a, string_match: ^{}}]}",
               ".headers[0].string_match: is required: one of exact, prefix, suffix, contains or "
               "safe_regex"},
        Marked{"{prefix: /, headers: [{name: a, string_match: {prefix: ^''}}]}",
               ".headers[0].string_match.prefix: is empty: every text has that"},
        Marked{"{prefix: /, headers: [{name: a, string_match: {suffix: ^''}}]}",
               ".headers[0].string_match.suffix: is empty: every text has that"},
        Marked{"{prefix: /, headers: [{name: a, string_match: {contains: ^''}}]}",
               ".headers[0].string_match.contains: is empty: every text has that"},
        Marked{"{prefix: /, headers: [{name: a, string_match: {safe_regex: {regex: ^'['}}}]}",
               ".headers[0].string_match.safe_regex.regex: is not a regular expression: missing ]: "
               "["},
        Marked{"{prefix: /, headers: [{name: a, string_match: {safe_regex: {regex: a}, "
               "ignore_case: ^true}}]}",
               ".headers[0].string_match.ignore_case: is not for safe_regex: begin that with "
               "\"(?i)\""},
        Marked{"{prefix: /, headers: [{name: a, range_match: ^{start: 1, end: 1}}]}",
               ".headers[0].range_match: has no number in it: end is one above the greatest"},
        Marked{
            "{prefix: /, headers: [{name: a, treat_missing_header_as_empty: ^true}]}",
            ".headers[0].treat_missing_header_as_empty: makes no sense where the presence of the "
            "field is asked for"},
        Marked{"{prefix: /, query_parameters: [^{}]}",
               ".query_parameters[0].name: is required: the name of a parameter in the query"},
        Marked{"{prefix: /, query_parameters: [{name: a, present_match: ^false}]}",
               ".query_parameters[0].present_match: cannot be false"},
        Marked{"{prefix: /, query_parameters: [{name: a, string_match: ^{}}]}",
               ".query_parameters[0].string_match: is required: one of exact, prefix, suffix, "
               "contains or safe_regex"}));

const std::string Direct = "match: {prefix: /p}, direct_response: {status: 200}, ";
const std::string Rewritable =
    ": is only for routes that match on prefix, path or path_separated_prefix, which is what it "
    "replaces";
INSTANTIATE_TEST_SUITE_P(
    Routes, RouteRuleTest,
    testing::Values(
        Marked{"^{redirect: {path_redirect: /a}}",
               ".match: is required: which requests, such as {prefix: /}"},
        Marked{"^{match: {prefix: /}}",
               ": is required: one of route, redirect, direct_response or tunnel"},
        Marked{"{match: {prefix: /}, redirect: ^{}}",
               ".redirect: changes nothing: the client would be sent in a circle"},
        Marked{"{match: {connect_matcher: {}}, redirect: ^{https_redirect: true}}",
               ".redirect: is not for connect_matcher: a CONNECT has nothing that could be "
               "redirected"},
        Marked{"{match: {prefix: /}, redirect: {scheme_redirect: ^ftp}}",
               ".redirect.scheme_redirect: \"ftp\" is not allowed; it is \"http\" or \"https\""},
        Marked{"{match: {prefix: /}, redirect: {host_redirect: ^'a:80'}}",
               ".redirect.host_redirect: \"a:80\" is not a host: the character \":\" cannot be in "
               "it"},
        Marked{"{match: {prefix: /}, redirect: {port_redirect: ^65536}}",
               ".redirect.port_redirect: 65536 is out of range: from 1 to 65535 is allowed"},
        Marked{"{match: {prefix: /}, redirect: {path_redirect: ^a}}",
               ".redirect.path_redirect: \"a\" is wrong: a path begins with a slash"},
        Marked{"{match: {prefix: /}, redirect: {prefix_rewrite: ^'/a?b'}}",
               ".redirect.prefix_rewrite: \"/a?b\" has a question mark: a rewrite is of the path, "
               "and the query stays"},
        Marked{"{match: {prefix: /}, redirect: {prefix_rewrite: ^a}}",
               ".redirect.prefix_rewrite: \"a\" is wrong: a path begins with a slash"},
        Marked{"{match: {safe_regex: {regex: /}}, redirect: {prefix_rewrite: ^/a}}",
               ".redirect.prefix_rewrite" + Rewritable},
        Marked{"{match: {prefix: /}, direct_response: ^{}}",
               ".direct_response.status: is required: the status of the response, such as 404"},
        Marked{"{match: {prefix: /}, direct_response: {status: ^199}}",
               ".direct_response.status: 199 is out of range: from 200 to 599 is allowed"},
        Marked{"{match: {prefix: /}, direct_response: {status: 200, body: ^{}}}",
               ".direct_response.body: is required: filename or inline_string"},
        Marked{"{match: {prefix: /}, direct_response: {status: 204, body: {inline_string: ^a}}}",
               ".direct_response.body.inline_string: a response of the status 204 has no body"},
        Marked{"{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: ^" +
                   std::string(65537, 'x') + "}}}",
               ".direct_response.body.inline_string: has 65537 bytes; at most 65536 are allowed"},
        Marked{"{match: {prefix: /}, tunnel: ^{cluster: a}}",
               ".tunnel: is only for routes with connect_matcher"},
        Marked{"{match: {connect_matcher: {}}, tunnel: ^{}}",
               ".tunnel: is required: one of cluster or authority"},
        Marked{"{match: {connect_matcher: {}}, tunnel: {cluster: ^c}}",
               ".tunnel.cluster: there is no cluster \"c\""},
        Marked{"{match: {connect_matcher: {}}, tunnel: {authority: {}, idle_timeout: ^25h}}",
               ".tunnel.idle_timeout: 25h is out of range: from 1ms to 24h is allowed, or 0s"},
        Marked{"{" + Direct + "request_headers_to_add: [^{}]}",
               ".request_headers_to_add[0].header: is required: the field's key and value"},
        Marked{"{" + Direct + "request_headers_to_add: [{header: ^{value: a}}]}",
               ".request_headers_to_add[0].header.key: " + RequiredKey},
        Marked{"{" + Direct + "request_headers_to_add: [{header: {key: ^'a:', value: a}}]}",
               ".request_headers_to_add[0].header.key: \"a:\" is not the name of a field"},
        Marked{"{" + Direct + "response_headers_to_add: [{header: {key: ^Upgrade, value: a}}]}",
               ".response_headers_to_add[0].header.key: \"Upgrade\" belongs to the connection or "
               "frames the body: it cannot be changed"},
        Marked{"{" + Direct + "request_headers_to_add: [{header: {key: ^':path', value: /}}]}",
               ".request_headers_to_add[0].header.key: \":path\" cannot be changed so; "
               "prefix_rewrite, regex_rewrite and host_rewrite_literal of a route change the path "
               "and the host"},
        Marked{"{" + Direct + "request_headers_to_add: [{header: ^{key: a}}]}",
               ".request_headers_to_add[0].header.value: is required: the field's value"},
        Marked{"{" + Direct + "request_headers_to_add: [{header: {key: a, value: ^\"a\\nb\"}}]}",
               ".request_headers_to_add[0].header.value: the character \"\\x0a\" cannot be in a "
               "field's value"},
        Marked{"{" + Direct + "request_headers_to_add: [{header: {key: a, value: ^' a'}}]}",
               ".request_headers_to_add[0].header.value: a field's value neither begins nor ends "
               "with white space"},
        Marked{"{" + Direct + "request_headers_to_add: [{header: {key: a, value: ^'%REQ(b)%'}}]}",
               ".request_headers_to_add[0].header.value: has a single %: there are no operators in "
               "values; write %% for a percent sign"},
        Marked{"{" + Direct + "request_headers_to_remove: [^content-length]}",
               ".request_headers_to_remove[0]: \"content-length\" belongs to the connection or "
               "frames the body: it cannot be changed"},
        Marked{"{" + Direct + "response_headers_to_remove: [a, ^A]}",
               ".response_headers_to_remove[1]: \"A\" stands twice in this list"}));

INSTANTIATE_TEST_SUITE_P(
    Actions, ActionRuleTest,
    testing::Values(
        Marked{"^{}", ": is required: one of cluster or weighted_clusters"},
        Marked{"{cluster: ^c}", ".cluster: there is no cluster \"c\""},
        Marked{"{weighted_clusters: ^{}}",
               ".weighted_clusters.clusters: is required: at least one cluster"},
        Marked{"{weighted_clusters: {clusters: ^[{name: a}]}}",
               ".weighted_clusters.clusters: at least one cluster must have a weight above 0"},
        Marked{"{weighted_clusters: {clusters: [{name: ^c, weight: 1}]}}",
               ".weighted_clusters.clusters[0].name: there is no cluster \"c\""},
        Marked{"{weighted_clusters: {clusters: [{name: a, weight: 1}, {name: ^a, weight: 1}]}}",
               ".weighted_clusters.clusters[1].name: \"a\" stands twice among the clusters"},
        Marked{"{weighted_clusters: {clusters: [{name: a, weight: ^1000001}]}}",
               ".weighted_clusters.clusters[0].weight: 1000001 is out of range: from 0 to 1000000 "
               "is allowed"},
        Marked{"{weighted_clusters: {clusters: [{name: a, weight: 1, request_headers_to_remove: "
               "[^te]}]}}",
               ".weighted_clusters.clusters[0].request_headers_to_remove[0]: \"te\" belongs to the "
               "connection or frames the body: it cannot be changed"},
        Marked{"{cluster: a, prefix_rewrite: ''}", ""},
        Marked{"{cluster: a, prefix_rewrite: ^'/a?b'}",
               ".prefix_rewrite: \"/a?b\" has a question mark: a rewrite is of the path, and the "
               "query stays"},
        Marked{"{cluster: a, regex_rewrite: {pattern: {regex: a}, substitution: ^'/a?b'}}",
               ".regex_rewrite.substitution: \"/a?b\" has a question mark: a rewrite is of the "
               "path, and the query stays"},
        Marked{"{cluster: a, prefix_rewrite: ^a}",
               ".prefix_rewrite: \"a\" is wrong: a path begins with a slash"},
        Marked{"{cluster: a, regex_rewrite: ^{}}",
               ".regex_rewrite.pattern.regex: is required: a regular expression"},
        Marked{"{cluster: a, prefix_rewrite: /, regex_rewrite: ^{pattern: {regex: a}}}",
               ".regex_rewrite: cannot be used with prefix_rewrite"},
        Marked{"{cluster: a, regex_rewrite: {pattern: {regex: a}, substitution: ^'\\1'}}",
               ".regex_rewrite.substitution: is wrong: Rewrite schema requests 1 matches, but the "
               "regexp only has 0 parenthesized subexpressions."},
        Marked{"{cluster: a, regex_rewrite: {pattern: {regex: a}, substitution: ^'/ '}}",
               ".regex_rewrite.substitution: the character \" \" cannot be in a path; write it "
               "percent-encoded"},
        Marked{"{cluster: a, host_rewrite_literal: ^'a b'}",
               ".host_rewrite_literal: \"a b\" is not a host: the character \" \" cannot be in it"},
        Marked{"{cluster: a, host_rewrite_literal: ^''}",
               ".host_rewrite_literal: is required: the name of a host"},
        Marked{"{cluster: a, timeout: ^25h}",
               ".timeout: 25h is out of range: from 1ms to 24h is allowed, or 0s"},
        Marked{"{cluster: a, idle_timeout: ^-1s}",
               ".idle_timeout: -1s is out of range: from 1ms to 24h is allowed, or 0s"},
        Marked{"{cluster: a, max_stream_duration: {max_stream_duration: ^25h}}",
               ".max_stream_duration.max_stream_duration: 25h is out of range: from 1ms to 24h is "
               "allowed, or 0s"},
        Marked{"{cluster: a, request_mirror_policies: [{cluster: ^c}]}",
               ".request_mirror_policies[0].cluster: there is no cluster \"c\""},
        Marked{"{cluster: a, request_mirror_policies: [{cluster: b, fraction: {numerator: ^101}}]}",
               ".request_mirror_policies[0].fraction.numerator: 101 is out of range: from 0 to 100 "
               "is allowed"},
        Marked{"{cluster: a, hash_policy: [^{}]}",
               ".hash_policy[0]: is required: one of header, cookie, connection_properties or "
               "query_parameter"},
        Marked{"{cluster: a, hash_policy: [{header: ^{}}]}",
               ".hash_policy[0].header.header_name: " + RequiredKey},
        Marked{"{cluster: a, hash_policy: [{cookie: ^{}}]}",
               ".hash_policy[0].cookie.name: is required: the name of a cookie"},
        Marked{"{cluster: a, hash_policy: [{cookie: {name: ^'a='}}]}",
               ".hash_policy[0].cookie.name: \"a=\" is not the name of a cookie"},
        Marked{
            "{cluster: a, hash_policy: [{cookie: {name: a, ttl: ^0.5s}}]}",
            ".hash_policy[0].cookie.ttl: 500ms is out of range: from 1s to 87600h is allowed, or "
            "0s"},
        Marked{"{cluster: a, hash_policy: [{cookie: {name: a, path: ^/}}]}",
               ".hash_policy[0].cookie.path: does nothing without ttl"},
        Marked{"{cluster: a, hash_policy: [{cookie: {name: a, ttl: 0s, path: ^'/;'}}]}",
               ".hash_policy[0].cookie.path: a cookie's path has no semicolon"},
        Marked{"{cluster: a, hash_policy: [{connection_properties: ^{}}]}",
               ".hash_policy[0].connection_properties.source_ip: is required to be true"},
        Marked{"{cluster: a, hash_policy: [{query_parameter: ^{}}]}",
               ".hash_policy[0].query_parameter.name: is required: the name of a parameter in the "
               "query"},
        Marked{"{cluster: a, upgrade_configs: [^{}]}",
               ".upgrade_configs[0].upgrade_type: is required: a token such as \"websocket\", or "
               "\"CONNECT\""},
        Marked{"{cluster: a, upgrade_configs: [{upgrade_type: ^'a b'}]}",
               ".upgrade_configs[0].upgrade_type: \"a b\" is not a token of the Upgrade field"},
        Marked{"{cluster: a, upgrade_configs: [{upgrade_type: a}, {upgrade_type: ^A}]}",
               ".upgrade_configs[1].upgrade_type: \"A\" stands twice in this list"}));

INSTANTIATE_TEST_SUITE_P(
    Rewrites, RouteRuleTest,
    testing::Values(
        Marked{"{match: {safe_regex: {regex: /}}, route: {cluster: a, prefix_rewrite: ^/}}",
               ".route.prefix_rewrite" + Rewritable},
        Marked{"{match: {connect_matcher: {}}, route: {cluster: a, regex_rewrite: ^{pattern: "
               "{regex: a}}}}",
               ".route.regex_rewrite: is not for connect_matcher: there is no path"}));

const std::string Retry = "{cluster: a, retry_policy: ";
const std::string Policy = ".retry_policy.";
INSTANTIATE_TEST_SUITE_P(
    Retries, ActionRuleTest,
    testing::Values(
        Marked{Retry + "^{}}",
               Policy + "retry_on: is required: words such as \"connect-failure,5xx\""},
        Marked{Retry + "{retry_on: ^5xxx}}",
               Policy + "retry_on: \"5xxx\" is not a condition; did you mean \"5xx\"?"},
        Marked{Retry + "{retry_on: ^'5xx, 5xx'}}", Policy + "retry_on: \"5xx\" stands twice in it"},
        Marked{Retry + "{retry_on: 5xx, num_retries: ^0}}",
               Policy + "num_retries: 0 is out of range: from 1 to 100 is allowed"},
        Marked{Retry + "{retry_on: 5xx, per_try_timeout: ^25h}}",
               Policy + "per_try_timeout: 25h is out of range: from 1ms to 24h is allowed, or 0s"},
        Marked{Retry + "{retry_on: 5xx, per_try_idle_timeout: ^25h}}",
               Policy +
                   "per_try_idle_timeout: 25h is out of range: from 1ms to 24h is allowed, or 0s"},
        Marked{Retry + "^{retry_on: retriable-status-codes}}",
               Policy + "retriable_status_codes: is required with retriable-status-codes in "
                        "retry_on"},
        Marked{Retry + "{retry_on: 5xx, retriable_status_codes: ^[429]}}",
               Policy + "retriable_status_codes: does nothing without retriable-status-codes in "
                        "retry_on"},
        Marked{Retry + "{retry_on: retriable-status-codes, retriable_status_codes: [^99]}}",
               Policy + "retriable_status_codes[0]: 99 is out of range: from 100 to 599 is "
                        "allowed"},
        Marked{Retry + "{retry_on: retriable-status-codes, retriable_status_codes: [429, ^429]}}",
               Policy + "retriable_status_codes[1]: 429 stands twice in this list"},
        Marked{Retry + "{retry_on: 5xx, retry_back_off: ^{}}}",
               Policy + "retry_back_off.base_interval: is required: how long to wait after a "
                        "failure"},
        Marked{Retry + "{retry_on: 5xx, retry_back_off: {base_interval: 1s, max_interval: ^1ms}}}",
               Policy + "retry_back_off.max_interval: 1ms is out of range: from 1s to 24h is "
                        "allowed"}));

}  // namespace
}  // namespace weir::config
