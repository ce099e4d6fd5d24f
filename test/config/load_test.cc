// Files as a whole: what cannot be read at all, the three formats side by side, and all errors at
// once.
#include "source/config/load.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "source/config/dump.h"
#include "source/config/load_settings.h"
#include "test/config/rejected_fields.h"

namespace weir::config {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr std::string_view Yaml = R"(
admin:
  address: 127.0.0.1:9901
workers: 2
access_log: {path: /dev/stderr, format: JSON}
listeners:
- name: main
  address: 127.0.0.1:15001
  backlog: 128
  max_connections: 1000
  per_connection_buffer_limit_bytes: 65536
  listener_filters:
  - name: original_dst
    typed_config: {"@type": type.googleapis.com/weir.extensions.listener.original_dst.v1.OriginalDst}
  - typed_config:
      "@type": type.googleapis.com/weir.extensions.listener.proto_detect.v1.ProtoDetect
      detection_timeout: 10s
      on_timeout: CLOSE
      extra_methods: [PURGE]
      server_first:
        probe_after: 0.025s
        learn: {max_entries: 16, ttl: 1h}
  filter_chains:
  - name: mysql
    early_connect: false
    match:
      destination_ports: [3306, 3307]
      prefix_ranges: ["10.0.0.0/8"]
      source_type: EXTERNAL
    filters:
    - name: tcp_proxy
      typed_config:
        "@type": type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy
        cluster: db
        idle_timeout: 250ms
        max_connect_attempts: 3
  default_filter_chain:
    name: fallback
    filters:
    - typed_config:
        "@type": type.googleapis.com/weir.extensions.network.bypass.v1.Bypass
clusters:
- name: db
  type: STATIC
  endpoints: [{address: "127.0.0.1:3306"}, {address: "[::1]:3306"}]
  connect_timeout: 1.5s
)";

constexpr std::string_view Json = R"({
"admin": {"address": "127.0.0.1:9901"}, "workers": 2,
"accessLog": {"path": "/dev/stderr", "format": "JSON"},
"listeners": [{
  "name": "main", "address": "127.0.0.1:15001", "backlog": 128, "maxConnections": "1000",
  "perConnectionBufferLimitBytes": 65536,
  "listenerFilters": [
    {"name": "original_dst",
     "typedConfig": {"@type": "type.googleapis.com/weir.extensions.listener.original_dst.v1.OriginalDst"}},
    {"typedConfig": {"@type": "type.googleapis.com/weir.extensions.listener.proto_detect.v1.ProtoDetect",
      "detectionTimeout": "10s", "onTimeout": "CLOSE", "extraMethods": ["PURGE"],
      "serverFirst": {"probeAfter": "25ms", "learn": {"maxEntries": 16, "ttl": "3600s"}}}}],
  "filterChains": [{
    "name": "mysql", "earlyConnect": false,
    "match": {"destinationPorts": [3306, 3307], "prefixRanges": ["10.0.0.0/8"], "sourceType": "EXTERNAL"},
    "filters": [{"name": "tcp_proxy", "typedConfig": {
      "@type": "type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy",
      "cluster": "db", "idleTimeout": "0.25s", "maxConnectAttempts": 3}}]}],
  "defaultFilterChain": {"name": "fallback", "filters": [
    {"typedConfig": {"@type": "type.googleapis.com/weir.extensions.network.bypass.v1.Bypass"}}]}
}],
"clusters": [{"name": "db", "type": "STATIC", "connectTimeout": "1.5s",
  "endpoints": [{"address": "127.0.0.1:3306"}, {"address": "[::1]:3306"}]}]
})";

