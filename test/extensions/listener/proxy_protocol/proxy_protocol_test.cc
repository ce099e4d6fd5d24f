#include "source/extensions/listener/proxy_protocol/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/support/proxy_headers.h"
#include "test/support/sniff_harness.h"

namespace weir::extensions {
namespace {

using filter::Fact;
using filter::FactSet;
using filter::FactStatus;
using weir::test::proxyTcp4;
using weir::test::proxyTcp6;
using weir::test::proxyV2;
using weir::test::SniffHarness;
using weir::test::tlv;

const std::string Line = "PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n";

net::IpPort at(const char* text) { return *net::IpPort::parse(text); }

// A connection from 10.0.0.7:1000 to 10.0.0.1:15001, as its socket says.
struct Connection : SniffHarness {
  explicit Connection(const ProxyProtocolFactory& factory) : SniffHarness(factory) {
    facts.source = at("10.0.0.7:1000");
    facts.direct_source = facts.source.ip;
    facts.destination = at("10.0.0.1:15001");
  }
  bool keepsTheSocketsAddresses() const {
    return facts.source == at("10.0.0.7:1000") && facts.destination == at("10.0.0.1:15001") &&
           out.settled == FactSet{};
  }
};

TEST(ProxyProtocolTest, AsksForEveryConnectionsFirstBytes) {
  const ProxyProtocolFactory factory({});
  EXPECT_TRUE(factory.stripsHeader());
  EXPECT_EQ(factory.provides(), Fact::Destination | Fact::Source);
  EXPECT_EQ(factory.maxBytes(), net::MaxProxyHeader);
  EXPECT_EQ(ProxyProtocolFactory({.v2 = false}).maxBytes(), net::MaxProxyLine);
  EXPECT_EQ(Connection(factory).start(), FactStatus::NeedMore);
}

TEST(ProxyProtocolTest, TheHeaderSaysTheAddressesAndIsConsumed) {
  const ProxyProtocolFactory factory({});
  for (const std::string& header : {Line, proxyTcp4()}) {
    Connection connection(factory);
    connection.start();
    EXPECT_EQ(connection.bytes(header + "hello"), FactStatus::Done);
    EXPECT_EQ(connection.facts.source, at("192.0.2.1:4660"));
    EXPECT_EQ(connection.facts.destination, at("198.51.100.2:443"));
    EXPECT_EQ(connection.facts.direct_source, at("10.0.0.7:1").ip);
    EXPECT_EQ(connection.out.settled, factory.provides());
    EXPECT_EQ(connection.out.consumed, header.size());
    EXPECT_EQ(connection.out.header, header == Line ? "v1" : "v2");
  }
}

TEST(ProxyProtocolTest, EveryCutGivesTheSameAnswer) {
  const ProxyProtocolFactory factory({});
  for (const std::string& header : {Line, proxyTcp4(tlv(2, "example.com")), proxyTcp6()}) {
    const std::string stream = header + "hello";
    for (size_t cut = 0; cut <= stream.size(); ++cut) {
      Connection connection(factory);
      ASSERT_EQ(connection.inTwo(stream, cut), FactStatus::Done) << cut;
      EXPECT_EQ(connection.out.consumed, header.size());
    }
    Connection bytewise(factory);
    EXPECT_EQ(bytewise.byteByByte(stream), FactStatus::Done);
    EXPECT_EQ(bytewise.used, header.size());
  }
}

TEST(ProxyProtocolTest, AHeaderThatSaysNothingLeavesTheSocketsAddresses) {
  const ProxyProtocolFactory factory({});
  for (const std::string& header :
       {std::string("PROXY UNKNOWN\r\n"), proxyV2(0x20, 0x11, weir::test::Tcp4Addresses),
        proxyV2(0x21, 0x00, ""), proxyV2(0x20, 0x31, std::string(216, 'p'))}) {
    Connection connection(factory);
    connection.start();
    EXPECT_EQ(connection.bytes(header), FactStatus::Done);
    EXPECT_TRUE(connection.keepsTheSocketsAddresses());
    EXPECT_EQ(connection.out.consumed, header.size());
    EXPECT_EQ(connection.out.header, "local");
  }
}

TEST(ProxyProtocolTest, WithoutAValidHeaderTheConnectionIsRefused) {
  const ProxyProtocolFactory factory({});
  for (const std::string bytes :
       {"GET / HTTP/1.1\r\n", "\x16\x03\x01", "PROXY TCP4 1 2 3 4\r\n", "\r\n\r\nX", "p"}) {
    Connection connection(factory);
    connection.start();
    EXPECT_EQ(connection.bytes(bytes), FactStatus::Reject) << bytes;
    EXPECT_EQ(connection.out.reject_reason, "proxy_protocol_invalid");
    EXPECT_TRUE(connection.keepsTheSocketsAddresses());
  }
}

TEST(ProxyProtocolTest, AnEndBeforeTheHeaderIsWholeIsRefused) {
  const ProxyProtocolFactory factory({});
  for (const std::string& header : {Line, proxyTcp4(tlv(2, "example.com"))}) {
    for (size_t size = 0; size < header.size(); ++size) {
      Connection connection(factory);
      connection.start();
      EXPECT_EQ(connection.end(header.substr(0, size)), FactStatus::Reject) << size;
      EXPECT_EQ(connection.out.reject_reason, "proxy_protocol_incomplete");
      EXPECT_FALSE(connection.out.partial);
    }
  }
}

TEST(ProxyProtocolTest, TheLongestHeaderComesWithTheEndOfWhatItMaySee) {
  const ProxyProtocolFactory factory({});
  Connection connection(factory);
  connection.start();
  EXPECT_EQ(connection.end(proxyTcp4(tlv(9, std::string(65535 - 15, 'v')))), FactStatus::Done);
  EXPECT_EQ(connection.out.consumed, net::MaxProxyHeader);
}

// allow_requests_without_proxy_protocol

TEST(ProxyProtocolTest, WhereItIsAllowedOtherBytesAreTheClients) {
  const ProxyProtocolFactory factory({.allow_without = true});
  for (const std::string bytes : {"GET / HTTP/1.1\r\n", "PROXZ", "\r\n\r\nX", "p"}) {
    Connection connection(factory);
    connection.start();
    EXPECT_EQ(connection.bytes(bytes), FactStatus::Done) << bytes;
    EXPECT_TRUE(connection.keepsTheSocketsAddresses());
    EXPECT_EQ(connection.out.consumed, 0U);
    EXPECT_EQ(connection.out.header, "none");
  }
}

TEST(ProxyProtocolTest, WhereItIsAllowedAPrefixOfASignatureIsHeldForAWhile) {
  const ProxyProtocolFactory factory({.allow_without = true});
  for (const std::string bytes : {"P", "PROXY", "\r\n", "\r\n\r\n"}) {
    Connection connection(factory);
    connection.start();
    EXPECT_EQ(connection.bytes(bytes), FactStatus::NeedMore) << bytes;
    EXPECT_TRUE(connection.out.partial);
    EXPECT_EQ(connection.end(bytes), FactStatus::Done);
    EXPECT_EQ(connection.out.header, "none");
  }
}

TEST(ProxyProtocolTest, WhereItIsAllowedABrokenHeaderIsStillRefused) {
  const ProxyProtocolFactory factory({.allow_without = true});
  Connection malformed(factory);
  malformed.start();
  EXPECT_EQ(malformed.bytes("PROXY hello\r\n"), FactStatus::Reject);
  EXPECT_EQ(malformed.out.reject_reason, "proxy_protocol_invalid");
  Connection cut_off(factory);
  cut_off.start();
  EXPECT_EQ(cut_off.end("PROXY TCP4"), FactStatus::Reject);
  EXPECT_EQ(cut_off.out.reject_reason, "proxy_protocol_incomplete");
}

TEST(ProxyProtocolTest, WhereItIsAllowedAValidHeaderIsTaken) {
  const ProxyProtocolFactory factory({.allow_without = true});
  Connection connection(factory);
  connection.start();
  EXPECT_EQ(connection.bytes(Line), FactStatus::Done);
  EXPECT_EQ(connection.facts.source, at("192.0.2.1:4660"));
}

// disallowed_versions

TEST(ProxyProtocolTest, ADisallowedVersionIsRefusedAtItsSignature) {
  struct Case {
    ProxyProtocolSettings settings;
    std::string signature;
    std::string reason;
    std::string allowed;
  };
  for (const Case& one :
       {Case{{.v1 = false}, "PROXY ", "proxy_protocol_disallowed_v1", proxyTcp4()},
        Case{{.v2 = false},
             std::string(weir::test::ProxySignature),
             "proxy_protocol_disallowed_v2",
             Line}}) {
    const ProxyProtocolFactory factory(one.settings);
    Connection refused(factory);
    refused.start();
    EXPECT_EQ(refused.bytes(one.signature), FactStatus::Reject);
    EXPECT_EQ(refused.out.reject_reason, one.reason);
    Connection taken(factory);
    taken.start();
    EXPECT_EQ(taken.bytes(one.allowed), FactStatus::Done);
  }
}

// pass_through_tlvs

TEST(ProxyProtocolTest, KeepsTheFieldsThatItIsToldTo) {
  const std::string header = proxyTcp4(tlv(2, "example.com") + tlv(4, "pad") + tlv(0xea, "vpce"));
  const auto kept = [&](const net::ProxyTlvTypes& types) {
    const ProxyProtocolFactory factory({.kept_tlvs = types});
    Connection connection(factory);
    connection.start();
    connection.bytes(header);
    const auto& tlvs = connection.facts.proxy_tlvs;
    return tlvs == nullptr ? std::vector<net::ProxyTlv>{} : *tlvs;
  };
  EXPECT_TRUE(kept({}).empty());
  const std::vector<net::ProxyTlv> one = {{0xea, "vpce"}};
  EXPECT_EQ(kept(net::ProxyTlvTypes().set(0xea)), one);
  const std::vector<net::ProxyTlv> all = {{2, "example.com"}, {0xea, "vpce"}};
  EXPECT_EQ(kept(net::ProxyTlvTypes().set()), all);
}

// allowed_source_ranges

TEST(ProxyProtocolTest, OnlyAllowedPeersAreBelieved) {
  const std::vector<net::IpPrefix> ranges = {*net::IpPrefix::parse("10.0.0.0/29"),
                                             *net::IpPrefix::parse("::1/128")};
  const ProxyProtocolFactory strict({.allowed_sources = ranges});
  const ProxyProtocolFactory lenient({.allow_without = true, .allowed_sources = ranges});
  Connection inside(strict);
  EXPECT_EQ(inside.start(), FactStatus::NeedMore);
  Connection over_unix(strict);
  over_unix.facts.direct_source = {};
  EXPECT_EQ(over_unix.start(), FactStatus::NeedMore);

  Connection outside(strict);
  outside.facts.direct_source = at("10.0.0.8:1").ip;
  EXPECT_EQ(outside.start(), FactStatus::Reject);
  EXPECT_EQ(outside.out.reject_reason, "proxy_protocol_untrusted");
  Connection plain(lenient);
  plain.facts.direct_source = at("10.0.0.8:1").ip;
  EXPECT_EQ(plain.start(), FactStatus::Done);
  EXPECT_EQ(plain.out.consumed, 0U);
  EXPECT_EQ(plain.out.header, "none");
  EXPECT_TRUE(plain.keepsTheSocketsAddresses());
}

}  // namespace
}  // namespace weir::extensions
