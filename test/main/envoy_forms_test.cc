// What people write who know Envoy's configuration, or mistype: each is refused where it stands,
// and told what to write.

#include <gtest/gtest.h>

#include <string>

#include "source/config/load_settings.h"
#include "source/main/extensions.h"

namespace weir {
namespace {

std::string errorsIn(const std::string& yaml) {
  config::Registry registry;
  registerBuiltins(registry);
  return config::formatErrors("",
                              config::parseSettings(yaml, config::Format::Yaml, registry).errors);
}

struct Written {
  std::string text;
  std::string said;  // among the errors; empty: nothing is wrong
};

// Puts it in the place of %s.
void expectSaid(std::string yaml, const Written& written) {
  yaml.replace(yaml.find("%s"), 2, written.text);
  const std::string errors = errorsIn(yaml);
  if (written.said.empty()) {
    EXPECT_EQ(errors, "") << yaml;
  } else {
    EXPECT_NE(errors.find(written.said), std::string::npos) << yaml << errors;
  }
}

const std::string Manager =
    "{typed_config: {\"@type\": type.googleapis.com/"
    "weir.extensions.network.http_conn_manager.v1.HttpConnectionManager, stat_prefix: a, ";
const std::string Routes = "route_config: {virtual_hosts: [{name: v, domains: [\"*\"], routes: ";
const std::string Plain = "[{match: {prefix: /}, direct_response: {status: 204}}]}]}";

std::string fileWith(const std::string& address, const std::string& manager) {
  return "listeners:\n- name: l\n  address: " + address +
         "\n  default_filter_chain: {name: c, filters: [" + Manager + manager + "}}]}\n";
}

TEST(EnvoyForms, AnAddressIsOneText) {
  const std::string it_is = ": an address is one text; write ";
  for (const Written& written : {
           Written{"127.0.0.1:80", ""},
           Written{"{socket_address: {address: 10.0.0.1, port_value: 8080}}",
                   it_is + "\"10.0.0.1:8080\"\n"},
           Written{"{socketAddress: {address: '::1', portValue: 8080}}",
                   it_is + "\"[::1]:8080\"\n"},
           Written{"{socket_address: {address: 10.0.0.1}}", it_is + "\"10.0.0.1:PORT\"\n"},
           Written{"{socket_address: }", it_is + "\"IP:PORT\"\n"},
           Written{"{address: 10.0.0.1, port_value: 80}", it_is + "\"10.0.0.1:80\"\n"},
           Written{"{pipe: {path: /run/weir.sock}}", it_is + "\"unix:/run/weir.sock\"\n"},
           Written{"{ip: 10.0.0.1}", "listeners[0].address: expected a text, not a mapping\n"},
       }) {
    expectSaid(fileWith("%s", Routes + Plain), written);
  }
}

TEST(EnvoyForms, OfTheConnectionManagerHaveAnotherPlace) {
  for (const Written& written : {
           Written{"access_log: {path: /dev/null}", ""},
           Written{"access_log: [{name: envoy.access_loggers.file}]",
                   "not a list: there is one of it, without \"-\" or [ ]\n"},
           Written{"access_log: {typed_config: {path: /dev/null}}",
                   ": path, text_format and json_format are fields of this message\n"},
           Written{"http_protocol_options: {keepalive_interval: 1s}",
                   ": keepalive_interval and keepalive_timeout are fields of "
                   "http2_protocol_options: HTTP/1 has no PING\n"},
           Written{"http_protocol_options: {default_host_for_http_10: a}",
                   ": is not available: a request of HTTP/1.0 without a host is for the virtual "
                   "host of the domain \"*\"\n"},
           Written{"http2_protocol_options: {keepalive_interval: 1s}", ""},
           Written{"http2_protocol_options: {connection_keepalive: {interval: 1s}}",
                   ": its interval and timeout are keepalive_interval and keepalive_timeout\n"},
           Written{"codec_type: HTTP1, http_protocol_options: {accept_http_10: false}", ""},
           Written{"codec_type: HTTP1, http2_protocol_options: {keepalive_interval: 1s}",
                   "http2_protocol_options: is never used: codec_type is HTTP1\n"},
           Written{"codec_type: HTTP2, http_protocol_options: {accept_http_10: false}",
                   "http_protocol_options: is never used: codec_type is HTTP2\n"},
       }) {
    expectSaid(fileWith("127.0.0.1:80", "%s, " + Routes + Plain), written);
  }
}

TEST(EnvoyForms, OfRoutesHaveAnotherName) {
  const std::string answer = ", direct_response: {status: 204}}]}]}";
  for (const Written& written : {
           Written{"{safe_regex: {regex: '/a.*'}}" + answer, ""},
           Written{"{safe_regex: {google_re2: {}, regex: '/a.*'}}" + answer,
                   ": leave it out: every expression is one of RE2\n"},
           Written{"{prefix: /}, request_headers_to_add: [{header: {key: a, value: b}, append: "
                   "false}]" +
                       answer,
                   ": it is append_action: append: true is APPEND_IF_EXISTS_OR_ADD, append: false "
                   "is OVERWRITE_IF_EXISTS_OR_ADD\n"},
           Written{"{prefix: /}, request_headers_to_add: [{header: {key: a, value: b}, "
                   "append_action: OVERWRITE_IF_EXISTS_OR_ADD}]" +
                       answer,
                   ""},
       }) {
    expectSaid(fileWith("127.0.0.1:80", Routes + "[{match: %s"), written);
  }
}

TEST(EnvoyForms, HeaderMatchersSayWhatToWrite) {
  const std::string answer = "}, direct_response: {status: 204}}]}]}";
  for (const Written& written : {
           Written{"present_match: true", ""},
           Written{"range_match: {start: 1, end: 2}", ""},
           Written{"string_match: {exact: b}", ""},
           Written{"exact_match: b", ": write string_match: {exact: VALUE}\n"},
           Written{"prefix_match: b", ": write string_match: {prefix: VALUE}\n"},
           Written{"suffixMatch: b", ": write string_match: {suffix: VALUE}\n"},
           Written{"contains_match: b", ": write string_match: {contains: VALUE}\n"},
           Written{"safe_regex_match: {regex: b}",
                   ": write string_match: {safe_regex: {regex: EXPRESSION}}\n"},
       }) {
    expectSaid(
        fileWith("127.0.0.1:80", Routes + "[{match: {prefix: /, headers: [{name: a, %s}]" + answer),
        written);
  }
}

TEST(EnvoyForms, OfVirtualHostsAreFiltersOrFieldsOfRoutes) {
  for (const Written& written : {
           Written{"cors: {}",
                   ": it is an HTTP filter, weir.extensions.http.cors.v1.Cors, for all "
                   "routes of its listener\n"},
           Written{"rate_limits: []",
                   ": it is an HTTP filter, "
                   "weir.extensions.http.local_ratelimit.v1.LocalRateLimit, for all routes of its "
                   "listener\n"},
           Written{"typed_per_filter_config: {}",
                   ": a filter has one configuration for all routes of its listener\n"},
           Written{"retry_policy: {}", ": it is a field of each route\n"},
           Written{"hedge_policy: {}",
                   ": is not available: a try that takes too long ends by "
                   "per_try_timeout of the route's retry_policy, "},
       }) {
    expectSaid(
        fileWith("127.0.0.1:80",
                 "route_config: {virtual_hosts: [{name: v, domains: [\"*\"], %s, routes: " + Plain),
        written);
  }
  expectSaid(
      fileWith("127.0.0.1:80", Routes + "[{match: {prefix: /}, route: {cluster: up, %s}}]}]}"),
      {"hedge_policy: {hedge_on_per_try_timeout: true}", "per_try_timeout"});
}

TEST(EnvoyForms, TypesOfClustersThatAreNotThereSayWhatIs) {
  for (const Written& written : {
           Written{"STRICT_DNS", ""},
           Written{"EDS",
                   ": the addresses of a cluster stand in endpoints, or come from DNS with "
                   "type: STRICT_DNS\n"},
           Written{"LOGICAL_DNS", ": write STRICT_DNS, which uses all addresses of a name\n"},
           Written{"STRICTDNS", "; did you mean STRICT_DNS?\n"},
       }) {
    expectSaid(fileWith("127.0.0.1:80", Routes + Plain) +
                   "clusters:\n- {name: up, endpoints: [{address: 'a.test:1'}], type: %s}\n",
               written);
  }
}

TEST(EnvoyForms, OfClustersAreRefusedWhereTheyDoNothing) {
  const std::string unused =
      "http_protocol_options.http2_protocol_options: is never used: the cluster is spoken to over "
      "HTTP/1.1; with it, set upstream_protocol: HTTP2 or AS_CLIENT\n";
  for (const Written& written : {
           Written{"{http2_protocol_options: {}}", unused},
           Written{"{upstream_protocol: HTTP1, http2_protocol_options: {}}", unused},
           Written{"{upstream_protocol: HTTP2, http2_protocol_options: {}}", ""},
           Written{"{upstream_protocol: AS_CLIENT, http2_protocol_options: {}}", ""},
           Written{"{keepalive_interval: 1s}", "are fields of http2_protocol_options"},
       }) {
    expectSaid(fileWith("127.0.0.1:80", Routes + Plain) +
                   "clusters:\n- {name: up, endpoints: [{address: '127.0.0.1:1'}], "
                   "http_protocol_options: %s}\n",
               written);
  }
  expectSaid(fileWith("127.0.0.1:80", Routes + Plain) + "clusters:\n- {name: up, endpoints: %s}\n",
             {"[{endpoint: {address: {}}}]",
              ": the address of an endpoint is its own field, as in address: \"10.0.0.1:80\"\n"});
}

TEST(EnvoyForms, DurationsHaveAUnit) {
  for (const Written& written : {
           Written{"1h", ""},
           Written{"1500us", ""},
           Written{"1000000ns", ""},
           Written{"1.5",
                   "a number with a unit (h, m, s, ms, us, ns) such as \"1.5s\", not \"1.5\"; "
                   "did you mean \"1.5s\"?\n"},
           Written{"1 s", "(h, m, s, ms, us, ns)"},
           Written{"1d", "(h, m, s, ms, us, ns)"},
           Written{"{seconds: 1}", "(h, m, s, ms, us, ns)"},
           Written{"999us", "idle_timeout: 999us is out of range: from 1ms to "},
           Written{"1ns", "idle_timeout: 1ns is out of range: from 1ms to "},
       }) {
    expectSaid(fileWith("127.0.0.1:80", "idle_timeout: %s, " + Routes + Plain), written);
  }
}

TEST(EnvoyForms, AFilterOfAnotherKindIsToldWhereItBelongs) {
  const std::string type = "{typed_config: {\"@type\": type.googleapis.com/";
  for (const Written& written : {
           Written{"weir.extensions.http.router.v1.Router", ""},
           Written{"envoy.extensions.filters.http.router.v3.Router",
                   "; did you mean \"weir.extensions.http.router.v1.Router\"?\n"},
           Written{"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                   "; did you mean \"weir.extensions.network.tcp_proxy.v1.TcpProxy\"? That is a "
                   "network filter: it belongs in the filters of a chain\n"},
           Written{"weir.extensions.listener.tls_inspector.v1.TlsInspector",
                   "is a listener filter: it belongs in listener_filters\n"},
           Written{"envoy.extensions.filters.http.lua.v3.Lua",
                   "; known HTTP filters: weir.extensions.http.buffer.v1.Buffer, "},
       }) {
    expectSaid(fileWith("127.0.0.1:80", Routes + Plain + ", http_filters: [" + type + "%s}}]"),
               written);
  }
  const std::string errors = errorsIn(
      fileWith("127.0.0.1:80", Routes + Plain + ", http_filters: [" + type + "x.y.Lua}}]"));
  EXPECT_EQ(errors.find("weir.extensions.network.tcp_proxy"), std::string::npos) << errors;
}

}  // namespace
}  // namespace weir