constexpr std::string_view Text = R"(
admin { address: "127.0.0.1:9901" }
workers: 2
access_log { path: "/dev/stderr" format: JSON }
listeners {
  name: "main"
  address: "127.0.0.1:15001"
  backlog: 128
  max_connections: 1000
  per_connection_buffer_limit_bytes: 0x10000
  listener_filters {
    name: "original_dst"
    typed_config { [type.googleapis.com/weir.extensions.listener.original_dst.v1.OriginalDst] {} }
  }
  listener_filters {
    typed_config {
      [type.googleapis.com/weir.extensions.listener.proto_detect.v1.ProtoDetect] {
        detection_timeout: "10s"
        on_timeout: CLOSE
        extra_methods: "PURGE"
        server_first { probe_after { nanos: 25000000 } learn { max_entries: 16 ttl: "60m" } }
      }
    }
  }
  filter_chains {
    name: "mysql"
    early_connect: false
    match {
      destination_ports: 3306
      destination_ports: 3307
      prefix_ranges: "10.0.0.0/8"
      source_type: EXTERNAL
    }
    filters {
      name: "tcp_proxy"
      typed_config {
        [type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy] {
          cluster: "db"
          idle_timeout: "250ms"
          max_connect_attempts: 3
        }
      }
    }
  }
  default_filter_chain {
    name: "fallback"
    filters { typed_config { [type.googleapis.com/weir.extensions.network.bypass.v1.Bypass] {} } }
  }
}
clusters {
  name: "db"
  type: STATIC
  endpoints: [{ address: "127.0.0.1:3306" }, { address: "[::1]:3306" }]
  connect_timeout { seconds: 1 nanos: 500000000 }
}
)";

TEST(LoadTest, TheSameConfigurationInAllFormatsGivesEqualMessages) {
  const Registry registry = fakeRegistry();
  const LoadedConfig yaml = parseBootstrap(Yaml, Format::Yaml, registry);
  const LoadedConfig json = parseBootstrap(Json, Format::Json, registry);
  const LoadedConfig text = parseBootstrap(Text, Format::Text, registry);
  EXPECT_EQ(formatErrors("yaml", yaml.errors), "");
  EXPECT_EQ(formatErrors("json", json.errors), "");
  EXPECT_EQ(formatErrors("text", text.errors), "");
  EXPECT_EQ(yaml.bootstrap.listeners(0).filter_chains(0).match().destination_ports_size(), 2);
  EXPECT_TRUE(MessageDifferencer::Equals(yaml.bootstrap, json.bootstrap))
      << json.bootstrap.DebugString();
  EXPECT_TRUE(MessageDifferencer::Equals(yaml.bootstrap, text.bootstrap))
      << text.bootstrap.DebugString();
}

std::string lineOf(const AccessLogSettings& settings) {
  std::string line;
  settings.line->append(filter::ConnectionInfo{}, MonotonicTime{}, line);
  return line;
}

TEST(LoadTest, WhatIsDumpedIsTheSameConfiguration) {
  const LoadedConfig loaded = parseBootstrap(Yaml, Format::Yaml, fakeRegistry());
  const std::string dumped = dumpBootstrap(loaded.bootstrap);
  EXPECT_TRUE(dumped.starts_with("{\"admin\":{\"address\":\"127.0.0.1:9901\"},\"workers\":2,"))
      << dumped;
  EXPECT_NE(dumped.find("\"typed_config\":{\"@type\":\"type.googleapis.com/"
                        "weir.extensions.network.tcp_proxy.v1.TcpProxy\",\"cluster\":\"db\""),
            std::string::npos)
      << dumped;
  const LoadedConfig again = parseBootstrap(dumped, Format::Json, fakeRegistry());
  EXPECT_TRUE(again.errors.empty());
  EXPECT_TRUE(MessageDifferencer::Equals(loaded.bootstrap, again.bootstrap)) << dumped;
}

TEST(LoadTest, OnlyWhatIsRightIsDumped) {
  EXPECT_NE(parseSettings(Yaml, Format::Yaml, fakeRegistry()).json, "");
  EXPECT_EQ(parseSettings("workers: 1", Format::Yaml, fakeRegistry()).json, "");
}

