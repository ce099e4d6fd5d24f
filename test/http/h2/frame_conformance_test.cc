// Frames and messages, section by section of RFC 9113.

#include <gtest/gtest.h>

#include "test/http/h2/conformance.h"

namespace weir::test {
namespace {

using Row = ConformanceRow;

std::string priority(uint32_t id, uint32_t on, uint8_t weight = 15) {
  return frame(PriorityFrame, 0, id, number(on, 4) + number(weight, 1));
}
std::string post(std::string method, FieldList more, const std::string& body) {
  FieldList fields = get(std::move(more));
  fields[0].second = std::move(method);
  return headers(1, fields, 0) + body;
}

constexpr uint8_t HasPriority = 0x20;

// --- Frames and streams that are right (RFC 9113 3.4 to 6, 8.1).

const Row GoodRows[] = {
    {"3.4", "nothing but the preface", "", answers(0)},
    {"4.1", "a type of frame that nobody knows", frame(0x16, 0, 0, "12345678") + whole(1),
     answers(1)},
    {"4.1", "a flag that is not defined", ping(0x16) + whole(1), answers(1)},
    {"4.1", "the reserved bit of the identifier", head(0x80000001, block()), answers(1)},
    {"4.2", "DATA as large as any may be", open(1) + data(1, std::string(16384, 'x'), EndStream),
     answers(1)},
    {"5.1", "PRIORITY for a stream that is idle", priority(1, 0) + whole(1), answers(1)},
    {"5.1", "PRIORITY for one above, then a stream below", priority(5, 0) + whole(3), answers(1)},
    {"5.1", "WINDOW_UPDATE behind the end of a request", whole(1) + windowUpdate(1, 100),
     answers(1)},
    {"5.1", "PRIORITY behind the end of a request", whole(1) + priority(1, 0), answers(1)},
    {"5.1", "PRIORITY behind RST_STREAM", whole(1) + rst(1, 8) + priority(1, 0) + whole(3),
     answers(1)},
    {"5.1.1", "identifiers that are left out", whole(1) + whole(9), answers(2)},
    {"5.5", "an extension's frame for a stream", open(1) + frame(0x16, 0, 1, "x") + data(1, "", 1),
     answers(1)},
    {"6.1", "DATA", open(1) + data(1, "test", EndStream), answers(1)},
    {"6.1", "DATA in several frames", open(1) + data(1, "te") + data(1, "st", EndStream),
     answers(1)},
    {"6.1", "DATA with padding",
     open(1) + frame(DataFrame, EndStream | Padded, 1, hex("06") + "test" + std::string(6, '\0')),
     answers(1)},
    {"6.2", "HEADERS", whole(1), answers(1)},
    {"6.2", "HEADERS with padding",
     head(1, hex("06") + block() + std::string(6, '\0'), EndStream | EndHeaders | Padded),
     answers(1)},
    {"6.2", "HEADERS with a priority",
     head(1, number(0, 4) + hex("ff") + block(), EndStream | EndHeaders | HasPriority), answers(1)},
    {"6.3", "the least weight", priority(1, 0, 0) + whole(1), answers(1)},
    {"6.3", "the largest weight", priority(1, 0, 255) + whole(1), answers(1)},
    {"6.3", "a dependency", priority(1, 0) + priority(3, 1) + whole(1), answers(1)},
    {"6.3", "an exclusive dependency", priority(1, 0) + priority(3, 0x80000001) + whole(1),
     answers(1)},
    {"6.4", "RST_STREAM of a request that is whole", whole(1) + rst(1, 8) + whole(3), answers(1)},
    {"6.4", "RST_STREAM of a request that is not", open(1) + rst(1, 8) + whole(3), answers(1)},
    {"6.5", "SETTINGS with every parameter",
     settings({{1, 4096}, {2, 0}, {3, 100}, {4, 65535}, {5, 16384}, {6, 100}}) + whole(1),
     answers(1)},
    {"6.5.2", "a parameter that nobody knows", settings({{0xff, 1}}) + whole(1), answers(1)},
    {"6.7", "PING", ping() + whole(1), answers(1)},
    {"6.7", "PING that answers none", ping(Ack) + whole(1), answers(1)},
    {"6.9", "WINDOW_UPDATE of the connection", windowUpdate(0, 1) + whole(1), answers(1)},
    {"6.9", "WINDOW_UPDATE of a stream", open(1) + windowUpdate(1, 1) + data(1, "", EndStream),
     answers(1)},
    {"6.10", "CONTINUATION",
     head(1, block(), EndStream) +
         frame(ContinuationFrame, EndHeaders, 1, fieldBlock({{"a", "b"}})),
     answers(1)},
    {"6.10", "several of them",
     head(1, block(), EndStream) + frame(ContinuationFrame, 0, 1, fieldBlock({{"a", "b"}})) +
         frame(ContinuationFrame, 0, 1, fieldBlock({{"c", "d"}})) +
         frame(ContinuationFrame, EndHeaders, 1, fieldBlock({{"e", "f"}})),
     answers(1)},
    {"6.10", "a block that is cut within a field",
     head(1, block().substr(0, 6), EndStream) +
         frame(ContinuationFrame, EndHeaders, 1, block().substr(6)),
     answers(1)},
    {"7", "RST_STREAM with a code that nobody knows", whole(1) + rst(1, 0xff) + whole(3),
     answers(1)},
    {"8.1", "HEAD", post("HEAD", {}, data(1, "", EndStream)), answers(1)},
    {"8.1", "POST", post("POST", {}, data(1, "test", EndStream)), answers(1)},
    {"8.1", "POST with its length", post("POST", {{"content-length", "4"}}, data(1, "test", 1)),
     answers(1)},
    {"8.1", "POST with trailers",
     post("POST", {{"trailer", "x-test"}}, data(1, "test") + headers(1, {{"x-test", "ok"}})),
     answers(1)},
};

// --- Frames that are wrong (RFC 9113 4 to 6).

const Row WrongFrameRows[] = {
    {"4.2", "DATA larger than any may be", open(1) + data(1, std::string(16385, 'x'), EndStream),
     either(FrameSizeError)},
    {"4.2", "HEADERS larger than any may be",
     head(1, block() + fieldBlock({{"a", std::string(16384, 'x')}})), connection(FrameSizeError)},
    {"4.3", "a block that is cut short", head(1, hex("828684014f")), connection(CompressionError)},
    {"4.3", "PRIORITY in the midst of a block",
     head(1, block(), EndStream) + priority(1, 0) + frame(ContinuationFrame, EndHeaders, 1),
     connection(ProtocolError)},
    {"4.3", "HEADERS of another stream in the midst of a block",
     head(1, block(), EndStream) + whole(3), connection(ProtocolError)},
    {"5.1", "DATA for a stream that is idle", data(1, "test", EndStream),
     connection(ProtocolError)},
    {"5.1", "RST_STREAM for a stream that is idle", rst(1, 8), connection(ProtocolError)},
    {"5.1", "WINDOW_UPDATE for a stream that is idle", windowUpdate(1, 100),
     connection(ProtocolError)},
    {"5.1", "CONTINUATION for a stream that is idle",
     frame(ContinuationFrame, EndHeaders, 1, block()), connection(ProtocolError)},
    {"5.1", "DATA behind the end of a request", whole(1) + data(1, "test", EndStream),
     either(StreamClosed)},
    {"5.1", "HEADERS behind the end of a request", whole(1) + whole(1), either(StreamClosed)},
    {"5.1", "CONTINUATION behind the end of a request",
     whole(1) + frame(ContinuationFrame, EndHeaders, 1, block()), connection(ProtocolError)},
    {"5.1", "DATA behind RST_STREAM", open(1) + rst(1, 8) + data(1, "test", EndStream),
     either(StreamClosed)},
    {"5.1", "HEADERS behind RST_STREAM", open(1) + rst(1, 8) + whole(1), either(StreamClosed)},
    {"5.1", "CONTINUATION behind RST_STREAM",
     open(1) + rst(1, 8) + frame(ContinuationFrame, EndHeaders, 1, block()),
     connection(ProtocolError)},
    {"5.1.1", "an even identifier", whole(2), connection(ProtocolError)},
    {"5.1.1", "an identifier below the last one", whole(5) + whole(3), connection(ProtocolError)},
    {"5.3", "HEADERS that hang on their own stream",
     head(1, number(1, 4) + hex("ff") + block(), EndStream | EndHeaders | HasPriority),
     either(ProtocolError)},
    {"5.3", "PRIORITY that hangs on its own stream", priority(2, 2), either(ProtocolError)},
    {"5.4.1", "PING that is too short", frame(PingFrame, 0, 0, "12345"),
     connection(FrameSizeError)},
    {"5.5", "an extension's frame in the midst of a block",
     head(1, block(), EndStream) + frame(0x16, 0, 0, "x"), connection(ProtocolError)},
    {"6.1", "DATA of the connection", open(1) + data(0, "test", EndStream),
     connection(ProtocolError)},
    {"6.1", "more padding than DATA",
     open(1) + frame(DataFrame, EndStream | Padded, 1, hex("06") + "test"),
     connection(ProtocolError)},
    {"6.2", "HEADERS of the connection", head(0, block()), connection(ProtocolError)},
    {"6.2", "more padding than HEADERS",
     head(1, hex("ff") + block(), EndStream | EndHeaders | Padded), connection(ProtocolError)},
    {"6.3", "PRIORITY of the connection", priority(0, 3), connection(ProtocolError)},
    {"6.3", "PRIORITY that is too short", open(1) + frame(PriorityFrame, 0, 1, "1234"),
     either(FrameSizeError)},
    {"6.4", "RST_STREAM of the connection", rst(0, 8), connection(ProtocolError)},
    {"6.4", "RST_STREAM that is too short", open(1) + frame(RstFrame, 0, 1, "123"),
     connection(FrameSizeError)},
    {"6.5", "SETTINGS that acknowledge and have parameters",
     frame(SettingsFrame, Ack, 0, std::string(6, '\0')), connection(FrameSizeError)},
    {"6.5", "SETTINGS of a stream", frame(SettingsFrame, 0, 1, hex("000300000064")),
     connection(ProtocolError)},
    {"6.5", "SETTINGS that are too short", frame(SettingsFrame, 0, 0, "123"),
     connection(FrameSizeError)},
    {"6.5.2", "push neither allowed nor not", settings({{2, 2}}), connection(ProtocolError)},
    {"6.5.2", "a window above the largest", settings({{4, 0x80000000}}),
     connection(FlowControlError)},
    {"6.5.2", "frames below the smallest", settings({{5, 16383}}), connection(ProtocolError)},
    {"6.5.2", "frames above the largest", settings({{5, 16777216}}), connection(ProtocolError)},
    {"6.6", "PUSH_PROMISE by a client",
     open(1) + frame(PushPromiseFrame, EndHeaders, 1, number(3, 4) + block()),
     connection(ProtocolError)},
    {"6.7", "PING of a stream", frame(PingFrame, 0, 1, "12345678"), connection(ProtocolError)},
    {"6.7", "PING that is too long", frame(PingFrame, 0, 0, "123456789"),
     connection(FrameSizeError)},
    {"6.8", "GOAWAY of a stream", frame(GoawayFrame, 0, 1, std::string(8, '\0')),
     connection(ProtocolError)},
    {"6.9", "a connection's window opened by nothing", windowUpdate(0, 0),
     connection(ProtocolError)},
    {"6.9", "a stream's window opened by nothing", open(1) + windowUpdate(1, 0),
     either(ProtocolError)},
    {"6.9", "WINDOW_UPDATE that is too short", frame(WindowUpdateFrame, 0, 0, "123"),
     connection(FrameSizeError)},
    {"6.9.1", "a connection's window above the largest",
     windowUpdate(0, 0x7fffffff) + windowUpdate(0, 0x7fffffff), connection(FlowControlError)},
    {"6.9.1", "a stream's window above the largest",
     open(1) + windowUpdate(1, 0x7fffffff) + windowUpdate(1, 0x7fffffff), stream(FlowControlError)},
    {"6.9.2", "a first window above the largest", settings({{4, 0xffffffff}}),
     connection(FlowControlError)},
    {"6.10", "another frame in the midst of a block",
     head(1, block(), EndStream) + frame(ContinuationFrame, 0, 1) + data(1, "test"),
     connection(ProtocolError)},
    {"6.10", "CONTINUATION of the connection",
     head(1, block(), EndStream) + frame(ContinuationFrame, EndHeaders, 0),
     connection(ProtocolError)},
    {"6.10", "CONTINUATION behind a block's end in HEADERS",
     open(1) + frame(ContinuationFrame, EndHeaders, 1), connection(ProtocolError)},
    {"6.10", "CONTINUATION behind a block's end",
     head(1, block(), 0) + frame(ContinuationFrame, EndHeaders, 1) +
         frame(ContinuationFrame, EndHeaders, 1),
     connection(ProtocolError)},
    {"6.10", "CONTINUATION behind DATA",
     open(1) + data(1, "test") + frame(ContinuationFrame, EndHeaders, 1),
     connection(ProtocolError)},
};

// --- Messages that are malformed (RFC 9113 8). More of them are in strictness_test.cc.

FieldList without(std::string_view name) {
  FieldList fields = get();
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}

FieldList emptyPath() {
  FieldList fields = get();
  fields.back().second.clear();
  return fields;
}

FieldList pseudoAtTheEnd() {
  FieldList fields = without(":path");
  fields.insert(fields.end(), {{"a", "b"}, {":path", "/"}});
  return fields;
}

const Row MalformedRows[] = {
    {"8.1", "a second head that does not end the request", open(1) + open(1),
     either(ProtocolError)},
    {"8.1", "trailers behind DATA that do not end the request",
     open(1) + data(1, "test") + headers(1, {{"a", "b"}}, 0), either(ProtocolError)},
    {"8.1", "pseudo-header field in trailers",
     open(1) + data(1, "test") + headers(1, {{":method", "GET"}}), either(ProtocolError)},
    {"8.1.1", "less DATA than content-length says",
     post("POST", {{"content-length", "5"}}, data(1, "test", EndStream)), either(ProtocolError)},
    {"8.1.1", "more DATA than content-length says",
     post("POST", {{"content-length", "1"}}, data(1, "test", EndStream)), either(ProtocolError)},
    {"8.1.1", "DATA in several frames against content-length",
     post("POST", {{"content-length", "1"}}, data(1, "te") + data(1, "st", EndStream)),
     either(ProtocolError)},
    {"8.2.1", "upper case", headers(1, get({{"X-TEST", "ok"}})), either(ProtocolError)},
    {"8.2.2", "connection", headers(1, get({{"connection", "keep-alive"}})), either(ProtocolError)},
    {"8.2.2", "te with anything but trailers", headers(1, get({{"te", "trailers, deflate"}})),
     either(ProtocolError)},
    {"8.3", "unknown pseudo-header field", headers(1, get({{":test", "ok"}})),
     either(ProtocolError)},
    {"8.3", "pseudo-header field of a response", headers(1, get({{":status", "200"}})),
     either(ProtocolError)},
    {"8.3", "pseudo-header field behind a field", headers(1, pseudoAtTheEnd()),
     either(ProtocolError)},
    {"8.3.1", "empty path", headers(1, emptyPath()), either(ProtocolError)},
    {"8.3.1", "no method", headers(1, without(":method")), either(ProtocolError)},
    {"8.3.1", "no scheme", headers(1, without(":scheme")), either(ProtocolError)},
    {"8.3.1", "no path", headers(1, without(":path")), either(ProtocolError)},
    {"8.3.1", "method twice", headers(1, get({{":method", "GET"}})), either(ProtocolError)},
    {"8.3.1", "scheme twice", headers(1, get({{":scheme", "http"}})), either(ProtocolError)},
    {"8.3.1", "path twice", headers(1, get({{":path", "/"}})), either(ProtocolError)},
};

TEST(Http2Conformance, FramesThatAreRightAreTaken) { expectConformance(GoodRows); }
TEST(Http2Conformance, FramesThatAreWrongAreErrors) { expectConformance(WrongFrameRows); }
TEST(Http2Conformance, MessagesThatAreMalformedAreErrors) { expectConformance(MalformedRows); }

// 3.4
TEST(Http2Conformance, ConnectionBeginsWithSettingsOfBothSides) {
  ServerHarness server;
  EXPECT_EQ(parseFrames(server.sent()).at(0).type, SettingsFrame);
  for (const std::string_view broken : {"INVALID CONNECTION PREFACE\r\n\r\n", "GET / HTTP/1.1\r\n",
                                        "PRI * HTTP/2.0\r\n\r\nMS\r\n\r\n"}) {
    ServerHarness other;
    other.feed(broken);
    EXPECT_EQ(describeOutcome(other.sent()), "GOAWAY last=0 code=1\n") << broken;
    EXPECT_EQ(other.events.end, "flush h2_bad_preface fault") << broken;
  }
  ServerHarness silent;
  silent.feed(std::string(ClientPreface) + ping());
  EXPECT_EQ(silent.events.end, "flush h2_protocol_error fault");
}

// 6.5.3
TEST(Http2Conformance, SettingsAreAcknowledgedEachTime) {
  AnsweringServer server(Answering::AtTheEnd);
  server.sent.clear();
  server.feed(settings({{4, 100}, {4, 1}}) + settings());
  const std::vector<Frame> frames = parseFrames(server.sent);
  ASSERT_EQ(frames.size(), 2U);
  for (const Frame& one : frames) {
    EXPECT_TRUE(one.type == SettingsFrame && one.flags == Ack && one.payload.empty());
  }
  // The last of two values holds.
  server.sent.clear();
  server.feed(whole(1));
  EXPECT_EQ(describeOutcome(server.sent), "HEADERS 1\nDATA 1 size=1\n");
}

// 6.7
TEST(Http2Conformance, PingIsAnsweredWithItsBytes) {
  AnsweringServer server(Answering::Never);
  server.sent.clear();
  server.feed(frame(PingFrame, 0, 0, "abcdefgh"));
  EXPECT_EQ(server.sent, frame(PingFrame, Ack, 0, "abcdefgh"));
}

// 6.8
TEST(Http2Conformance, GoawayWithAnyCodeLetsRequestsEnd) {
  AnsweringServer server(Answering::AtTheEnd);
  server.sent.clear();
  server.feed(open(1) + frame(GoawayFrame, 0, 0, number(0, 4) + number(0xff, 4)) +
              data(1, "x", EndStream));
  EXPECT_EQ(describeOutcome(server.sent), "HEADERS 1\nDATA 1 size=5 end\n");
  EXPECT_EQ(server.harness.events.end, "flush peer_goaway");
}

// 6.9.2
TEST(Http2Conformance, WindowsOfOpenStreamsFollowTheSetting) {
  AnsweringServer server(Answering::AtTheEnd);
  server.feed(settings({{4, 3}}) + whole(1));
  server.sent.clear();
  server.feed(settings({{4, 1}}) + windowUpdate(1, 2));  // below nothing, then at nothing
  EXPECT_EQ(describeOutcome(server.sent), "");
  server.feed(windowUpdate(1, 1));
  EXPECT_EQ(describeOutcome(server.sent), "DATA 1 size=1\n");
  server.sent.clear();
  server.feed(settings({{4, 10}}));
  EXPECT_EQ(describeOutcome(server.sent), "DATA 1 size=1 end\n");
}

// 5.1.2
TEST(Http2Conformance, StreamsAboveTheLimitAreRefused) {
  http::Http2Settings limits;
  limits.max_concurrent_streams = 3;
  AnsweringServer server(Answering::AtTheEnd, limits);
  server.feed(open(1) + open(3) + open(5));
  EXPECT_EQ(server.error(), "");
  server.feed(open(7));
  EXPECT_EQ(server.error(), "RST_STREAM 7");
  server.feed(data(1, "x", EndStream));
  server.feed(whole(9));
  EXPECT_EQ(server.count(HeadersFrame), 2U);
  EXPECT_TRUE(server.lives());
  // Once the client has acknowledged the limit it is no mistake.
  server.feed(frame(SettingsFrame, Ack, 0) + open(11) + open(13));
  EXPECT_EQ(server.error(), "GOAWAY 1");
}

}  // namespace
}  // namespace weir::test
