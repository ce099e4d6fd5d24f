// The built-in extensions as a configuration meets them: every field that can be wrong, through the
// real factories.

#include "source/main/extensions.h"

#include <gtest/gtest.h>

#include <string>

#include "source/config/load_settings.h"

namespace weir {
namespace {

struct Case {
  std::string settings;  // of the filter, in YAML's flow style
  std::string error;     // what stands behind the field path's `typed_config.`; empty: none
};

std::string errorsOf(const std::string& listener_filters, const std::string& filter) {
  config::Registry registry;
  registerBuiltins(registry);
  const std::string yaml = "listeners:\n- name: l\n  address: 127.0.0.1:0\n" + listener_filters +
                           "  default_filter_chain: {name: c, filters: [{typed_config: " + filter +
                           "}]}\nclusters: [{name: db, endpoints: [{address: \"127.0.0.1:1\"}]}]\n";
  std::string errors;
  for (const auto& error : config::parseSettings(yaml, config::Format::Yaml, registry).errors) {
    errors += error.path + ": " + error.message + "\n";
  }
  return errors;
}

std::string network(const std::string& type, const std::string& settings) {
  return "{\"@type\": type.googleapis.com/weir.extensions.network." + type + ", " + settings + "}";
}

std::string listener(const std::string& type, const std::string& settings) {
  return "  listener_filters: [{typed_config: {\"@type\": "
         "type.googleapis.com/weir.extensions.listener." +
         type + ", " + settings + "}}]\n";
}

void expectError(const std::string& errors, const std::string& at, const Case& one) {
  const std::string expected = one.error.empty() ? "" : at + ".typed_config." + one.error + "\n";
  EXPECT_EQ(errors, expected) << one.settings;
}

TEST(TcpProxyFactoryTest, ChecksEveryField) {
  for (const Case& one : {
           Case{"cluster: db, idle_timeout: 0s, half_open_timeout: 1ms", ""},
           Case{"cluster: dc", "cluster: there is no cluster \"dc\"; did you mean \"db\"?"},
           Case{"cluster: db, max_connect_attempts: 0",
                "max_connect_attempts: 0 is out of range: from 1 to 10 is allowed"},
           Case{"cluster: db, max_connect_attempts: 11",
                "max_connect_attempts: 11 is out of range: from 1 to 10 is allowed"},
       }) {
    expectError(errorsOf("", network("tcp_proxy.v1.TcpProxy", one.settings)),
                "listeners[0].default_filter_chain.filters[0]", one);
  }
}

TEST(TcpProxyFactoryTest, ChecksItsTimeouts) {
  for (const std::string field : {"idle_timeout", "half_open_timeout"}) {
    for (const std::string value : {"-1s", "0.0001s", "8761h"}) {
      const std::string errors =
          errorsOf("", network("tcp_proxy.v1.TcpProxy", "cluster: db, " + field + ": " + value));
      EXPECT_NE(errors.find(".typed_config." + field + ": "), std::string::npos) << value;
    }
  }
}

TEST(DirectResponseFactoryTest, BoundsItsBody) {
  const auto type = [](const std::string& body) {
    return network("direct_response.v1.DirectResponse", "body: " + body);
  };
  EXPECT_EQ(errorsOf("", type(std::string(1 << 20, 'x'))), "");
  EXPECT_EQ(errorsOf("", type(std::string((1 << 20) + 1, 'x'))),
            "listeners[0].default_filter_chain.filters[0].typed_config.body: 1048577 bytes are too "
            "many: at most 1048576\n");
}

TEST(TlsInspectorFactoryTest, BoundsTheHello) {
  const std::string echo = network("echo.v1.Echo", "");
  for (const Case& one : {
           Case{"max_client_hello_bytes: 1024", ""},
           Case{"max_client_hello_bytes: 131400", ""},
           Case{"max_client_hello_bytes: 1023",
                "max_client_hello_bytes: 1023 is out of range: "
                "from 1024 to 131400 is allowed"},
           Case{"max_client_hello_bytes: 131401",
                "max_client_hello_bytes: 131401 is out of "
                "range: from 1024 to 131400 is allowed"},
       }) {
    expectError(errorsOf(listener("tls_inspector.v1.TlsInspector", one.settings), echo),
                "listeners[0].listener_filters[0]", one);
  }
}

TEST(ProtoDetectFactoryTest, ChecksEveryNumberAndMethod) {
  const std::string echo = network("echo.v1.Echo", "");
  for (const Case& one : {
           Case{"extra_methods: [PURGE]", ""},
           Case{"extra_methods: [PURGE, purge]",
                "extra_methods[1]: \"purge\" is not an HTTP method: 1 to 32 of A-Z, 0-9, \"-\" and "
                "\"_\" are allowed"},
           Case{"server_first: {max_probes: 0}",
                "server_first.max_probes: 0 is out of range: from 1 to 1000000 is allowed"},
           Case{"server_first: {learn: {max_entries: 0}}",
                "server_first.learn.max_entries: 0 is out of range: from 1 to 1000000 is allowed"},
       }) {
    expectError(errorsOf(listener("proto_detect.v1.ProtoDetect", one.settings), echo),
                "listeners[0].listener_filters[0]", one);
  }
}

TEST(ProtoDetectFactoryTest, ChecksEveryDuration) {
  const std::string echo = network("echo.v1.Echo", "");
  for (const std::string field :
       {"detection_timeout: 0s", "detection_timeout: 61m", "partial_timeout: 0s",
        "partial_timeout: 61m", "server_first: {probe_after: 61m}",
        "server_first: {learn: {ttl: 0s}}"}) {
    const std::string errors = errorsOf(listener("proto_detect.v1.ProtoDetect", field), echo);
    EXPECT_NE(errors.find("out of range"), std::string::npos) << field << "\n" << errors;
  }
}

TEST(ProxyProtocolFactoryTest, ChecksEveryField) {
  const std::string echo = network("echo.v1.Echo", "");
  const std::string tlvs = "pass_through_tlvs: {match_type: INCLUDE, tlv_type: ";
  for (const Case& one : {
           Case{"allow_requests_without_proxy_protocol: true, disallowed_versions: [V1]", ""},
           Case{"pass_through_tlvs: {}, allowed_source_ranges: [10.0.0.0/8, \"::1\"]", ""},
           Case{tlvs + "[1, 2, 255]}", ""},
           Case{"disallowed_versions: [V1, V2]",
                "disallowed_versions: V1 and V2 are all: no header would be allowed"},
           Case{tlvs + "[]}",
                "pass_through_tlvs.tlv_type: is required for INCLUDE: at least one type"},
           Case{tlvs + "[2, 256]}",
                "pass_through_tlvs.tlv_type[1]: 256 is out of range: from 0 to "
                "255 is allowed"},
           Case{tlvs + "[3]}",
                "pass_through_tlvs.tlv_type[0]: 3 (checksum: 3, padding: 4) belongs "
                "to one header and is never passed on"},
           Case{"pass_through_tlvs: {tlv_type: [2]}",
                "pass_through_tlvs.tlv_type: INCLUDE_ALL passes every type on; set match_type: "
                "INCLUDE to choose some"},
       }) {
    expectError(errorsOf(listener("proxy_protocol.v1.ProxyProtocol", one.settings), echo),
                "listeners[0].listener_filters[0]", one);
  }
  EXPECT_NE(
      errorsOf(listener("proxy_protocol.v1.ProxyProtocol", "allowed_source_ranges: [10.0.0.1/8]"),
               echo)
          .find("typed_config.allowed_source_ranges[0]: "),
      std::string::npos);
}

TEST(ProxyProtocolFactoryTest, MustBeTheFirstListenerFilter) {
  const std::string type = "type.googleapis.com/weir.extensions.listener.";
  const std::string listed = "  listener_filters: [{typed_config: {\"@type\": " + type +
                             "original_dst.v1.OriginalDst}}, {typed_config: {\"@type\": " + type +
                             "proxy_protocol.v1.ProxyProtocol}}]\n";
  EXPECT_EQ(errorsOf(listed, network("echo.v1.Echo", "")),
            "listeners[0].listener_filters[1]: "
            "\"weir.extensions.listener.proxy_protocol.v1.ProxyProtocol\" must be the first "
            "listener filter: its header stands in front of what all others look at\n");
}

TEST(BypassFactoryTest, MustBeAlone) {
  const std::string bypass = network("bypass.v1.Bypass", "");
  EXPECT_EQ(errorsOf("", bypass), "");
  const std::string errors =
      errorsOf("", bypass + "}, {typed_config: " + network("echo.v1.Echo", ""));
  EXPECT_NE(errors.find("listeners[0].default_filter_chain.filters"), std::string::npos);
}

TEST(RegistryTest, HasEveryExtensionOfThisBuild) {
  config::Registry registry;
  registerBuiltins(registry);
  std::string names;
  for (const auto& one : registry.listenerFilters())
    names += std::string(one->messageType()) + "\n";
  for (const auto& one : registry.networkFilters()) names += std::string(one->messageType()) + "\n";
  EXPECT_EQ(names,
            "weir.extensions.listener.original_dst.v1.OriginalDst\n"
            "weir.extensions.listener.proto_detect.v1.ProtoDetect\n"
            "weir.extensions.listener.proxy_protocol.v1.ProxyProtocol\n"
            "weir.extensions.listener.tls_inspector.v1.TlsInspector\n"
            "weir.extensions.network.bypass.v1.Bypass\n"
            "weir.extensions.network.direct_response.v1.DirectResponse\n"
            "weir.extensions.network.echo.v1.Echo\n"
            "weir.extensions.network.tcp_proxy.v1.TcpProxy\n");
}

}  // namespace
}  // namespace weir