TEST(LoadTest, BecomesSettings) {
  const LoadedSettings loaded = parseSettings(Yaml, Format::Yaml, fakeRegistry());
  ASSERT_TRUE(loaded.settings) << formatErrors("", loaded.errors);
  const BootstrapSettings& settings = *loaded.settings;
  EXPECT_EQ(settings.admin->address.toString(), "127.0.0.1:9901");
  EXPECT_EQ(settings.workers, 2U);
  EXPECT_TRUE(lineOf(settings.access_log).starts_with("{\"time\":")) << lineOf(settings.access_log);
  EXPECT_EQ(settings.access_log.path, "/dev/stderr");
  ASSERT_EQ(settings.clusters.size(), 1U);
  EXPECT_EQ(settings.clusters[0].endpoints[1].address.toString(), "[::1]:3306");
  EXPECT_EQ(settings.clusters[0].connect_timeout, std::chrono::milliseconds(1500));
  ASSERT_EQ(settings.listeners.size(), 1U);
  const ListenerSettings& listener = settings.listeners[0];
  EXPECT_EQ(listener.backlog, 128U);
  EXPECT_EQ(listener.max_connections, 1000U);
  EXPECT_EQ(listener.per_connection_buffer_limit, 65536U);
  EXPECT_EQ(listener.listener_filters.size(), 2U);
  ASSERT_EQ(listener.chains.size(), 1U);
  EXPECT_EQ(listener.chains[0].name, "mysql");
  EXPECT_EQ(listener.chains[0].path, "listeners[0].filter_chains[0]");
  EXPECT_FALSE(listener.chains[0].early_connect);
  EXPECT_EQ(listener.chain_specs[0].match.source_type, match::SourceType::External);
  EXPECT_NE(listener.matcher, nullptr);
  EXPECT_TRUE(listener.default_chain->early_connect);
}

TEST(LoadTest, AnAccessLogMayHaveALineOfItsOwn) {
  const auto lineFor = [](const std::string& log) {
    const LoadedSettings loaded = parseSettings("listeners: [" + Listener + "]\naccess_log: " + log,
                                                Format::Yaml, fakeRegistry());
    EXPECT_TRUE(loaded.settings) << formatErrors("", loaded.errors);
    return loaded.settings ? lineOf(loaded.settings->access_log) : "";
  };
  EXPECT_EQ(lineFor("{text_format: \"<%PROTOCOL%> %UPSTREAM_HOST%\"}"), "<tcp> -\n");
  EXPECT_EQ(lineFor("{text_format: \"%PROTOCOL%\\n\"}"), "tcp\n");
  EXPECT_EQ(lineFor("{json_format: {z: \"%BYTES_SENT%\", a: \"%UPSTREAM_HOST%\"}}"),
            "{\"a\":null,\"z\":0}\n");
  EXPECT_EQ(lineFor("{format: JSON, json_format: {p: \"is %PROTOCOL%\"}}"), "{\"p\":\"is tcp\"}\n");
}

TEST(LoadTest, AdminBlockAloneIsAPortOnLoopback) {
  const auto adminOf = [](const std::string& text) {
    return parseSettings("listeners: [" + Listener + "]\n" + text, Format::Yaml, fakeRegistry())
        .settings->admin;
  };
  EXPECT_EQ(adminOf("admin: {}")->address.toString(), "127.0.0.1:9901");
  EXPECT_EQ(adminOf("admin: {address: \"unix:/run/w\"}")->address.toString(), "unix:/run/w");
  EXPECT_FALSE(adminOf(""));
}

