#include "source/extensions/http/compressor/compressor.h"

#include <brotli/decode.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "source/extensions/http/compressor/accept_encoding.h"
#include "source/extensions/http/compressor/factory.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace weir::http_filters {
namespace {

using test::HttpFilterHarness;
using Fields = HttpFilterHarness::Fields;

// What `text` is decompressed, as far as it goes; with "!" behind it if it is whole.
std::string gunzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return result == Z_STREAM_END && stream.avail_in == 0 ? out + "!" : out;
}

std::string unbrotli(const std::string& text) {
  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  std::string out(1 << 20, '\0');
  const auto* in = reinterpret_cast<const uint8_t*>(text.data());
  auto* to = reinterpret_cast<uint8_t*>(out.data());
  size_t in_left = text.size();
  size_t room = out.size();
  const auto result = BrotliDecoderDecompressStream(state, &in_left, &in, &room, &to, nullptr);
  BrotliDecoderDestroyInstance(state);
  out.resize(out.size() - room);
  return result == BROTLI_DECODER_RESULT_SUCCESS && in_left == 0 ? out + "!" : out;
}

std::string decode(const std::string& coding, const std::string& text) {
  return coding == "gzip" ? gunzip(text) : unbrotli(text);
}

HttpFilterHarness::Factories compressor(const std::string& more = "") {
  return {test::makeFilter(makeCompressorConfigFactory(), "stat_prefix: c" + more)};
}

const std::string Text(5000, 'a');

