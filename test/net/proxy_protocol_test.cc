#include "source/net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "test/support/every_prefix.h"
#include "test/support/proxy_headers.h"

namespace weir::net {
namespace {

using Status = ProxyParsed::Status;
using test::bytesOf;
using test::proxyTcp4;
using test::proxyTcp6;
using test::proxyV2;
using test::tlv;

ProxyParsed parse(std::string_view text) {
  const test::ExactPrefix exact(bytesOf(text), text.size());
  return parseProxyHeader(exact.bytes());
}

const std::string LongV6 = "2001:0db8:0000:0000:0000:0000:0000:0001";

struct Valid {
  std::string header;
  ProxyVersion version;
  std::string from_to;  // empty: it says nothing of addresses
};

const std::vector<Valid> Headers = {
    {"PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n", ProxyVersion::V1,
     "192.0.2.1:4660 198.51.100.2:443"},
    {"PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", ProxyVersion::V1,
     "255.255.255.255:65535 0.0.0.0:0"},
    {"PROXY TCP6 2001:db8::1 2001:DB8::2 4660 443\r\n", ProxyVersion::V1,
     "[2001:db8::1]:4660 [2001:db8::2]:443"},
    {"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 4660 443\r\n", ProxyVersion::V1,
     "192.0.2.1:4660 198.51.100.2:443"},
    {"PROXY TCP6 " + LongV6 + " " + LongV6 + " 65535 65535\r\n", ProxyVersion::V1,
     "[2001:db8::1]:65535 [2001:db8::1]:65535"},
    {"PROXY UNKNOWN\r\n", ProxyVersion::V1, ""},
    {"PROXY UNKNOWN ffff:f...f ffff:f...f 65535 65535\r\n", ProxyVersion::V1, ""},
    {"PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n", ProxyVersion::V1, ""},
    {proxyTcp4(), ProxyVersion::V2, "192.0.2.1:4660 198.51.100.2:443"},
    {proxyTcp6(), ProxyVersion::V2, "[2001:db8::1]:4660 [2001:db8::2]:443"},
    {proxyTcp4(tlv(2, "example.com") + tlv(4, std::string(9, '\0')) + tlv(0xea, "")),
     ProxyVersion::V2, "192.0.2.1:4660 198.51.100.2:443"},
    // Commands without addresses: what is there of them is ignored, whatever it is.
    {proxyV2(0x20, 0x00, ""), ProxyVersion::V2, ""},
    {proxyV2(0x20, 0x11, test::Tcp4Addresses), ProxyVersion::V2, ""},
    {proxyV2(0x20, 0x11, "short"), ProxyVersion::V2, ""},
    {proxyV2(0x20, 0x31, std::string(216, 'p')), ProxyVersion::V2, ""},
    {proxyV2(0x20, 0xff, tlv(3, "no checksum")), ProxyVersion::V2, ""},
    {proxyV2(0x21, 0x00, "anything"), ProxyVersion::V2, ""},
};

TEST(ProxyHeaderTest, ValidOnesAreReadAndLeaveWhatFollows) {
  for (const Valid& valid : Headers) {
    const ProxyParsed parsed = parse(valid.header + "GET / HTTP/1.1\r\n");
    ASSERT_EQ(parsed.status, Status::Header) << valid.header;
    EXPECT_EQ(parsed.header.size, valid.header.size()) << valid.header;
    EXPECT_EQ(parsed.header.version, valid.version) << valid.header;
    EXPECT_EQ(parsed.header.local, valid.from_to.empty()) << valid.header;
    if (parsed.header.local) continue;
    EXPECT_EQ(parsed.header.source.toString() + " " + parsed.header.destination.toString(),
              valid.from_to);
  }
}

TEST(ProxyHeaderTest, EveryPrefixOfAValidOneNeedsMore) {
  for (const Valid& valid : Headers) {
    const auto answers = test::feedEveryPrefix(bytesOf(valid.header), parseProxyHeader);
    for (size_t size = 0; size < valid.header.size(); ++size)
      ASSERT_EQ(answers[size].status, Status::NeedMore) << valid.header << " " << size;
    EXPECT_EQ(answers.back().status, Status::Header) << valid.header;
  }
}

const std::vector<std::string> MalformedHeaders = {
    "PROXY \r\n",
    "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP4\r\n",
    "PROXY TCP4 \r\n",
    "PROXY TCP4 192.0.2.1\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
    "PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 0x1 2\r\n",
    "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
    "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
    "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP6 2001:db8:::1 2001:db8::2 1 2\r\n",
    "PROXY TCP6 2001:db8::1%lo 2001:db8::2 1 2\r\n",
    "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY UNIX /a /b\r\n",
    "PROXY UNKNOWNX\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rX",
    "PROXY TCP4\t",
    std::string("PROXY TCP4 192.0.2.1\0", 21),
    "PROXY UNKNOWN " + std::string(107 - 15, 'x') + "\r\n",
    "PROXY UNKNOWN " + std::string(200, 'x'),
    // Version 2: the version, the command, the family, the length, the fields.
    std::string(test::ProxySignature) + "\x11",
    std::string(test::ProxySignature) + "\x22",
    std::string(test::ProxySignature) + "\x2f",
    std::string(test::ProxySignature) + "\x21\x31",
    std::string(test::ProxySignature) + "\x21\x12",
    std::string(test::ProxySignature) + "\x21\x22",
    std::string(test::ProxySignature) + "\x21\x10",
    std::string(test::ProxySignature) + "\x21\x01",
    std::string(test::ProxySignature) + "\x21\x41",
    proxyV2(0x21, 0x11, std::string(11, '\1')),
    proxyV2(0x21, 0x21, std::string(35, '\1')),
    proxyV2(0x21, 0x11, ""),
    proxyTcp4("\x01"),
    proxyTcp4(std::string("\x01\x00", 2)),
    proxyTcp4(std::string("\x01\x00\x05", 3) + "four"),
    proxyTcp4(std::string("\x01\xff\xff", 3)),
    proxyTcp4(tlv(1, "h2") + std::string("\x02\x00\x01", 3)),
    proxyTcp4(tlv(3, "sum")),
    proxyTcp4(tlv(3, std::string(4, '\0'))),
};

TEST(ProxyHeaderTest, MalformedOnesAreRefusedAndNothingChangesThat) {
  for (const std::string& header : MalformedHeaders) {
    EXPECT_EQ(parse(header).status, Status::Malformed) << header;
    EXPECT_EQ(parse(header + "more").status, Status::Malformed) << header;
    bool refused = false;
    for (const ProxyParsed& answer : test::feedEveryPrefix(bytesOf(header), parseProxyHeader)) {
      ASSERT_TRUE(answer.status == Status::Malformed ||
                  (!refused && answer.status == Status::NeedMore))
          << header;
      refused |= answer.status == Status::Malformed;
    }
  }
}

TEST(ProxyHeaderTest, OtherBytesAreNotAHeaderFromTheFirstThatDiffers) {
  for (const std::string text : {"GET / HTTP/1.1\r\n", "PROXZ", "PROXY\t", "proxy TCP4", "\r\n\r\r",
                                 "\r\n\r\n\x01", "\x16\x03\x01", "P\r", "\n"}) {
    EXPECT_EQ(parse(text).status, Status::NotProxy) << text;
    EXPECT_EQ(parse(text.substr(0, text.size() - 1)).status == Status::NotProxy,
              text.starts_with("GET") || text.starts_with("proxy") || text[0] == '\x16')
        << text;
  }
}

TEST(ProxyHeaderTest, TheSignatureIsToldAsSoonAsItIsWhole) {
  EXPECT_FALSE(parse("PROXY").signature);
  EXPECT_TRUE(parse("PROXY ").signature);
  EXPECT_FALSE(parse(test::ProxySignature.substr(0, 11)).signature);
  EXPECT_TRUE(parse(test::ProxySignature).signature);
}

TEST(ProxyHeaderTest, FieldsAreKeptInOrderWithoutPadding) {
  const ProxyParsed parsed =
      parse(proxyTcp4(tlv(4, "padding") + tlv(2, "example.com") + tlv(0xea, "") + tlv(2, "again")));
  const std::vector<ProxyTlv> expected = {{2, "example.com"}, {0xea, ""}, {2, "again"}};
  EXPECT_EQ(parsed.header.tlvs, expected);
}

// The bytes and their checksum were computed with another implementation of CRC32C.
TEST(ProxyHeaderTest, TheChecksumMustBeRight) {
  std::string header = proxyTcp4(tlv(2, "example.com") + tlv(3, "\xbd\x07\x51\x04"));
  EXPECT_EQ(parse(header).status, Status::Header);
  EXPECT_EQ(parse(header).header.tlvs.size(), 1U);
  const size_t type = header.size() - 7;  // without which it is no checksum
  for (size_t i = test::ProxySignature.size() + 4; i < header.size(); ++i) {
    if (i == type) continue;
    std::string damaged = header;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(parse(damaged).status, Status::Malformed) << i;
  }
}

TEST(ProxyHeaderTest, TheChecksumMayStandInFrontButOnlyOnce) {
  EXPECT_EQ(parse(proxyTcp4(tlv(3, "\xca\x0a\x1f\x33") + tlv(2, "example.com"))).status,
            Status::Header);
  EXPECT_EQ(parse(proxyTcp4(tlv(3, "\xca\x0a\x1f\x33") + tlv(3, "\xca\x0a\x1f\x33"))).status,
            Status::Malformed);
}

TEST(ProxyHeaderTest, TheLongestOneIsRead) {
  const std::string value(65535 - 12 - 3, 'v');
  const std::string header = proxyTcp4(tlv(0xe0, value));
  ASSERT_EQ(header.size(), MaxProxyHeader);
  EXPECT_EQ(parse(header.substr(0, header.size() - 1)).status, Status::NeedMore);
  const ProxyParsed parsed = parse(header);
  ASSERT_EQ(parsed.status, Status::Header);
  EXPECT_EQ(parsed.header.tlvs[0].value, value);
}

// Writing.

IpPort at(const char* text) { return *IpPort::parse(text); }

TEST(MakeProxyHeaderTest, VersionOneIsALine) {
  EXPECT_EQ(makeProxyHeader(ProxyVersion::V1, at("192.0.2.1:4660"), at("198.51.100.2:443"), {}),
            "PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n");
  EXPECT_EQ(makeProxyHeader(ProxyVersion::V1, at("[2001:db8::1]:1"), at("[::1]:65535"), {}),
            "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n");
}

TEST(MakeProxyHeaderTest, VersionTwoIsBinary) {
  const std::vector<ProxyTlv> tlvs = {{2, "example.com"}};
  EXPECT_EQ(makeProxyHeader(ProxyVersion::V2, at("192.0.2.1:4660"), at("198.51.100.2:443"), tlvs),
            proxyTcp4(tlv(2, "example.com")));
  EXPECT_EQ(
      makeProxyHeader(ProxyVersion::V2, at("[2001:db8::1]:4660"), at("[2001:db8::2]:443"), {}),
      proxyTcp6());
}

TEST(MakeProxyHeaderTest, AnUnknownAddressIsNotInvented) {
  const IpPort unix_socket;
  EXPECT_EQ(makeProxyHeader(ProxyVersion::V1, unix_socket, at("192.0.2.1:1"), {}),
            "PROXY UNKNOWN\r\n");
  const std::vector<ProxyTlv> tlvs = {{2, "example.com"}};
  EXPECT_EQ(makeProxyHeader(ProxyVersion::V2, at("192.0.2.1:1"), unix_socket, tlvs),
            proxyV2(0x20, 0x00, ""));
}

TEST(MakeProxyHeaderTest, TwoFamiliesAreWrittenAsOne) {
  EXPECT_EQ(makeProxyHeader(ProxyVersion::V1, at("192.0.2.1:1"), at("[2001:db8::2]:2"), {}),
            "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n");
  const std::string v2 =
      makeProxyHeader(ProxyVersion::V2, at("[2001:db8::2]:2"), at("192.0.2.1:1"), {});
  EXPECT_EQ(parse(v2).header.destination, at("192.0.2.1:1"));
}

TEST(MakeProxyHeaderTest, FieldsThatDoNotFitAreLeftOut) {
  const std::vector<ProxyTlv> tlvs = {
      {1, "h2"}, {0xe0, std::string(65535 - 36 - 3, 'v')}, {2, "example.com"}};
  const ProxyParsed parsed =
      parse(makeProxyHeader(ProxyVersion::V2, at("[2001:db8::1]:1"), at("[2001:db8::2]:2"), tlvs));
  ASSERT_EQ(parsed.status, Status::Header);
  const std::vector<ProxyTlv> expected = {{1, "h2"}, {2, "example.com"}};
  EXPECT_EQ(parsed.header.tlvs, expected);
}

TEST(MakeProxyHeaderTest, WhatIsWrittenIsReadAgain) {
  for (const ProxyVersion version : {ProxyVersion::V1, ProxyVersion::V2}) {
    for (const char* const ip : {"10.0.0.1:1", "[2001:db8:1:2:3:4:5:6]:65535", "[::]:0"}) {
      const std::string header = makeProxyHeader(version, at(ip), at(ip), {});
      const ProxyParsed parsed = parse(header);
      ASSERT_EQ(parsed.status, Status::Header) << ip;
      EXPECT_EQ(parsed.header.source, at(ip));
      EXPECT_EQ(parsed.header.destination, at(ip));
    }
  }
}

}  // namespace
}  // namespace weir::net
