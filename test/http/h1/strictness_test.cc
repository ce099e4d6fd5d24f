// What becomes of each request that could be read in two ways, or is too much: one row, one
// outcome, however its bytes are cut.

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "test/http/h1/server_harness.h"

namespace weir::http::test {
namespace {

struct Case {
  std::string what;
  std::string bytes;
  std::string told;  // "STATUS reason", or the fields after :method
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.what; }

std::string withFields(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::string withLine(const std::string& line) { return line + "\r\nHost: a\r\n\r\n"; }

std::string nul(std::string text) {
  text[text.find('0')] = '\0';
  return text;
}

constexpr const char* Plain = ":scheme: http|:authority: a|:path: /";

std::vector<Case> lineCases() {
  return {
      {"a plain request", withFields(""), Plain},
      {"an empty line before it", "\r\n" + withFields(""), Plain},
      {"five empty lines", "\r\n\r\n\r\n\r\n\r\n" + withFields(""), "400 h1_empty_lines"},
      {"a bare LF before it", "\n" + withFields(""), "400 h1_bare_lf"},
      {"white space before it", " " + withFields(""), "400 h1_bad_first_line"},
      {"a bare LF behind the line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400 h1_bare_lf"},
      {"a bare CR in the line", withLine("GET / HTTP/1.1\rX"), "400 h1_version"},
      {"a bare CR in the target", withLine("GET /\r HTTP/1.1"), "400 h1_target"},
      {"no version", withLine("GET /"), "400 h1_request_line"},
      {"no target", withLine("GET HTTP/1.1"), "400 h1_request_line"},
      {"two spaces", withLine("GET  / HTTP/1.1"), "400 h1_target"},
      {"a space behind the version", withLine("GET / HTTP/1.1 "), "400 h1_target"},
      {"a tab for a space", withLine("GET\t/ HTTP/1.1"), "400 h1_request_line"},
      {"a space in the target", withLine("GET /a b HTTP/1.1"), "400 h1_target"},
      {"NUL in the target", nul(withLine("GET /0 HTTP/1.1")), "400 h1_target"},
      {"a control byte in the target", withLine("GET /\x01 HTTP/1.1"), "400 h1_target"},
      {"DEL in the target", withLine("GET /\x7f HTTP/1.1"), "400 h1_target"},
      {"a fragment", withLine("GET /a#b HTTP/1.1"), "400 h1_target"},
      {"a byte above ASCII", withLine("GET /\xc3\xa4 HTTP/1.1"),
       ":scheme: http|:authority: a|:path: /\xc3\xa4"},
      {"a method that is no token", withLine("G@T / HTTP/1.1"), "400 h1_method"},
      {"a method nobody knows", withLine("FETCH / HTTP/1.1"), Plain},
      {"a method in lower case", withLine("get / HTTP/1.1"), Plain},
      {"the longest method", withLine(std::string(50, 'M') + " / HTTP/1.1"), Plain},
      {"a method with a hyphen", withLine("M-SEARCH / HTTP/1.1"), Plain},
      {"HTTP/0.9", withLine("GET / HTTP/0.9"), "505 h1_version_not_supported"},
      {"HTTP/1.2", withLine("GET / HTTP/1.2"), "505 h1_version_not_supported"},
      {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\n", "505 h1_version_not_supported"},
      {"a version in lower case", withLine("GET / http/1.1"), "400 h1_version"},
      {"a version with zeros", withLine("GET / HTTP/01.1"), "400 h1_version"},
      {"another protocol", withLine("GET / ICE/1.0"), "400 h1_version"},
  };
}

std::vector<Case> targetCases() {
  const auto absolute = [](const std::string& target) {
    return withLine("GET " + target + " HTTP/1.1");
  };
  return {
      {"an absolute target overrules Host", absolute("http://b:80/x?y"),
       ":scheme: http|:authority: b:80|:path: /x?y"},
      {"its scheme in capitals", absolute("HTTP://b/"), ":scheme: http|:authority: b|:path: /"},
      {"https", absolute("https://b/"), ":scheme: https|:authority: b|:path: /"},
      {"no path", absolute("http://b"), ":scheme: http|:authority: b|:path: /"},
      {"a query without a path", absolute("http://b?x"), ":scheme: http|:authority: b|:path: /?x"},
      {"OPTIONS without a path", withLine("OPTIONS http://b HTTP/1.1"),
       ":scheme: http|:authority: b|:path: *"},
      {"another scheme", absolute("ftp://b/"), "400 unknown_scheme"},
      {"no authority", absolute("http:///x"), "400 h1_authority"},
      {"user information", absolute("http://u:p@b/"), "400 h1_authority"},
      {"a bad port", absolute("http://b:x/"), "400 h1_authority"},
      {"an IPv6 address", absolute("http://[::1]:8080/"),
       ":scheme: http|:authority: [::1]:8080|:path: /"},
      {"an absolute target without Host", "GET http://b/ HTTP/1.1\r\n\r\n", "400 h1_no_host"},
      {"a relative target", absolute("x"), "400 h1_target"},
      {"an authority for GET", absolute("b:80"), "400 h1_target"},
      {"an asterisk for GET", absolute("*"), "400 h1_target"},
      {"an asterisk for OPTIONS", withLine("OPTIONS * HTTP/1.1"),
       ":scheme: http|:authority: a|:path: *"},
      {"CONNECT to an authority", withLine("CONNECT b:443 HTTP/1.1"), ":authority: b:443"},
      {"CONNECT without a port", withLine("CONNECT b HTTP/1.1"), "400 h1_authority"},
      {"CONNECT to a path", withLine("CONNECT / HTTP/1.1"), "400 h1_authority"},
      {"CONNECT to a URL", withLine("CONNECT http://b:1/ HTTP/1.1"), "400 h1_authority"},
      {"CONNECT with user information", withLine("CONNECT u@b:1 HTTP/1.1"), "400 h1_authority"},
      {"CONNECT with a body", "CONNECT b:1 HTTP/1.1\r\nHost: b\r\nContent-Length: 1\r\n\r\n",
       "400 h1_connect_with_body"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", "400 h1_no_host"},
      {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", ":scheme: http|:path: /"},
      {"two Hosts", withFields("Host: a\r\n"), "400 h1_repeated_host"},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
       "400 h1_repeated_host"},
      {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400 h1_host"},
      {"a Host that is two", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 h1_host"},
      {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 h1_host"},
      {"a Host with user information", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400 h1_host"},
  };
}

std::vector<Case> fieldCases() {
  const std::string plain = Plain;
  return {
      {"names become lower case", withFields("X-Y: Z\r\n"), plain + "|x-y: Z"},
      {"white space around a value", withFields("X:\t y z \t\r\n"), plain + "|x: y z"},
      {"an empty value", withFields("X:\r\n"), plain + "|x: "},
      {"a folded field", withFields("X: y\r\n z\r\n"), "400 h1_folded_field"},
      {"a folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400 h1_folded_field"},
      {"white space before the colon", withFields("X : y\r\n"), "400 h1_field_name"},
      {"a tab before the colon", withFields("X\t: y\r\n"), "400 h1_field"},
      {"an empty name", withFields(": y\r\n"), "400 h1_field"},
      {"a line without a colon", withFields("X\r\n"), "400 h1_field"},
      {"a name that is no token", withFields("X(: y\r\n"), "400 h1_field"},
      {"a pseudo-header field", withFields(":path: /x\r\n"), "400 h1_field"},
      {"a name above ASCII", withFields("\xc3: y\r\n"), "400 h1_field"},
      {"NUL in a name", nul(withFields("X0: y\r\n")), "400 h1_field"},
      {"NUL in a value", nul(withFields("X: 0\r\n")), "400 h1_field_value"},
      {"a control byte in a value", withFields("X: \x1b[m\r\n"), "400 h1_field_value"},
      {"DEL in a value", withFields("X: \x7f\r\n"), "400 h1_field_value"},
      {"a bare CR in a value", withFields("X: y\rZ: w\r\n"), "400 h1_bare_cr"},
      {"a bare LF in a value", withFields("X: y\nZ: w\r\n"), "400 h1_bare_lf"},
      {"a bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400 h1_bare_lf"},
      {"a value above ASCII", withFields("X: \xc3\xa4\r\n"), plain + "|x: \xc3\xa4"},
      {"an underscore", withFields("X_Y: z\r\n"), "400 underscore_in_header"},
      {"hop-by-hop fields",
       withFields("Connection: close, X-Hop\r\nKeep-Alive: 1\r\nProxy-Connection: x\r\n"
                  "X-Hop: 1\r\nTE: gzip\r\nX: y\r\n"),
       plain + "|x: y"},
      {"te: trailers", withFields("Connection: TE\r\nTE: Trailers\r\n"), plain + "|te: trailers"},
      {"Upgrade that is not meant for us", withFields("Upgrade: websocket\r\n"), plain},
      {"Upgrade to HTTP/2",
       withFields("Upgrade: h2c\r\nConnection: upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\n"),
       plain},
      {"Upgrade in HTTP/1.0",
       "GET / HTTP/1.0\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", plain},
      {"Upgrade with a body",
       withFields("Upgrade: x\r\nConnection: upgrade\r\nContent-Length: 1\r\n"),
       plain + "|content-length: 1"},
      {"an expectation", withFields("Expect: 100-Continue\r\n"), plain + "|expect: 100-Continue"},
      // Whether it can be met is not for the codec to say.
      {"another expectation", withFields("Expect: 200-ok\r\n"), plain + "|expect: 200-ok"},
  };
}

// What Connection names goes no further: it must never reach what the request line said.
std::vector<Case> optionCases() {
  const std::string plain = Plain;
  std::vector<Case> cases = {
      {"options that name nothing", withFields("Connection: x, , close,\r\n"), plain},
      {"a name of Host", withFields("Connection: Host\r\n"), plain},
      {"an option with a space", withFields("Connection: a b\r\n"), "400 h1_connection_options"},
      {"an option in quotes", withFields("Connection: \"x\"\r\n"), "400 h1_connection_options"},
      {"an option with a parameter", withFields("Connection: close;x\r\n"),
       "400 h1_connection_options"},
  };
  for (const char* name :
       {":method", ":scheme", ":authority", ":path", ":protocol", ":status", ":x", ":"}) {
    cases.push_back({std::string("an option ") + name,
                     withFields(std::string("Connection: ") + name + "\r\n"),
                     "400 h1_connection_options"});
    cases.push_back({std::string("among others ") + name,
                     withFields(std::string("Connection: close,\t") + name + " ,x\r\n"),
                     "400 h1_connection_options"});
    cases.push_back(
        {std::string("in the second field ") + name,
         withFields(std::string("Connection: x\r\nX: y\r\nConnection: ") + name + "\r\n"),
         "400 h1_connection_options"});
  }
  return cases;
}

std::vector<Case> lengthCases() {
  const std::string plain = Plain;
  const std::string te = "400 h1_transfer_encoding";
  const std::string coding = "501 h1_unknown_transfer_coding";
  const std::string length = "400 h1_content_length";
  const auto with = [](const std::string& field) { return withFields(field + "\r\n"); };
  return {
      {"a length", with("Content-Length: 3"), plain + "|content-length: 3"},
      {"no body", with("Content-Length: 0"), plain + "|content-length: 0"},
      {"chunks", with("Transfer-Encoding: CHUNKED"), plain},
      {"both", with("Content-Length: 3\r\nTransfer-Encoding: chunked"),
       "400 h1_length_and_chunked"},
      {"both, the other way", with("Transfer-Encoding: chunked\r\nContent-Length: 3"),
       "400 h1_length_and_chunked"},
      {"two lengths", with("Content-Length: 3\r\nContent-Length: 4"),
       "400 h1_repeated_content_length"},
      {"the same length twice", with("Content-Length: 3\r\nContent-Length: 3"),
       "400 h1_repeated_content_length"},
      {"a list of lengths", with("Content-Length: 3, 3"), length},
      {"a length with a sign", with("Content-Length: +3"), length},
      {"a negative length", with("Content-Length: -3"), length},
      {"a length in hex", with("Content-Length: 0x3"), length},
      {"a length with a space", with("Content-Length: 3 3"), length},
      {"an empty length", with("Content-Length:"), length},
      {"a fraction", with("Content-Length: 3.0"), length},
      {"a length beyond numbers", with("Content-Length: 18446744073709551616"), length},
      {"a length beyond ours", with("Content-Length: 1000000000000000000"), length},
      {"an unknown coding", with("Transfer-Encoding: xchunked"), te},
      {"two codings", with("Transfer-Encoding: gzip, chunked"), coding},
      {"three codings", with("Transfer-Encoding: a,\tb , Chunked"), coding},
      {"identity and chunked", with("Transfer-Encoding: identity, chunked"), coding},
      {"chunked in front", with("Transfer-Encoding: chunked, gzip"), te},
      {"chunked in front and behind", with("Transfer-Encoding: chunked, gzip, chunked"), te},
      {"a coding with a parameter", with("Transfer-Encoding: a;q=1, chunked"), te},
      {"an empty element", with("Transfer-Encoding: , chunked"), te},
      {"a comma behind", with("Transfer-Encoding: chunked,"), te},
      {"codings in two fields", with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"), te},
      {"chunked twice", with("Transfer-Encoding: chunked, chunked"), te},
      {"two fields", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), te},
      {"identity", with("Transfer-Encoding: identity"), te},
      {"an empty coding", with("Transfer-Encoding:"), te},
      {"a quoted coding", with("Transfer-Encoding: \"chunked\""), te},
      {"a parameter", with("Transfer-Encoding: chunked;x=y"), te},
      {"a vertical tab",
       with("Transfer-Encoding: \x0b"
            "chunked"),
       "400 h1_field_value"},
      {"a space before the colon", with("Transfer-Encoding : chunked"), "400 h1_field_name"},
      {"an underscore for the hyphen", with("Transfer_Encoding: chunked"),
       "400 underscore_in_header"},
      {"a name that begins like it", with("Transfer-Encoding-X: y\r\nContent-Length: 3"),
       plain + "|transfer-encoding-x: y|content-length: 3"},
      {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400 h1_transfer_encoding_in_http_10"},
  };
}

std::vector<Case> limitCases() {
  std::string hundred;
  for (int i = 0; i < 99; ++i) hundred += "a: b\r\n";
  std::string all = Plain;
  for (int i = 0; i < 99; ++i) all += "|a: b";
  const std::string path(8191, 'x');
  std::string options;
  for (int i = 0; i < 33; ++i) options += "x,";
  return {
      {"as many fields as may be", withFields(hundred), all},
      {"one more", withFields(hundred + "a: b\r\n"), "431 headers_too_large"},
      {"the longest target", withLine("GET /" + path + " HTTP/1.1"),
       ":scheme: http|:authority: a|:path: /" + path},
      {"a longer one", withLine("GET /x" + path + " HTTP/1.1"), "414 target_too_long"},
      {"a line without end", "GET /" + std::string(9000, 'x'), "414 target_too_long"},
      {"a field that is too long", withFields("X: " + std::string(61440, 'y') + "\r\n"),
       "431 headers_too_large"},
      {"a field without end", "GET / HTTP/1.1\r\nX: " + std::string(61440, 'y'),
       "431 headers_too_large"},
      {"connection options without end", withFields("Connection: " + options + "\r\n"),
       "400 h1_connection_options"},
  };
}

std::string outcome(ServerHarness& server) {
  if (server.streams.empty()) return "nothing";
  const std::string story = server.first().told();
  if (story.starts_with("bad ")) return story.substr(4, story.find('\n') - 4);
  std::string fields;
  for (const HeaderEntry& entry : server.first().head.entries().subspan(1)) {
    if (!fields.empty()) fields += "|";
    fields += std::string(entry.name) + ": " + std::string(entry.value);
  }
  return fields;
}

class StrictnessTest : public testing::TestWithParam<std::vector<Case>> {};

TEST_P(StrictnessTest, EachRequestHasOneOutcome) {
  for (const Case& c : GetParam()) {
    ServerHarness server;
    server.feed(c.bytes);
    EXPECT_EQ(outcome(server), c.told) << c.what;
  }
}

TEST_P(StrictnessTest, NoCutChangesTheOutcome) {
  for (const Case& c : GetParam()) {
    const size_t step = std::max<size_t>(1, c.bytes.size() / 300);
    for (size_t cut = 1; cut < c.bytes.size(); cut += step) {
      ServerHarness server;
      server.feed(c.bytes.substr(0, cut));
      server.feed(c.bytes.substr(cut));
      ASSERT_EQ(outcome(server), c.told) << c.what << ", cut at " << cut;
    }
    ServerHarness server;
    for (const char byte : c.bytes) server.feed({&byte, 1});
    EXPECT_EQ(outcome(server), c.told) << c.what << ", byte by byte";
  }
}

INSTANTIATE_TEST_SUITE_P(Lines, StrictnessTest, testing::Values(lineCases()));
INSTANTIATE_TEST_SUITE_P(Targets, StrictnessTest, testing::Values(targetCases()));
INSTANTIATE_TEST_SUITE_P(Fields, StrictnessTest, testing::Values(fieldCases()));
INSTANTIATE_TEST_SUITE_P(Options, StrictnessTest, testing::Values(optionCases()));
INSTANTIATE_TEST_SUITE_P(Lengths, StrictnessTest, testing::Values(lengthCases()));
INSTANTIATE_TEST_SUITE_P(Limits, StrictnessTest, testing::Values(limitCases()));

TEST(StrictnessSettingsTest, UnderscoresAreDealtWithAsSet) {
  Http1Settings settings;
  settings.headers.underscores = Underscores::Drop;
  ServerHarness drops(settings);
  drops.feed(withFields("X_Y: z\r\nX: y\r\n"));
  EXPECT_EQ(outcome(drops), std::string(Plain) + "|x: y");
  EXPECT_EQ(drops.codec.droppedFields(), 1U);

  settings.headers.underscores = Underscores::Allow;
  ServerHarness allows(settings);
  allows.feed(withFields("X_Y: z\r\n"));
  EXPECT_EQ(outcome(allows), std::string(Plain) + "|x_y: z");
}

TEST(StrictnessSettingsTest, Http10IsRefusedIfItIsNotAccepted) {
  Http1Settings settings;
  settings.accept_http_10 = false;
  ServerHarness server(settings);
  server.feed("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(outcome(server), "426 h1_http_10_not_accepted");
}

TEST(StrictnessSettingsTest, NoPrefixOfAWholeHeadIsAnswered) {
  const std::string head = withFields("X: y\r\nContent-Length: 0\r\n");
  for (size_t size = 0; size < head.size(); ++size) {
    ServerHarness server;
    server.feed(head.substr(0, size));
    EXPECT_EQ(outcome(server), "nothing") << size;
    server.feed("", true);
    EXPECT_EQ(server.end, size == 0 ? "flush closed_by_peer" : "flush h1_incomplete_head fault");
  }
}

TEST(StrictnessSettingsTest, OptionsOfAnAbsoluteTargetOrAnOldRequestReachNoPseudoField) {
  for (const char* line : {"GET http://a/ HTTP/1.1", "GET / HTTP/1.0", "CONNECT a:1 HTTP/1.1"}) {
    ServerHarness server;
    server.feed(std::string(line) + "\r\nConnection: :authority, :path\r\nHost: a\r\n\r\n");
    EXPECT_EQ(outcome(server), "400 h1_connection_options") << line;
  }
}

// All that a connection carries, in every cut: bodies, trailers, and the request behind.
TEST(StrictnessSettingsTest, NoCutChangesWhatIsTold) {
  const std::string bytes =
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;x\r\nwiki\r\n0\r\nX-Sum: 1\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /4 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab";
  ServerHarness whole;
  whole.answerAll();
  whole.feed(bytes);
  EXPECT_EQ(whole.streams.size(), 4U);
  EXPECT_EQ(whole.end, "flush last_response");
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    ServerHarness server;
    server.answerAll();
    server.feed(bytes.substr(0, cut));
    server.feed(bytes.substr(cut));
    ASSERT_EQ(server.story(), whole.story()) << cut;
    ASSERT_EQ(server.out.written, whole.out.written) << cut;
  }
}

}  // namespace
}  // namespace weir::http::test