Fields plain(const Fields& more = {}) {
  Fields fields = {{":status", "200"}, {"content-type", "text/plain"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

TEST(AcceptEncodingTest, ChoosesWhatTheClientLikesBest) {
  struct Case {
    std::string accept;
    std::string chosen;
  };
  constexpr std::string_view Offered[] = {"br", "gzip"};
  for (const Case& one : {
           Case{"gzip", "gzip"},
           Case{"GZIP", "gzip"},
           Case{"x-gzip", "gzip"},
           Case{"br", "br"},
           Case{"gzip, br", "br"},
           Case{"gzip, deflate, br, zstd", "br"},
           Case{"gzip;q=1.0, br;q=0.9", "gzip"},
           Case{"gzip ; q=0.5 , br ; Q=0.6", "br"},
           Case{"gzip;q=0.001", "gzip"},
           Case{"gzip;q=0", ""},
           Case{"gzip;q=0.000", ""},
           Case{"*", "br"},
           Case{"*;q=0", ""},
           Case{"br;q=0, *", "gzip"},
           Case{"*, br;q=0.2, gzip;q=0.1", "br"},
           Case{"identity", ""},
           Case{"identity, gzip;q=0.5", ""},
           Case{"identity;q=0.4, gzip;q=0.5", "gzip"},
           Case{"identity;q=0, gzip", "gzip"},
           Case{"deflate", ""},
           Case{"", ""},
           Case{",,", ""},
           Case{"gzip;q=2", ""},
           Case{"gzip;q=-1", ""},
           Case{"gzip;q=0.1234", ""},
           Case{"gzip;q=x", ""},
           Case{"gzip;q=", ""},
           Case{"gzip;level=1", "gzip"},
           Case{"gzipped", ""},
           Case{";q=1", ""},
       }) {
    const auto index = chooseEncoding(one.accept, Offered);
    EXPECT_EQ(index ? Offered[*index] : "", one.chosen) << one.accept;
  }
}

TEST(CompressorTest, CompressesByEachCodingHoweverTheBodyIsCut) {
  const std::string text = "abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz";
  for (const std::string coding : {"gzip", "br"}) {
    for (size_t first = 0; first <= text.size(); ++first) {
      HttpFilterHarness h(compressor());
      h.request("GET", "/", {{"accept-encoding", coding}});
      h.respondHeaders(plain(), false);
      h.respondData(text.substr(0, first), false);
      EXPECT_EQ(decode(coding, h.responseBody()), text.substr(0, first)) << "can be read at once";
      h.respondData(text.substr(first), true);
      EXPECT_EQ(decode(coding, h.responseBody()), text + "!");
      EXPECT_EQ(h.responseHeader("content-encoding"), coding);
    }
  }
}

TEST(CompressorTest, TheBodyIsWholeBeforeItsTrailers) {
  for (const std::string coding : {"gzip", "br"}) {
    HttpFilterHarness h(compressor());
    h.request("GET", "/", {{"accept-encoding", coding}});
    h.respondHeaders(plain(), false);
    h.respondData(Text, false);
    h.respondTrailers({{"t", "v"}});
    EXPECT_EQ(decode(coding, h.responseBody()), Text + "!");
    EXPECT_TRUE(h.response().ends_with("|t=v;|end"));
  }
}

TEST(CompressorTest, LargeBodiesComeThrough) {
  std::string text;
  for (uint32_t i = 0; i < 60'000; ++i) text += std::to_string(i * 2654435761U);
  for (const std::string coding : {"gzip", "br"}) {
    HttpFilterHarness h(compressor());
    h.request("GET", "/", {{"accept-encoding", coding}});
    h.respond(200, text, {{"content-type", "text/plain"}});
    EXPECT_EQ(decode(coding, h.responseBody()), text + "!");
  }
}

TEST(CompressorTest, ChangesTheFieldsThatSpeakOfTheBytes) {
  HttpFilterHarness h(compressor());
  h.request("GET", "/", {{"accept-encoding", "gzip"}});
  h.respondHeaders(
      plain({{"content-length", "5000"}, {"accept-ranges", "bytes"}, {"etag", "\"x\""}}), false);
  EXPECT_EQ(h.response(),
            ":status=200;content-type=text/plain;etag=W/\"x\";vary=accept-encoding;"
            "content-encoding=gzip;||");
}

TEST(CompressorTest, SomeResponsesAreLeftAsTheyAre) {
  struct Case {
    Fields head;
  };
  for (const Case& one : {
           Case{{{":status", "200"}}},
           Case{{{":status", "200"}, {"content-type", "image/png"}}},
           Case{{{":status", "200"}, {"content-type", "application/grpc"}}},
           Case{{{":status", "206"}, {"content-type", "text/plain"}}},
           Case{plain({{"content-range", "bytes 0-1/2"}})},
           Case{plain({{"content-encoding", "br"}})},
           Case{plain({{"content-length", "29"}})},
           Case{plain({{"cache-control", "private, No-Transform"}})},
           Case{plain({{"content-digest", "sha-256=:x:"}})},
       }) {
    HttpFilterHarness h(compressor());
    h.request("GET", "/", {{"accept-encoding", "gzip"}});
    std::string expected;
    for (const auto& [name, value] : one.head) expected += name + "=" + value + ";";
    h.respondHeaders(one.head, false);
    h.respondData(Text, true);
    EXPECT_EQ(h.response(), expected + "|" + Text + "|end");
  }
}

TEST(CompressorTest, OthersAre) {
  for (const Fields& head : {
           plain(),
           plain({{"content-length", "30"}}),
           plain({{"cache-control", "no-cache"}}),
           Fields{{":status", "404"}, {"content-type", "TEXT/HTML ; charset=utf-8"}},
           plain({{"etag", "W/\"x\""}}),
       }) {
    HttpFilterHarness h(compressor());
    h.request("GET", "/", {{"accept-encoding", "gzip"}});
    h.respondHeaders(head, false);
    EXPECT_EQ(h.responseHeader("content-encoding"), "gzip");
  }
}

TEST(CompressorTest, WhoDoesNotAskGetsTheBodyAndHearsThatItVaries) {
  HttpFilterHarness h(compressor());
  for (const Fields& fields : {Fields{}, Fields{{"accept-encoding", "deflate"}}}) {
    h.request("GET", "/", fields);
    h.respondHeaders(plain({{"etag", "\"x\""}, {"content-length", "5000"}}), false);
    h.respondData(Text, true);
    EXPECT_EQ(h.response(),
              ":status=200;content-type=text/plain;etag=\"x\";content-length=5000;"
              "vary=accept-encoding;|" +
                  Text + "|end");
    h.nextStream();
  }
}

TEST(CompressorTest, VaryIsNotSaidTwice) {
  for (const std::string vary : {"origin, Accept-Encoding", "*"}) {
    HttpFilterHarness h(compressor());
    h.request("GET", "/");
    h.respondHeaders(plain({{"vary", vary}}), true);
    EXPECT_EQ(h.response(), ":status=200;content-type=text/plain;vary=" + vary + ";||end");
  }
}

TEST(CompressorTest, AHeadIsAnsweredAsAGetWouldBe) {
  const std::string as_it_came =
      ":status=200;content-type=text/"
      "plain;content-length=5000;etag=\"x\";vary=accept-encoding;||end";
  for (const auto& [accepted, response] :
       {std::pair<std::string, std::string>{
            "gzip",
            ":status=200;content-type=text/plain;etag=W/\"x\";vary=accept-encoding;"
            "content-encoding=gzip;||end"},
        {"identity", as_it_came}}) {
    HttpFilterHarness h(compressor());
    h.request("HEAD", "/", {{"accept-encoding", accepted}});
    h.respondHeaders(plain({{"content-length", "5000"}, {"etag", "\"x\""}}), true);
    EXPECT_EQ(h.response(), response);
  }
  // Nothing to compress, and so nothing to say.
  HttpFilterHarness h(compressor());
  h.request("HEAD", "/", {{"accept-encoding", "gzip"}});
  h.respondHeaders(plain({{"content-length", "5"}}), true);
  EXPECT_EQ(h.response(), ":status=200;content-type=text/plain;content-length=5;||end");
}

TEST(CompressorTest, ATunnelIsLeftAlone) {
  HttpFilterHarness h(compressor());
  h.requestHeaders({{":method", "CONNECT"}, {"accept-encoding", "gzip"}}, false);
  h.respondHeaders(plain(), false);
  EXPECT_EQ(h.response(), ":status=200;content-type=text/plain;||");
}

TEST(CompressorTest, ObeysItsSettings) {
  HttpFilterHarness etag(compressor(", disable_on_etag_header: true"));
  etag.request("GET", "/", {{"accept-encoding", "gzip"}});
  etag.respondHeaders(plain({{"etag", "\"x\""}}), false);
  EXPECT_EQ(etag.responseHeader("content-encoding"), "-");

  HttpFilterHarness h(compressor(
      ", remove_accept_encoding_header: true, algorithms: [GZIP], content_type: [Text/Mine], "
      "min_content_length: 100"));
  h.request("GET", "/", {{"accept-encoding", "br, gzip;q=0.1"}});
  EXPECT_EQ(h.upstreamRequest().find("accept-encoding"), std::string::npos);
  h.respondHeaders({{":status", "200"}, {"content-type", "text/mine"}, {"content-length", "100"}},
                   false);
  EXPECT_EQ(h.responseHeader("content-encoding"), "gzip");
  h.nextStream();
  h.request("GET", "/", {{"accept-encoding", "gzip"}});
  h.respondHeaders({{":status", "200"}, {"content-type", "text/mine"}, {"content-length", "99"}},
                   false);
  EXPECT_EQ(h.responseHeader("content-encoding"), "-");
}

TEST(CompressorTest, CountsResponsesAndBytes) {
  HttpFilterHarness h(compressor());
  for (const std::string accept : {"gzip", "br", "x"}) {
    h.request("GET", "/", {{"accept-encoding", accept}});
    h.respond(200, Text, {{"content-type", "text/plain"}});
    h.nextStream();
  }
  const std::string metrics = h.context().metrics();
  for (const std::string encoding : {"gzip", "br", "identity"}) {
    EXPECT_NE(metrics.find("weir_http_compressor_responses_total{name=\"c\",encoding=\"" +
                           encoding + "\"} 1\n"),
              std::string::npos);
  }
  EXPECT_NE(metrics.find("weir_http_compressor_input_bytes_total{name=\"c\"} 10000\n"),
            std::string::npos)
      << metrics;
}

TEST(CompressorFactoryTest, ChecksEveryField) {
  struct Case {
    std::string fields;
    std::string error;
  };
  for (const Case& one : {
           Case{"", "stat_prefix: is required: the label of its metrics"},
           Case{"stat_prefix: c, algorithms: [GZIP, GZIP]",
                "algorithms[1]: stands twice in this list"},
           Case{"stat_prefix: c, min_content_length: 29",
                "min_content_length: 29 is out of range: from 30 to 4294967295 is allowed"},
           Case{"stat_prefix: c, content_type: [\"text/html; charset=utf-8\"]",
                "content_type[0]: \"text/html; charset=utf-8\" is not a type such as "
                "\"text/html\""},
           Case{"stat_prefix: c, gzip_level: 0",
                "gzip_level: 0 is out of range: from 1 to 9 is allowed"},
           Case{"stat_prefix: c, brotli_quality: 12",
                "brotli_quality: 12 is out of range: from 0 to 11 is allowed"},
       }) {
    EXPECT_EQ(test::errorsOf(makeCompressorConfigFactory(), one.fields),
              std::vector<std::string>{one.error});
  }
}

}  // namespace
}  // namespace weir::http_filters
