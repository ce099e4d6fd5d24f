#include "source/filter/connection_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace weir::filter {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

ConnectionInfo sample() {
  ConnectionInfo info;
  info.listener = "in";
  info.chain = "db";
  info.protocol = "mysql";
  info.reason = Reason::ServerFirst;
  info.facts.known = FactSet::all();
  info.facts.source = *net::IpPort::parse("127.0.0.1:50000");
  info.facts.direct_source = net::IpPort::parse("10.0.0.9:1")->ip;
  info.facts.destination = *net::IpPort::parse("[::1]:3306");
  info.facts.server_name = "db.example";
  info.facts.application_protocols = {"h2", "http/1.1"};
  info.detection_time = microseconds(25310);
  info.accepted_wall = WallTime(microseconds(1'767'323'045'000'042));
  info.cluster = "mysql";
  info.upstream = "127.0.0.1:3306";
  info.id = 7;
  info.rx_bytes = 78;
  info.tx_bytes = 120;
  info.close_reason = "client_fin";
  static const net::Security security{.version = "TLSv1.3",
                                      .cipher = "TLS_AES_128_GCM_SHA256",
                                      .server_name = {},
                                      .application_protocol = {},
                                      .peer_names = {"a.test", "spiffe://t/a", "b.test"},
                                      .peer_subject = "CN=a b"};
  info.security = &security;
  info.transport_failure = "unknown_ca: who?";
  return info;
}

ConnectionFormat compiled(const std::string& text) {
  std::vector<FormatProblem> problems;
  ConnectionFormat format = ConnectionFormat::compile(text, problems);
  for (const FormatProblem& problem : problems) ADD_FAILURE() << text << ": " << problem.message;
  return format;
}

std::string text(const std::string& format, const ConnectionInfo& info = sample()) {
  std::string out;
  compiled(format).appendText(info, info.accepted + microseconds(31'250), out);
  return out;
}

std::string json(const std::string& format, const ConnectionInfo& info = sample()) {
  std::string out;
  compiled(format).appendJson(info, info.accepted + microseconds(31'250), out);
  return out;
}

struct Value {
  std::string format;
  std::string expected;
  std::string of_nothing = "-";  // of a connection of which nothing is known
};

const Value Values[] = {
    {"%APPLICATION_PROTOCOLS%", "h2,http/1.1"},
    {"%BYTES_RECEIVED%", "78", "0"},
    {"%BYTES_SENT%", "120", "0"},
    {"%CONNECTION_ID%", "7", "0"},
    {"%CONNECTION_TERMINATION_DETAILS%", "client_fin"},
    {"%DETECT_DURATION%", "25.310", "0.000"},
    {"%DETECT_DURATION(us)%", "25310", "0"},
    {"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%", "10.0.0.9"},
    {"%DOWNSTREAM_LOCAL_ADDRESS%", "[::1]:3306"},
    {"%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", "::1"},
    {"%DOWNSTREAM_LOCAL_PORT%", "3306"},
    {"%DOWNSTREAM_REMOTE_ADDRESS%", "127.0.0.1:50000"},
    {"%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "127.0.0.1"},
    {"%DOWNSTREAM_REMOTE_PORT%", "50000"},
    {"%DOWNSTREAM_PEER_DNS_SAN%", "a.test,b.test"},
    {"%DOWNSTREAM_PEER_SUBJECT%", "CN=a%20b"},
    {"%DOWNSTREAM_PEER_URI_SAN%", "spiffe://t/a"},
    {"%DOWNSTREAM_TLS_CIPHER%", "TLS_AES_128_GCM_SHA256"},
    {"%DOWNSTREAM_TLS_VERSION%", "TLSv1.3"},
    {"%DOWNSTREAM_TRANSPORT_FAILURE_REASON%", "unknown_ca:%20who?"},
    {"%DURATION%", "31", "31"},
    {"%DURATION(ms.3)%", "31.250", "31.250"},
    {"%DURATION(s.6)%", "0.031250", "0.031250"},
    {"%DURATION(ns)%", "31250000", "31250000"},
    {"%EMIT_TIME%", "2026-01-02T03:04:05.031Z", "1970-01-01T00:00:00.031Z"},
    {"%ENVIRONMENT(WEIR_TEST_VALUE)%", "a%20value", "a%20value"},
    {"%ENVIRONMENT(WEIR_TEST_ABSENT)%", "-"},
    {"%FILTER_CHAIN_NAME%", "db"},
    {"%LISTENER_NAME%", "in"},
    {"%PROTOCOL%", "mysql", "tcp"},
    {"%REASON%", "server_first", "error"},
    {"%REQUESTED_SERVER_NAME%", "db.example"},
    {"%START_TIME%", "2026-01-02T03:04:05.000Z", "1970-01-01T00:00:00.000Z"},
    {"%START_TIME(%Y/%m/%d %H:%M:%S.%6f)%", "2026/01/02 03:04:05.000042",
     "1970/01/01 00:00:00.000000"},
    {"%START_TIME(%s.%f)%", "1767323045.000042000", "0.000000000"},
    {"%START_TIME(%d/%b/%Y (%a) %%%z)%", "02/Jan/2026 (Fri) %+0000", "01/Jan/1970 (Thu) %+0000"},
    {"%TRANSPORT_PROTOCOL%", "raw_buffer"},
    {"%UPSTREAM_CLUSTER%", "mysql"},
    {"%UPSTREAM_HOST%", "127.0.0.1:3306"},
    {"%UPSTREAM_HOST:9%", "127.0.0.1"},
    {"%PROTOCOL:100%", "mysql", "tcp"},
    {"100 %% of %PROTOCOL%", "100 % of mysql", "100 % of tcp"},
    {"[%PROTOCOL%]%REASON%", "[mysql]server_first", "[tcp]error"},
    {"plain", "plain", "plain"},
};

TEST(ConnectionFormatTest, EachOperatorHasItsValue) {
  ::setenv("WEIR_TEST_VALUE", "a value", 1);
  ::unsetenv("WEIR_TEST_ABSENT");
  for (const Value& value : Values) {
    EXPECT_EQ(text(value.format), value.expected) << value.format;
    EXPECT_EQ(text(value.format, ConnectionInfo{}), value.of_nothing) << value.format;
  }
}

TEST(ConnectionFormatTest, EveryOperatorIsInTheTable) {
  for (const std::string& name : ConnectionFormat::operatorNames()) {
    const bool tested = name == "HOSTNAME" ||
                        std::any_of(std::begin(Values), std::end(Values), [&](const Value& value) {
                          return value.format.starts_with("%" + name + "%") ||
                                 value.format.starts_with("%" + name + "(");
                        });
    EXPECT_TRUE(tested) << name;
  }
  EXPECT_NE(text("%HOSTNAME%"), "-");
}

TEST(ConnectionFormatTest, WhatAPeerSentCannotBreakALine) {
  ConnectionInfo info = sample();
  info.facts.server_name = "a b\n\"x\\\xff";
  EXPECT_EQ(text("%REQUESTED_SERVER_NAME%", info), "a%20b%0A%22x%5C%FF");
  EXPECT_EQ(json("%REQUESTED_SERVER_NAME%", info), "\"a b\\n\\\"x\\\\\xEF\xBF\xBD\"");
  EXPECT_EQ(json("<%REQUESTED_SERVER_NAME%>", info), "\"<a b\\n\\\"x\\\\\xEF\xBF\xBD>\"");
}

TEST(ConnectionFormatTest, AValueThatIsCutIsStillUtf8InJson) {
  ConnectionInfo info = sample();
  info.facts.server_name = "caf\xc3\xa9";
  EXPECT_EQ(json("%REQUESTED_SERVER_NAME:4%", info), "\"caf\xEF\xBF\xBD\"");
}

TEST(ConnectionFormatTest, AnOperatorAloneKeepsItsKindInJson) {
  EXPECT_EQ(json("%BYTES_SENT%"), "120");
  EXPECT_EQ(json("%DETECT_DURATION%"), "25.310");
  EXPECT_EQ(json("%DOWNSTREAM_REMOTE_PORT%"), "50000");
  EXPECT_EQ(json("%DOWNSTREAM_REMOTE_PORT%", ConnectionInfo{}), "null");
  EXPECT_EQ(json("%UPSTREAM_HOST%", ConnectionInfo{}), "null");
  EXPECT_EQ(json("%BYTES_SENT% bytes"), "\"120 bytes\"");
  EXPECT_EQ(json("to %UPSTREAM_HOST%", ConnectionInfo{}), "\"to -\"");
  EXPECT_EQ(json("%BYTES_SENT:2%"), "\"12\"");
  EXPECT_EQ(json(""), "\"\"");
}

struct Fault {
  std::string format;
  size_t position;
  std::string message;
  std::string unknown = "";
};

TEST(ConnectionFormatTest, EachFaultIsReportedWithItsPlace) {
  for (const Fault& fault : {
           Fault{"a %NOPE% b", 2, "there is no operator \"%NOPE%\"", "NOPE"},
           {"%duration%", 0, "there is no operator \"%duration%\"", "duration"},
           {"50 %", 3, "a % begins an operator, such as %DURATION%; write %% for a percent sign"},
           {"%DURATION", 0, "the operator \"%DURATION\" has no % at its end"},
           {"%DURATION(ms", 0, "the operator \"%DURATION\" has no % at its end"},
           {"%DURATION:x%", 0, "the operator \"%DURATION\" has no % at its end"},
           {"%REASON(x)%", 8, "%REASON% takes no argument"},
           {"%HOSTNAME(x)%", 10, "%HOSTNAME% takes no argument"},
           {"%ENVIRONMENT%", 0, "%ENVIRONMENT% wants a name: %ENVIRONMENT(NAME)%"},
           {"%ENVIRONMENT()%", 13, "%ENVIRONMENT% wants a name: %ENVIRONMENT(NAME)%"},
           {"x%DURATION(min)%", 11,
            "\"min\" is not a unit of time: s, ms, us or ns, with .N for decimals"},
           {"%DURATION(ms.)%", 10,
            "\"ms.\" is not a unit of time: s, ms, us or ns, with .N for decimals"},
           {"%DURATION(ms.12)%", 10,
            "\"ms.12\" is not a unit of time: s, ms, us or ns, with .N for decimals"},
           {"%START_TIME(%Y %Q)%", 15,
            "\"%Q\" is not a part of a time: there are those of strftime, %s (seconds since 1970), "
            "%f and %1f to %9f (fractions)"},
           {"%START_TIME(%Y%)%", 14,
            "\"%\" is not a part of a time: there are those of strftime, %s (seconds since 1970), "
            "%f and %1f to %9f (fractions)"},
       }) {
    std::vector<FormatProblem> problems;
    ConnectionFormat::compile(fault.format, problems);
    ASSERT_EQ(problems.size(), 1U) << fault.format;
    EXPECT_EQ(problems[0].message, fault.message) << fault.format;
    EXPECT_EQ(problems[0].position, fault.position) << fault.format;
    EXPECT_EQ(problems[0].unknown, fault.unknown) << fault.format;
  }
}

TEST(ConnectionFormatTest, AllFaultsAreReported) {
  std::vector<FormatProblem> problems;
  ConnectionFormat::compile("%A% %DURATION(h)% %B%", problems);
  EXPECT_EQ(problems.size(), 3U);
}

TEST(ConnectionFormatTest, NoFormatMakesItFail) {
  const std::string whole = "%START_TIME(%Y %3f)% %DURATION(ms.3):5% %%%REASON%";
  for (size_t i = 0; i <= whole.size(); ++i) {
    for (size_t j = i; j <= whole.size(); ++j) {
      std::vector<FormatProblem> problems;
      const auto format = ConnectionFormat::compile(whole.substr(i, j - i), problems);
      for (const FormatProblem& problem : problems) EXPECT_LT(problem.position, j - i);
      std::string out;
      if (problems.empty()) format.appendText(sample(), {}, out);
    }
  }
}

std::string lineOf(const std::shared_ptr<const ConnectionLine>& line, const ConnectionInfo& info) {
  std::string out;
  line->append(info, info.accepted + milliseconds(31), out);
  return out;
}

TEST(ConnectionLineTest, DefaultTextHasEveryKey) {
  ConnectionInfo info = sample();
  info.facts.server_name.clear();
  info.facts.application_protocols.clear();
  EXPECT_EQ(lineOf(ConnectionLine::defaultText(), info),
            "time=2026-01-02T03:04:05.000042Z listener=in chain=db protocol=mysql "
            "reason=server_first detect_ms=25.310 src=127.0.0.1:50000 dst=[::1]:3306 sni=- alpn=- "
            "cluster=mysql upstream=127.0.0.1:3306 rx_bytes=78 tx_bytes=120 duration_ms=31.000 "
            "close=client_fin\n");
}

TEST(ConnectionLineTest, DefaultJsonHasTheSameKeys) {
  ConnectionInfo info = sample();
  info.facts.server_name.clear();
  info.facts.application_protocols.clear();
  EXPECT_EQ(lineOf(ConnectionLine::defaultJson(), info),
            "{\"time\":\"2026-01-02T03:04:05.000042Z\",\"listener\":\"in\",\"chain\":\"db\","
            "\"protocol\":\"mysql\",\"reason\":\"server_first\",\"detect_ms\":25.310,"
            "\"src\":\"127.0.0.1:50000\",\"dst\":\"[::1]:3306\",\"sni\":null,\"alpn\":null,"
            "\"cluster\":\"mysql\",\"upstream\":\"127.0.0.1:3306\",\"rx_bytes\":78,\"tx_bytes\":"
            "120,\"duration_ms\":31.000,\"close\":\"client_fin\"}\n");
}

TEST(ConnectionLineTest, WhatIsNotKnownIsADashInTextAndNullInJson) {
  const std::string line = lineOf(ConnectionLine::defaultText(), ConnectionInfo{});
  EXPECT_NE(line.find("listener=- chain=- protocol=tcp reason=error"), std::string::npos);
  EXPECT_NE(line.find("src=- dst=- sni=- alpn=- cluster=- upstream=- "), std::string::npos);
  const std::string json = lineOf(ConnectionLine::defaultJson(), ConnectionInfo{});
  EXPECT_NE(json.find("\"src\":null"), std::string::npos) << json;
  EXPECT_EQ(json.find("\"-\""), std::string::npos) << json;
}

TEST(ConnectionLineTest, LinesAreEqualThatWereMadeFromTheSame) {
  const auto of = [](const std::string& text) {
    return ConnectionLine::text(compiled(text), false);
  };
  EXPECT_EQ(*of("%PROTOCOL%"), *of("%PROTOCOL%"));
  EXPECT_FALSE(*of("%PROTOCOL%") == *of("%REASON%"));
  EXPECT_FALSE(*of("%PROTOCOL%") == *ConnectionLine::text(compiled("%PROTOCOL%"), true));
  EXPECT_EQ(*ConnectionLine::defaultJson(), *ConnectionLine::defaultJson());
  EXPECT_FALSE(*ConnectionLine::defaultJson() == *ConnectionLine::defaultText());
}

TEST(ConnectionLineTest, ALineEndsOnce) {
  EXPECT_EQ(lineOf(ConnectionLine::text(compiled("%PROTOCOL%"), false), sample()), "mysql\n");
  EXPECT_EQ(lineOf(ConnectionLine::text(compiled("%PROTOCOL%\n"), true), sample()), "mysql\n");
}

TEST(ConnectionLineTest, JsonMembersKeepTheirOrderAndTheirKeysAreEscaped) {
  const auto line =
      ConnectionLine::json({{"b\"", compiled("%PROTOCOL%")}, {"a", compiled("%BYTES_SENT%")}});
  EXPECT_EQ(lineOf(line, sample()), "{\"b\\\"\":\"mysql\",\"a\":120}\n");
  EXPECT_EQ(lineOf(ConnectionLine::json({}), sample()), "{}\n");
}

}  // namespace
}  // namespace weir::filter
