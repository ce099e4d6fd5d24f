#include "source/http/request_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "source/http/grpc_status.h"
#include "source/http/response_flags.h"

namespace weir::http {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// A request of which all is known.
struct Sample {
  Sample() {
    connection.id = 7;
    connection.listener = "in";
    connection.chain = "web";
    connection.protocol = "h2c";
    connection.reason = filter::Reason::ClientBytes;
    connection.facts.source = *net::IpPort::parse("127.0.0.1:50000");
    connection.facts.destination = *net::IpPort::parse("[::1]:80");
    request.add(HeaderId::Method, "GET");
    request.add(HeaderId::Authority, "a.example");
    request.add(HeaderId::Path, "/new?q=1");
    request.add("user-agent", "test/1 (x)");
    response.add(HeaderId::Status, "200");
    response.add("content-type", "text/plain");
    trailers.add("grpc-message", "fine");
    virtual_host.name = "all";
    virtual_host.table = "edge";
    route.name = "main";
    route.virtual_host = &virtual_host;
    const MonotonicTime start(milliseconds(1000));
    stream.id = 3;
    stream.version = Version::Http2;
    stream.started = start;
    stream.started_wall = WallTime(microseconds(1'767'323'045'000'042));
    stream.request_done = start + milliseconds(2);
    stream.upstream_first_byte = start + milliseconds(5);
    stream.request_bytes = 10;
    stream.response_bytes = 20;
    stream.status = 200;
    stream.path = "/old?q=1";
    stream.grpc_status = 5;
    stream.route = &route;
    stream.cluster = "up";
    stream.upstream =
        std::make_shared<upstream::Host>(*net::SocketAddress::parse("127.0.0.1:8080"), 1);
    stream.upstream_version = Version::Http11;
    stream.attempts = 2;
  }
  RequestRecord record() const {
    return {connection, stream, request, response, trailers, stream.started + microseconds(31'250)};
  }

  filter::ConnectionInfo connection;
  VirtualHost virtual_host;
  Route route;
  StreamInfo stream;
  HeaderMap request;
  HeaderMap response;
  HeaderMap trailers;
};

RequestFormat compiled(const std::string& text) {
  std::vector<filter::FormatProblem> problems;
  RequestFormat format = RequestFormat::compile(text, problems);
  for (const auto& problem : problems) ADD_FAILURE() << text << ": " << problem.message;
  return format;
}

std::string text(const std::string& format, const Sample& sample) {
  std::string out;
  compiled(format).appendText(sample.record(), out);
  return out;
}

std::string json(const std::string& format, const Sample& sample) {
  std::string out;
  compiled(format).appendJson(sample.record(), out);
  return out;
}

struct Value {
  std::string format;
  std::string expected;
};

const Value Values[] = {
    {"%START_TIME%", "2026-01-02T03:04:05.000Z"},
    {"%START_TIME(%s.%3f)%", "1767323045.000"},
    {"%DURATION%", "31"},
    {"%DURATION(us)%", "31250"},
    {"%REQUEST_DURATION%", "2"},
    {"%RESPONSE_DURATION(ms.1)%", "5.0"},
    {"%RESPONSE_TX_DURATION(us)%", "26250"},
    {"%BYTES_RECEIVED%/%BYTES_SENT%", "10/20"},
    {"%CONNECTION_ID%.%STREAM_ID%", "7.3"},
    {"%PROTOCOL% %CONNECTION_PROTOCOL%", "HTTP/2 h2c"},
    {"%REQ(:METHOD)% %REQ(:PATH)%", "GET /new?q=1"},
    {"%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "/old?q=1"},
    {"%REQ(x-none?User-Agent):4%", "test"},
    {"%REQ(x-none?x-nor)%", "-"},
    {"%RESP(Content-Type)%", "text/plain"},
    {"%TRAILER(grpc-message)%", "fine"},
    {"%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%", "200 via_upstream"},
    {"%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%", "- -"},
    {"%GRPC_STATUS%", "NotFound"},
    {"%GRPC_STATUS(SNAKE_STRING)%", "NOT_FOUND"},
    {"%GRPC_STATUS(NUMBER)%,%GRPC_STATUS_NUMBER%", "5,5"},
    {"%UPSTREAM_HOST% %UPSTREAM_CLUSTER%", "127.0.0.1:8080 up"},
    {"%UPSTREAM_PROTOCOL% %UPSTREAM_REQUEST_ATTEMPT_COUNT%", "HTTP/1.1 2"},
    {"%ROUTE_NAME% %VIRTUAL_HOST_NAME% %ROUTE_CONFIGURATION_NAME%", "main all edge"},
    {"%LISTENER_NAME% %FILTER_CHAIN_NAME% %REASON%", "in web client_bytes"},
    {"%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_LOCAL_PORT%", "127.0.0.1:50000 80"},
    {"100%% of %RESPONSE_CODE%", "100% of 200"},
};

TEST(RequestFormatTest, EachOperatorHasItsValue) {
  const Sample sample;
  for (const Value& value : Values) EXPECT_EQ(text(value.format, sample), value.expected);
}

TEST(RequestFormatTest, WhatIsNotKnownIsADashOrNull) {
  Sample sample;
  sample.stream = StreamInfo{};
  sample.request.clear();
  for (const std::string format :
       {"%REQ(:PATH)%", "%REQ(X-ENVOY-ORIGINAL-PATH)%", "%RESPONSE_CODE_DETAILS%",
        "%RESPONSE_FLAGS%", "%GRPC_STATUS%", "%GRPC_STATUS_NUMBER%", "%UPSTREAM_HOST%",
        "%UPSTREAM_CLUSTER%", "%UPSTREAM_PROTOCOL%", "%ROUTE_NAME%", "%VIRTUAL_HOST_NAME%",
        "%ROUTE_CONFIGURATION_NAME%", "%REQUEST_DURATION%", "%RESPONSE_DURATION%",
        "%RESPONSE_TX_DURATION%", "%DURATION%", "%TRAILER(x)%",
        "%CONNECTION_TERMINATION_DETAILS%"}) {
    EXPECT_EQ(text(format, sample), "-") << format;
    EXPECT_EQ(json(format, sample), "null") << format;
  }
  EXPECT_EQ(text("%RESPONSE_CODE%", sample), "0");
}

TEST(RequestFormatTest, AnUnchangedPathHasNoOriginal) {
  Sample sample;
  sample.stream.path = "/new?q=1";
  EXPECT_EQ(text("%REQ(X-ENVOY-ORIGINAL-PATH)%", sample), "-");
  EXPECT_EQ(text("%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", sample), "/new?q=1");
}

TEST(RequestFormatTest, NobodyForgesALine) {
  Sample sample;
  sample.request.set("user-agent", "a b\r\ntime=1 \"\\\x01\xc3\xa4");
  EXPECT_EQ(text("ua=%REQ(user-agent)%", sample), "ua=a%20b%0D%0Atime=1%20%22%5C%01%C3%A4");
  EXPECT_EQ(json("%REQ(user-agent)%", sample), "\"a b\\r\\ntime=1 \\\"\\\\\\u0001\xc3\xa4\"");
  EXPECT_EQ(json("<%REQ(user-agent):3%>", sample), "\"<a b>\"");
}

TEST(RequestFormatTest, ANumberAloneIsOneInJson) {
  const Sample sample;
  EXPECT_EQ(json("%RESPONSE_CODE%", sample), "200");
  EXPECT_EQ(json("%CONNECTION_ID%", sample), "7");
  EXPECT_EQ(json("%GRPC_STATUS%", sample), "\"NotFound\"");
  EXPECT_EQ(json("%RESPONSE_CODE% ", sample), "\"200 \"");
}

struct Fault {
  std::string format;
  size_t position;
  std::string message;
};

TEST(RequestFormatTest, EachFaultIsReportedWithItsPlace) {
  const std::string field = " wants the name of a field, or two: ";
  for (const Fault& fault : {
           Fault{"a %NOPE%", 2, "there is no operator \"%NOPE%\""},
           {"%REQ%", 0, "%REQ%" + field + "%REQ(FIRST?SECOND)%"},
           {"%RESP(a b)%", 6, "%RESP%" + field + "%RESP(FIRST?SECOND)%"},
           {"%TRAILER(a?)%", 9, "%TRAILER%" + field + "%TRAILER(FIRST?SECOND)%"},
           {"%GRPC_STATUS(x)%", 13, "there are CAMEL_STRING, SNAKE_STRING and NUMBER"},
           {"%PROTOCOL(x)%", 10, "%PROTOCOL% takes no argument"},
           {"12 %REASON(x)%", 11, "%REASON% takes no argument"},
           {"%REQUEST_DURATION(h)%", 18,
            "\"h\" is not a unit of time: s, ms, us or ns, with .N for decimals"},
       }) {
    std::vector<filter::FormatProblem> problems;
    RequestFormat::compile(fault.format, problems);
    ASSERT_EQ(problems.size(), 1U) << fault.format;
    EXPECT_EQ(problems[0].message, fault.message) << fault.format;
    EXPECT_EQ(problems[0].position, fault.position) << fault.format;
  }
}

TEST(RequestFormatTest, AllOperatorsAreNamedOnce) {
  const auto names = RequestFormat::operatorNames();
  for (const std::string name : {"REQ", "PROTOCOL", "REASON", "START_TIME"})
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
}

TEST(RequestFormatTest, TheClientDoesNotSayWhatItsPathWas) {
  Sample sample;
  sample.request.add("x-envoy-original-path", "/forged");
  const std::string format = "%REQ(X-ENVOY-ORIGINAL-PATH)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%";
  EXPECT_EQ(text(format, sample), "/old?q=1 /old?q=1");
  sample.stream.path = sample.request.get(HeaderId::Path);
  EXPECT_EQ(text(format, sample), "- /new?q=1");
}

TEST(RequestFormatTest, TheClientIsWhomTrustedProxiesName) {
  Sample sample;
  const std::string format =
      "%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% "
      "%DOWNSTREAM_REMOTE_PORT% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%";
  sample.connection.facts.direct_source = *net::IpAddress::parse("127.0.0.1");
  EXPECT_EQ(text(format, sample), "127.0.0.1:50000 127.0.0.1 50000 127.0.0.1");
  sample.stream.client = *net::IpAddress::parse("127.0.0.1");
  EXPECT_EQ(text(format, sample), "127.0.0.1:50000 127.0.0.1 50000 127.0.0.1");
  sample.stream.client = *net::IpAddress::parse("2001:db8::1");
  EXPECT_EQ(text(format, sample), "[2001:db8::1]:0 2001:db8::1 0 127.0.0.1");
  EXPECT_EQ(json("%DOWNSTREAM_REMOTE_PORT%", sample), "0");
  sample.stream.client = {};
  sample.connection.facts.source = {};
  EXPECT_EQ(text("%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_PORT%", sample), "- -");
}

TEST(RequestFormatTest, DetailsSayWhatAnsweredInTheUpstreamsPlace) {
  Sample sample;
  sample.stream.details = "cors_preflight";
  EXPECT_EQ(text("%RESPONSE_CODE_DETAILS%", sample), "cors_preflight");
  sample.stream.reason = "client_gone";
  EXPECT_EQ(text("%RESPONSE_CODE_DETAILS%", sample), "client_gone");
}

TEST(RequestFormatTest, DetailsSayInBracesWhatTheUpstreamDid) {
  Sample sample;
  sample.stream.reason = "upstream_protocol_error";
  sample.stream.upstream_detail = "h1_chunk_size";
  EXPECT_EQ(text("%RESPONSE_CODE_DETAILS%", sample), "upstream_protocol_error{h1_chunk_size}");
}

std::string flagsOf(const StreamInfo& info) {
  std::string out;
  appendResponseFlags(info, false, out);
  return out;
}

TEST(ResponseFlagsTest, AReasonHasEnvoysLetters) {
  for (const auto& [reason, letters] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"", ""},
           {"client_gone", "DC"},
           {"client_reset", "DR"},
           {"dns_overflow", "UO"},
           {"dns_resolution_failure", "DF"},
           {"fault_filter_abort", "FI"},
           {"invalid_response_headers", "UPE"},
           {"max_stream_duration", "UMSDR"},
           {"no_destination", "UH"},
           {"no_healthy_upstream", "UH"},
           {"rate_limited", "RL"},
           {"route_not_found", "NR"},
           {"stream_idle_timeout", "SI"},
           {"upstream_connect_failed", "UF"},
           {"upstream_connect_timeout", "UF"},
           {"upstream_not_http2", "UPE"},
           {"upstream_overflow", "UO"},
           {"upstream_per_try_idle_timeout", "UT"},
           {"upstream_per_try_timeout", "UT"},
           {"upstream_protocol_error", "UPE"},
           {"upstream_refused", "UF"},
           {"upstream_refused_stream", "UR"},
           {"upstream_request_timeout", "UT"},
           {"upstream_reset", "UR"},
           {"upstream_unreachable", "UF"},
           {"rbac_access_denied", ""},
           {"zzz", ""},
       }) {
    StreamInfo info;
    info.reason = reason;
    EXPECT_EQ(flagsOf(info), letters) << reason;
  }
}

TEST(ResponseFlagsTest, WhatIsKnownOtherwiseHasFlagsToo) {
  StreamInfo info;
  info.bad_request = true;
  EXPECT_EQ(flagsOf(info), "DPE");
  info = {};
  info.delay_injected = true;
  EXPECT_EQ(flagsOf(info), "DI");
  info = {};
  info.reason = "upstream_refused";
  info.retries_used_up = true;
  EXPECT_EQ(flagsOf(info), "UF,URX");
  info = {};
  info.reason = "upstream_reset";
  info.upstream_gone = true;
  EXPECT_EQ(flagsOf(info), "UC");
}

TEST(ResponseFlagsTest, AResetOfOurOwnIsToldFromOneThatIsPassedOn) {
  for (const auto& [reason, letters] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"compression_failed", "LR"},
           {"stream_idle_timeout", "SI,LR"},
           {"upstream_request_timeout", "UT,LR"},
           {"max_stream_duration", "UMSDR,LR"},
           {"upstream_reset", "UR"},
           {"upstream_protocol_error", "UPE"},
           {"upstream_refused_stream", "UR"},
       }) {
    StreamInfo info;
    info.reason = reason;
    info.reset_here = true;
    EXPECT_EQ(flagsOf(info), letters) << reason;
  }
}

TEST(ResponseFlagsTest, SeveralFlagsStandTogether) {
  StreamInfo info;
  info.reason = "upstream_reset";
  info.upstream_gone = info.retries_used_up = true;
  std::string out = "x=";
  appendResponseFlags(info, false, out);
  EXPECT_EQ(out, "x=UC,URX");
  out.clear();
  appendResponseFlags(info, true, out);
  EXPECT_EQ(out, "UpstreamConnectionTermination,UpstreamRetryLimitExceeded");
}

TEST(RequestLineTest, TheDefaultsHaveTheSameKeys) {
  const Sample sample;
  std::string line;
  RequestLine::defaultText()->append(sample.record(), line);
  EXPECT_EQ(line,
            "time=2026-01-02T03:04:05.000042Z listener=in chain=web connection=7 stream=3 "
            "protocol=HTTP/2 reason=client_bytes src=127.0.0.1:50000 dst=[::1]:80 method=GET "
            "authority=a.example path=/old?q=1 status=200 details=via_upstream flags=- "
            "grpc=NotFound virtual_host=all route=main cluster=up upstream=127.0.0.1:8080 "
            "attempts=2 rx_bytes=10 tx_bytes=20 duration_ms=31.250 upstream_ms=5.000 request_id=- "
            "user_agent=test/1%20(x)\n");
  line.clear();
  RequestLine::defaultJson()->append(sample.record(), line);
  EXPECT_TRUE(line.starts_with("{\"time\":\"2026-01-02T03:04:05.000042Z\",\"listener\":\"in\","));
  EXPECT_NE(line.find(",\"status\":200,\"details\":\"via_upstream\",\"flags\":null,"),
            std::string::npos);
  EXPECT_TRUE(line.ends_with("}\n"));
}

// A key is a number or null, or a text or null, whatever the request was.
TEST(RequestLineTest, AKeyOfJsonHasOneTypeOrIsNull) {
  Sample sample;
  sample.stream.upstream_first_byte = {};
  sample.stream.upstream = nullptr;
  std::string line;
  RequestLine::defaultJson()->append(sample.record(), line);
  EXPECT_NE(line.find("\"upstream_ms\":null,"), std::string::npos) << line;
  EXPECT_EQ(line.find("\"-\""), std::string::npos) << line;
}

TEST(GrpcStatusTest, IsANumberOfUpToThreeDigits) {
  EXPECT_EQ(parseGrpcStatus("0"), 0);
  EXPECT_EQ(parseGrpcStatus("16"), 16);
  EXPECT_EQ(parseGrpcStatus("999"), 999);
  for (const std::string_view bad : {"", "-1", "1x", "1000", " 1"})
    EXPECT_EQ(parseGrpcStatus(bad), -1) << bad;
}

}  // namespace
}  // namespace weir::http