TEST(LoadTest, DefaultsHoldWhereNothingIsSaid) {
  const LoadedSettings loaded = parseSettings(R"(
listeners:
- name: a
  address: "[::]:15001"
  default_filter_chain:
    name: c
    filters: [{typed_config: {"@type": type.googleapis.com/weir.extensions.network.echo.v1.Echo}}]
)",
                                              Format::Yaml, fakeRegistry());
  ASSERT_TRUE(loaded.settings) << formatErrors("", loaded.errors);
  EXPECT_FALSE(loaded.settings->admin);
  EXPECT_EQ(loaded.settings->workers, 0U);
  EXPECT_TRUE(loaded.settings->access_log.enabled);
  EXPECT_EQ(loaded.settings->access_log.path, "/dev/stdout");
  EXPECT_TRUE(lineOf(loaded.settings->access_log).starts_with("time="));
  const ListenerSettings& listener = loaded.settings->listeners[0];
  EXPECT_EQ(listener.backlog, 4096U);
  EXPECT_EQ(listener.max_connections, 100'000U);
  EXPECT_EQ(listener.per_connection_buffer_limit, 32'768U);
  EXPECT_TRUE(listener.listener_filters.empty());
}

// A file in a directory of its own, removed at the end.
class FileTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    paths_.push_back(testing::TempDir() + "weir_load_test_" + name);
    std::ofstream(paths_.back(), std::ios::binary) << text;
    return paths_.back();
  }
  std::string errorsOf(const std::string& path) {
    return formatErrors("FILE", loadSettings(path, fakeRegistry()).errors);
  }
  void TearDown() override {
    for (const std::string& path : paths_) std::remove(path.c_str());
  }

 private:
  std::vector<std::string> paths_;
};

TEST_F(FileTest, LoadsByItsEnding) {
  EXPECT_EQ(errorsOf(write("a.yaml", std::string(Yaml))), "");
  EXPECT_EQ(errorsOf(write("a.json", std::string(Json))), "");
  EXPECT_EQ(errorsOf(write("a.textproto", std::string(Text))), "");
}

TEST_F(FileTest, LoadsBehindAByteOrderMark) {
  EXPECT_EQ(errorsOf(write("a.json", "\xef\xbb\xbf" + std::string(Json))), "");
}

TEST_F(FileTest, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(errorsOf("/nowhere/at/all.yaml"),
            "FILE: cannot be opened: No such file or directory\n");
  EXPECT_EQ(errorsOf("a.conf"),
            "FILE: the format follows from the file's ending, which must be one of .yaml, .yml, "
            ".json, .textproto, "
            ".txtpb, .pb_text, .pbtxt\n");
  const std::string directory = testing::TempDir() + "weir_load_test_directory.yaml";
  ASSERT_EQ(mkdir(directory.c_str(), 0700), 0);
  EXPECT_EQ(errorsOf(directory), "FILE: cannot be read: Is a directory\n");
  std::remove(directory.c_str());
}

TEST_F(FileTest, RefusesWhatIsNoText) {
  EXPECT_EQ(errorsOf(write("empty.yaml", "")), "FILE: the file is empty\n");
  EXPECT_EQ(errorsOf(write("blank.json", " \n\t\n")), "FILE: the file is empty\n");
  EXPECT_EQ(errorsOf(write("binary.yaml", std::string("a: 1\nb\0", 7))),
            "FILE:2:2: not a text file: it contains the byte 0x00\n");
  EXPECT_EQ(errorsOf(write("elf.textproto",
                           "\x7f"
                           "ELF")),
            "FILE:1:1: not a text file: it contains the byte 0x7f\n");
  EXPECT_EQ(errorsOf(write("latin1.yaml", "# caf\xe9\n")), "FILE:1:6: not a text file in UTF-8\n");
}

TEST_F(FileTest, RefusesMoreThanItsLimit) {
  const std::string most = "# " + std::string(MaxConfigBytes - 2, 'x');
  EXPECT_EQ(errorsOf(write("most.yaml", most)), "FILE: the file is empty\n");
  EXPECT_EQ(errorsOf(write("more.yaml", most + "x")), "FILE: larger than the limit of 64 MiB\n");
}

TEST_F(FileTest, ASyntaxErrorIsTheOnlyError) {
  EXPECT_EQ(errorsOf(write("broken.json", "{\"listeners\": [}")),
            "FILE:1:16: not valid JSON: Invalid value\n");
}

