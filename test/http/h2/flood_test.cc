// Peers that mean no good: each is stopped with the name of what it did, and the memory that it
// could fill is bounded.

#include <gtest/gtest.h>

#include <functional>

#include "test/http/h2/codec_harness.h"

namespace weir::test {
namespace {

struct Flood {
  const char* name;
  // The i-th piece that the peer sends.
  std::function<std::string(uint32_t i)> piece;
  bool reads = true;  // the peer takes what is sent to it
};

std::string streamOf(uint32_t i, const std::string& more) {
  return headers(2 * i + 1, get(), 0) + more;
}

// Within one turn of the loop, as with one read.
std::string times(int n, const std::string& piece) {
  std::string all;
  for (int i = 0; i < n; ++i) all += piece;
  return all;
}

const Flood Floods[] = {
    {"h2_rapid_reset", [](uint32_t i) { return headers(2 * i + 1, get()) + rst(2 * i + 1, 8); }},
    {"h2_ping_flood", [](uint32_t) { return ping(); }},
    {"h2_settings_flood", [](uint32_t) { return settings(); }},
    {"h2_settings_flood",
     [](uint32_t) {
       return settings({100, {4, 65535}});
     }},
    {"h2_priority_flood",
     [](uint32_t i) { return frame(PriorityFrame, 0, 2 * i + 1, number(0, 4) + number(16, 1)); }},
    {"h2_window_update_flood", [](uint32_t) { return windowUpdate(0, 1); }},
    {"h2_empty_frames_flood",
     [](uint32_t i) { return i == 0 ? headers(1, get(), 0) : data(1, ""); }},
    {"h2_empty_frames_flood",
     [](uint32_t i) {
       return i == 0 ? headers(1, get(), 0) : frame(DataFrame, Padded, 1, std::string("\2\0\0", 3));
     }},
    {"h2_continuation_flood",
     [](uint32_t i) {
       return i == 0 ? frame(HeadersFrame, EndStream, 1, fieldBlock(get()))
                     : frame(ContinuationFrame, 0, 1);
     }},
    {"h2_continuation_flood",
     [](uint32_t i) {
       return i == 0 ? frame(HeadersFrame, EndStream, 1, fieldBlock(get()))
                     : frame(ContinuationFrame, 0, 1, fieldBlock({{"a", "b"}}));
     }},
    // To a stream that was reset, whose fields nobody wants.
    {"h2_continuation_flood",
     [](uint32_t i) {
       return i == 0 ? headers(1, get({{"connection", "x"}}), 0) +
                           frame(HeadersFrame, EndStream, 1, fieldBlock({{"a", "b"}}))
                     : frame(ContinuationFrame, 0, 1, fieldBlock({{"a", "b"}}));
     }},
    {"h2_header_overflow",
     [](uint32_t i) {
       return frame(i == 0 ? HeadersFrame : ContinuationFrame, 0, 1,
                    fieldBlock(FieldList(2000, {"a", ""})));
     }},
    // A field in the dynamic table, and then one byte for each time that it is repeated.
    {"h2_header_overflow",
     [](uint32_t i) {
       if (i > 0) return frame(ContinuationFrame, 0, 1, std::string(16000, '\xbe'));
       const std::string field = fieldBlock({{"a", std::string(3000, 'x')}}).substr(1);
       return frame(HeadersFrame, 0, 1, fieldBlock(get()) + '\x40' + field);
     }},
    {"h2_settings_flood", [](uint32_t) { return times(1500, settings()); }},
    {"h2_settings_flood", [](uint32_t) { return times(1500, settings()); }, false},
    {"h2_ping_flood", [](uint32_t) { return times(1500, ping()); }},
    {"h2_outbound_control_flood", [](uint32_t) { return times(50, ping()); }, false},
    {"h2_unknown_frames_flood", [](uint32_t) { return times(50, frame(0x20, 0, 0)); }},
    // To a stream that was reset.
    {"h2_unknown_frames_flood",
     [](uint32_t i) {
       return i == 0 ? headers(1, get({{"connection", "x"}}), 0) : times(50, data(1, ""));
     }},
    // Over the limit of streams, as no reset can be sent.
    {"h2_protocol_error",
     [](uint32_t i) {
       return headers(2 * i + 1, get({{"connection", "x"}}));
     },
     false},
    // Resets that the peer provokes, while what it asked for is being worked on.
    {"h2_rst_flood", [](uint32_t i) { return streamOf(i, windowUpdate(2 * i + 1, 0x7fffffff)); }},
    {"h2_rst_flood",
     [](uint32_t i) {
       return streamOf(i, headers(2 * i + 1, {{":path", "/"}}));
     }},
    {"h2_rst_flood",
     [](uint32_t i) {
       return headers(2 * i + 1, get({{"upgrade", "x"}}));
     }},
    {"h2_rst_flood",
     [](uint32_t i) {
       return frame(HeadersFrame, EndHeaders | EndStream, 2 * i + 1,
                    fieldBlock(get({{"content-length", "5"}})));
     }},
};

TEST(Http2Flood, EachIsStoppedByItsNameWithinBoundedMemory) {
  for (const Flood& flood : Floods) {
    ServerHarness server;
    server.feed(hello() + frame(SettingsFrame, Ack, 0));
    server.sent();
    server.out.blocked = !flood.reads;
    uint32_t sent = 0;
    for (; server.events.end.empty() && sent < 20'000; ++sent) {
      if (flood.reads) server.out.written.clear();
      server.feed(flood.piece(sent));
      ASSERT_LE(server.pool.bytesInUse(), 200'000U) << flood.name;
      ASSERT_LE(server.codec->openStreams(), 1100U) << flood.name;
    }
    const std::string how = flood.reads ? "flush " : "reset ";
    EXPECT_EQ(server.events.end, how + flood.name + " fault") << sent;
    if (flood.reads) {
      EXPECT_NE(server.out.written.find(number(11, 4)), std::string::npos) << flood.name;
    }
    server.feed(flood.piece(sent));  // is dropped
  }
}

TEST(Http2Flood, BurstsThatAPeerMaySendArePassed) {
  ServerHarness server;
  server.feed(hello() + times(900, ping()) + times(50, settings()));
  EXPECT_EQ(server.events.end, "");
  EXPECT_EQ(parseFrames(server.sent()).size(), 2U + 900U + 51U);
}

TEST(Http2Flood, OpeningAndClosingWholeStreamsIsNoFlood) {
  ServerHarness server;
  server.feed(hello());
  for (uint32_t i = 0; i < 5000; ++i) {
    server.feed(headers(2 * i + 1, get()));
    EXPECT_TRUE(server.stream(i).encoder->encodeHeaders(Fields{{":status", "200"}}, true));
    server.sent();
  }
  EXPECT_EQ(server.events.end, "");
  EXPECT_EQ(server.codec->openStreams(), 0U);
}

TEST(Http2Flood, MoreStreamsThanAllowedAreNotTaken) {
  ServerHarness server;
  server.feed(hello() + frame(SettingsFrame, Ack, 0));
  for (uint32_t i = 0; i < 100; ++i) server.feed(headers(2 * i + 1, get()));
  EXPECT_EQ(server.codec->openStreams(), 100U);
  server.feed(headers(201, get()));
  EXPECT_EQ(server.events.streams.size(), 100U);
}

TEST(Http2Flood, WindowsThatStayShutEndTheStream) {
  ServerHarness server;
  server.feed(std::string(ClientPreface) + settings({{4, 0}}) + headers(1, get()) +
              frame(SettingsFrame, Ack, 0));
  server.sent();
  EXPECT_TRUE(server.stream().encoder->encodeHeaders(Fields{{":status", "200"}}, false));
  server.write(*server.stream().encoder, std::string(30'000, 'x'), true);
  EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 1\n");
  server.loop.advance(std::chrono::seconds(299));
  server.feed(windowUpdate(1, 1));
  EXPECT_EQ(describeOutcome(server.sent()), "DATA 1 size=1\n");
  server.loop.advance(std::chrono::seconds(299));
  EXPECT_EQ(server.codec->openStreams(), 1U);
  server.loop.advance(std::chrono::seconds(2));
  EXPECT_EQ(describeOutcome(server.sent()), "RST_STREAM 1 code=8\n");
  EXPECT_EQ(server.codec->openStreams(), 0U);
  EXPECT_EQ(server.pool.inUse(), 0U);
}

TEST(Http2Flood, ConnectionThatStaysBlockedIsResetWithItsStreams) {
  ServerHarness server;
  server.feed(hello() + headers(1, get()) + frame(SettingsFrame, Ack, 0));
  server.out.blocked = true;
  EXPECT_TRUE(server.stream().encoder->encodeHeaders(Fields{{":status", "200"}}, true));
  server.loop.advance(std::chrono::seconds(301));
  EXPECT_EQ(server.events.end, "reset h2_flush_timeout fault");
}

// What nghttp2 finds.
struct ConnectionError {
  const char* end;
  std::string bytes;
  uint32_t code;
};

TEST(Http2Flood, ConnectionErrorsAreNamedByTheirCode) {
  const ConnectionError cases[] = {
      {"h2_protocol_error", data(0, "x"), 1},
      {"h2_protocol_error", headers(2, get()), 1},
      {"h2_protocol_error", headers(5, get()) + headers(3, get()), 1},
      {"h2_stream_closed", headers(1, get()) + rst(1, 8) + headers(1, get()), 5},
      {"h2_stream_closed", headers(1, get()) + rst(1, 8) + data(1, "x"), 5},
      {"h2_protocol_error", frame(PriorityFrame, 0, 0, std::string(5, '\1')), 1},
      {"h2_protocol_error", windowUpdate(0, 0), 1},
      {"h2_protocol_error", headers(1, get(), 0) + windowUpdate(1, 0), 1},
      {"h2_protocol_error", frame(PushPromiseFrame, EndHeaders, 1, number(2, 4)), 1},
      {"h2_frame_size_error", frame(PingFrame, 0, 0, "short"), 6},
      {"h2_frame_size_error", number(20000, 3) + number(0, 6), 6},
      {"h2_flow_control_error", windowUpdate(0, 0x7fffffff), 3},
      {"h2_compression_error", frame(HeadersFrame, EndHeaders, 1, "\xff\xff\xff\xff\xff"), 9},
      {"h2_protocol_error", frame(SettingsFrame, 0, 0, number(2, 2) + number(7, 4)), 1},
  };
  for (const ConnectionError& c : cases) {
    ServerHarness server;
    server.feed(hello());
    server.sent();
    server.feed(c.bytes);
    EXPECT_EQ(server.events.end, std::string("flush ") + c.end + " fault");
    const std::vector<Frame> sent = parseFrames(server.sent());
    ASSERT_FALSE(sent.empty()) << c.end;
    EXPECT_EQ(sent.back().type, GoawayFrame) << c.end;
    EXPECT_EQ(sent.back().payload.substr(4, 4), number(c.code, 4)) << c.end;
  }
}

// A field "a" that is not indexed. `coded`: how its value is on the wire, so many times over.
std::string fieldOf(std::string_view coded, size_t times, bool huffman) {
  std::string value;
  for (size_t i = 0; i < times; ++i) value += coded;
  // A number of seven bits and more (RFC 7541 5.1).
  std::string length(1, static_cast<char>((huffman ? 0x80 : 0) | 0x7f));
  size_t rest = value.size() - 0x7f;
  for (; rest > 0x7f; rest >>= 7) length += static_cast<char>(0x80 | (rest & 0x7f));
  length += static_cast<char>(rest);
  return std::string("\0\1a", 3) + length + value;
}

// What bounds one name or value is its size on the wire: of Huffman's code, five bytes of which are
// eight letters here, more may come out.
TEST(Http2Flood, OneValueIsBoundedAsItIsCoded) {
  constexpr std::string_view EightLetters = "\x18\xc6\x31\x8c\x63";
  http::Http2Settings large;
  large.headers.max_bytes = 1 << 20;
  struct {
    std::string field;
    size_t decoded;  // 0: the connection ends
  } const cases[] = {
      {fieldOf("x", 65536, false), 65536},
      {fieldOf("x", 65537, false), 0},
      {fieldOf(EightLetters, 13107, true), 104856},
      {fieldOf(EightLetters, 13108, true), 0},
  };
  for (const auto& [field, decoded] : cases) {
    ServerHarness server(large);
    server.feed(hello() + longHeaders(1, fieldBlock(get()) + field));
    if (decoded == 0) {
      EXPECT_EQ(server.events.end, "flush h2_compression_error fault");
    } else {
      EXPECT_EQ(server.stream().log,
                "headers :method=GET :scheme=http :authority=a.test :path=/ a=" +
                    std::string(decoded, field.back() == 'x' ? 'x' : 'a') + " end\n");
    }
  }
}

TEST(Http2Flood, WhatWasOnItsWayToAStreamThatWasResetIsIgnored) {
  ServerHarness server;
  server.feed(hello() + headers(1, get(), 0) + headers(3, get(), 0));
  server.stream(0).encoder->reset(http::ResetReason::Cancel);
  server.sent();
  server.feed(data(1, "late") + headers(1, {{"late", "1"}}) + headers(5, get()));
  EXPECT_EQ(server.events.end, "");
  EXPECT_TRUE(server.stream(2).ended);
}

TEST(Http2Flood, WrongPrefaceEndsTheConnection) {
  ServerHarness server;
  server.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(server.events.end, "flush h2_bad_preface fault");
}

}  // namespace
}  // namespace weir::test
