#include "source/http/forwarded.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace weir::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const std::string Id = "00112233-4455-4677-8899-aabbccddeeff";

struct Case {
  std::string name;
  ForwardedSettings settings;
  Fields request;
  std::string forwarded;  // "name=value;…"
  std::string client = "192.0.2.9";
};

class ForwardedTest : public testing::TestWithParam<Case> {};

struct SchemeCase {
  bool believed;
  bool tls;
  bool http1;
  std::string scheme;  // as the codec has it
  std::string proto;   // that came; empty: none
  std::string becomes;
  std::string told;
};

// Of HTTP/1 the codec has "http" where nothing was said.
TEST(ForwardedSchemeTest, IsThatOfTheConnectionOrOfWhomIsBelieved) {
  const SchemeCase cases[] = {
      {false, false, true, "http", "https", "http", "http"},
      {false, true, true, "http", "", "https", "https"},
      {false, true, false, "http", "http", "https", "https"},
      {true, false, true, "http", "", "http", "http"},
      {true, false, true, "http", "https", "https", "https"},
      {true, false, true, "http", "gopher", "http", "http"},
      {true, false, true, "https", "", "https", "http"},  // of an absolute target
      {true, true, true, "http", "", "https", "https"},
      {true, true, true, "http", "http", "http", "http"},
      {true, false, false, "https", "", "https", "http"},
      {true, true, false, "http", "https", "http", "https"},
  };
  for (const SchemeCase& one : cases) {
    SCOPED_TRACE(&one - cases);
    HeaderMap request;
    request.add(HeaderId::Scheme, one.scheme);
    if (!one.proto.empty()) request.add(HeaderId::XForwardedProto, one.proto);
    applyForwarded({.use_remote_address = !one.believed},
                   {{}, {}, one.tls ? "https" : "http", !one.http1}, 1, 2, request);
    EXPECT_EQ(request.get(HeaderId::Scheme), one.becomes);
    EXPECT_EQ(request.get(HeaderId::XForwardedProto), one.told);
  }
}

TEST_P(ForwardedTest, TellsAndBelieves) {
  const Case& one = GetParam();
  HeaderMap request;
  for (const auto& [name, value] : one.request) request.add(name, value);
  const net::IpAddress peer = *net::IpAddress::parse("192.0.2.9");
  const net::IpAddress client = applyForwarded(one.settings, {peer, "192.0.2.9"},
                                               0x0011223344556677, 0x8899aabbccddeeff, request);
  std::string out;
  for (const HeaderEntry& entry : request.entries()) {
    out += std::string(entry.name) + "=" + std::string(entry.value) + ";";
  }
  EXPECT_EQ(out, one.forwarded);
  EXPECT_EQ(client.toString(), one.client);
}

const std::string Added = "x-forwarded-proto=http;x-request-id=" + Id + ";";

INSTANTIATE_TEST_SUITE_P(
    Edge, ForwardedTest,
    testing::Values(
        Case{"nothing", {}, {}, "x-forwarded-for=192.0.2.9;" + Added},
        Case{"claims_are_not_believed",
             {},
             {{"x-forwarded-for", "10.0.0.1"},
              {"x-forwarded-proto", "https"},
              {"x-request-id", "theirs"}},
             "x-forwarded-for=10.0.0.1, 192.0.2.9;" + Added},
        Case{"the_scheme_is_that_of_the_connection",
             {},
             {{":scheme", "https"}, {":authority", "a"}},
             ":scheme=http;:authority=a;x-forwarded-for=192.0.2.9;" + Added},
        Case{"the_scheme_of_a_trusted_proxy_stays",
             {.xff_num_trusted_hops = 1},
             {{":scheme", "https"}},
             ":scheme=https;x-forwarded-for=192.0.2.9;" + Added},
        Case{"several_fields_become_one",
             {},
             {{"x-forwarded-for", "10.0.0.1"}, {"x", "y"}, {"x-forwarded-for", "10.0.0.2"}},
             "x-forwarded-for=10.0.0.1, 10.0.0.2, 192.0.2.9;x=y;" + Added},
        Case{"our_own_fields_are_stripped",
             {},
             {{"weir-error", "x"}, {"weir-anything", "y"}, {"weirdo", "z"}},
             "weirdo=z;x-forwarded-for=192.0.2.9;" + Added},
        Case{"envoys_fields_are_stripped",
             {.skip_xff_append = true},
             {{"x-envoy-original-path", "/x"}, {"x-envoy-retry-on", "5xx"}, {"x-envoy", "z"}},
             "x-envoy=z;" + Added},
        Case{"no_append", {.skip_xff_append = true}, {}, Added},
        Case{"no_id",
             {.generate_request_id = false},
             {{"x-request-id", "theirs"}},
             "x-forwarded-for=192.0.2.9;x-forwarded-proto=http;"},
        Case{"keeps_the_id",
             {.preserve_external_request_id = true},
             {{"x-request-id", "theirs"}},
             "x-request-id=theirs;x-forwarded-for=192.0.2.9;x-forwarded-proto=http;"},
        Case{"makes_an_id_where_there_is_none_to_keep",
             {.preserve_external_request_id = true},
             {},
             "x-forwarded-for=192.0.2.9;" + Added},
        Case{"via",
             {.generate_request_id = false, .via = "weir"},
             {{"via", "1.1 other"}},
             "via=1.1 other, weir;x-forwarded-for=192.0.2.9;x-forwarded-proto=http;"}),
    [](const auto& tested) { return tested.param.name; });