TEST(LoadTest, ReportsTenErrorsOfAllKindsAtOnceInTheOrderOfTheFile) {
  const LoadedSettings loaded = parseSettings(R"(workers: many
admin: {address: localhost:9901}
listeners:
- name: main
  adress: 127.0.0.1:15001
  backlog: 0
  filter_chains:
  - name: a
    match:
      destination_ports: [70000]
      prefix_ranges: [10.1.2.3/8]
    filters:
    - typed_config:
        "@type": type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy
        cluster: dbb
        idle_timeout: 5
  - name: a
clusters:
- name: db
  type: DYNAMIC
  endpoints: [{address: 127.0.0.1:3306}]
)",
                                              Format::Yaml, fakeRegistry());
  EXPECT_FALSE(loaded.settings);
  EXPECT_EQ(
      formatErrors("x.yaml", loaded.errors),
      "x.yaml:1:10: workers: expected an integer from 0 to 4294967295, not many\n"
      "x.yaml:2:18: admin.address: \"localhost:9901\" is not an address: names are not resolved: "
      "write "
      "\"127.0.0.1:9901\"\n"
      "x.yaml:5:3: listeners[0].adress: unknown field \"adress\" in weir.config.v1.Listener; did "
      "you mean "
      "\"address\"?\n"
      "x.yaml:6:12: listeners[0].backlog: 0 is out of range: from 1 to 65535 is allowed\n"
      "x.yaml:10:27: listeners[0].filter_chains[0].match.destination_ports[0]: 70000 is out of "
      "range: from 1 to "
      "65535 is allowed\n"
      "x.yaml:11:23: listeners[0].filter_chains[0].match.prefix_ranges[0]: \"10.1.2.3/8\" has bits "
      "set behind its "
      "prefix; did you mean \"10.0.0.0/8\"?\n"
      "x.yaml:15:18: listeners[0].filter_chains[0].filters[0].typed_config.cluster: there is no "
      "cluster \"dbb\"; did "
      "you mean \"db\"?\n"
      "x.yaml:16:23: listeners[0].filter_chains[0].filters[0].typed_config.idle_timeout: expected "
      "a duration, a "
      "number with a unit (h, m, s, ms, us, ns) such as \"1.5s\", not \"5\"; did you mean \"5s\"?\n"
      "x.yaml:17:5: listeners[0].filter_chains[1].filters: is required: a chain needs at least one "
      "filter, the last "
      "one terminal, such as tcp_proxy\n"
      "x.yaml:17:11: listeners[0].filter_chains[1].name: the name \"a\" is already taken by "
      "listeners[0].filter_chains[0].name (line 8)\n"
      "x.yaml:20:9: clusters[0].type: expected one of STATIC, ORIGINAL_DST, STRICT_DNS, not "
      "DYNAMIC\n");
}

TEST(LoadTest, NothingIsSaidTwice) {
  const LoadedSettings loaded = parseSettings(R"(listener:
- name: main
cluster:
- name: db
)",
                                              Format::Yaml, fakeRegistry());
  EXPECT_EQ(formatErrors("", loaded.errors),
            ":1:1: listener: unknown field \"listener\" in weir.config.v1.Bootstrap; did you mean "
            "\"listeners\"?\n"
            ":3:1: cluster: unknown field \"cluster\" in weir.config.v1.Bootstrap; did you mean "
            "\"clusters\"?\n");
}

TEST(LoadTest, AClusterWhoseNameIsWrongDoesNotMakeItsUsersWrong) {
  const LoadedSettings loaded = parseSettings(R"(
listeners:
- name: main
  address: 127.0.0.1:15001
  filter_chains:
  - name: a
    filters:
    - typed_config:
        "@type": type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy
        cluster: db
clusters:
- nam: db
  endpoints: [{address: 127.0.0.1:3306}]
)",
                                              Format::Yaml, fakeRegistry());
  EXPECT_EQ(formatErrors("", loaded.errors),
            ":12:3: clusters[0].nam: unknown field \"nam\" in weir.config.v1.Cluster; did you mean "
            "\"name\"?\n");
}

TEST(LocatedErrorTest, SortsByPositionAndLeavesOutWhatIsNotThere) {
  EXPECT_EQ(formatErrors("f", {{{2, 1}, "b", "two"}, {{1, 9}, "", "one"}, {{}, "", "all"}}),
            "f: all\nf:1:9: one\nf:2:1: b: two\n");
  EXPECT_EQ(formatErrors("f", {}), "");
}

}  // namespace
}  // namespace weir::config