const Fields Chain = {{"x-forwarded-for", "203.0.113.7, 10.0.0.2"},
                      {"x-forwarded-for", "10.0.0.3"},
                      {"x-forwarded-proto", "https"}};
const std::string ChainOut =
    "x-forwarded-for=203.0.113.7, 10.0.0.2, 10.0.0.3, 192.0.2.9;x-forwarded-proto=https;"
    "x-request-id=" +
    Id + ";";

INSTANTIATE_TEST_SUITE_P(
    BehindProxies, ForwardedTest,
    testing::Values(Case{"one_hop", {.xff_num_trusted_hops = 1}, Chain, ChainOut, "10.0.0.3"},
                    Case{"two_hops", {.xff_num_trusted_hops = 2}, Chain, ChainOut, "10.0.0.2"},
                    Case{"three_hops", {.xff_num_trusted_hops = 3}, Chain, ChainOut, "203.0.113.7"},
                    Case{"more_hops_than_addresses", {.xff_num_trusted_hops = 4}, Chain, ChainOut},
                    Case{"no_address_at_the_place",
                         {.xff_num_trusted_hops = 1, .generate_request_id = false},
                         {{"x-forwarded-for", "10.0.0.1, unknown"}},
                         "x-forwarded-for=10.0.0.1, unknown, 192.0.2.9;x-forwarded-proto=http;"},
                    Case{"a_scheme_that_is_none",
                         {.xff_num_trusted_hops = 1, .generate_request_id = false},
                         {{"x-forwarded-proto", "gopher"}},
                         "x-forwarded-proto=http;x-forwarded-for=192.0.2.9;"}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Inside, ForwardedTest,
    testing::Values(
        Case{"all_is_believed",
             {.use_remote_address = false},
             {{"x-forwarded-for", "203.0.113.7, 10.0.0.2"},
              {"x-forwarded-proto", "https"},
              {"x-request-id", "theirs"},
              {"weir-error", "x"},
              {"x-envoy-internal", "true"}},
             "x-forwarded-for=203.0.113.7, 10.0.0.2;x-forwarded-proto=https;x-request-id=theirs;"
             "weir-error=x;x-envoy-internal=true;",
             "10.0.0.2"},
        Case{"a_hop_more",
             {.use_remote_address = false, .xff_num_trusted_hops = 1},
             {{"x-forwarded-for", "203.0.113.7, 10.0.0.2"}},
             "x-forwarded-for=203.0.113.7, 10.0.0.2;" + Added,
             "203.0.113.7"},
        Case{"nobody_said_anything", {.use_remote_address = false}, {}, Added},
        Case{"as_many_hops_as_there_are_numbers",
             {.use_remote_address = false, .xff_num_trusted_hops = UINT32_MAX},
             {},
             Added}),
    [](const auto& tested) { return tested.param.name; });

TEST(ForwardedFieldsTest, AnUnknownPeerIsNotNamed) {
  HeaderMap request;
  const net::IpAddress client = applyForwarded({}, {}, 1, 2, request);
  EXPECT_FALSE(request.has(HeaderId::XForwardedFor));
  EXPECT_EQ(client.family, net::Family::None);
}

TEST(ForwardedFieldsTest, AnIdentifierIsAUuidOfVersionFour) {
  std::string text(36, '?');
  writeUuid(~uint64_t{0}, ~uint64_t{0}, text.data());
  EXPECT_EQ(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
  writeUuid(0, 0, text.data());
  EXPECT_EQ(text, "00000000-0000-4000-8000-000000000000");
  writeUuid(0x0123456789abcdef, 0xfedcba9876543210, text.data());
  EXPECT_EQ(text, "01234567-89ab-4def-bedc-ba9876543210");
}

}  // namespace
}  // namespace weir::http
