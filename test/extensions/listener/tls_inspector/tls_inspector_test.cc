#include "source/extensions/listener/tls_inspector/tls_inspector.h"

#include <gtest/gtest.h>

#include "test/extensions/listener/common/hello_builder.h"
#include "test/support/sniff_harness.h"

namespace weir::extensions {
namespace {

using namespace weir::test;
using filter::Fact;
using filter::FactSet;
using filter::FactStatus;

constexpr FactSet Everything =
    Fact::TransportProtocol | Fact::ServerName | FactSet(Fact::ApplicationProtocols);
constexpr FactSet NotProtocols = Fact::TransportProtocol | Fact::ServerName;

std::string helloFor(const std::string& name, const std::vector<std::string>& alpn = {"h2"}) {
  return helloWith(serverNameExtension(name) + alpnExtension(alpn));
}

class TlsInspectorTest : public testing::Test {
 protected:
  const TlsInspectorFactory factory_{TlsInspectorSettings()};
  SniffHarness harness_{factory_};

  void expectNamelessTls() const {
    EXPECT_EQ(harness_.status, FactStatus::Done);
    EXPECT_TRUE(harness_.facts.tls);
    EXPECT_EQ(harness_.facts.server_name, "");
    EXPECT_TRUE(harness_.facts.application_protocols.empty());
    EXPECT_EQ(harness_.out.settled, Everything);
    EXPECT_EQ(harness_.out.protocol, "tls");
  }
  void expectRaw() const {
    EXPECT_EQ(harness_.status, FactStatus::Done);
    EXPECT_FALSE(harness_.facts.tls);
    EXPECT_EQ(harness_.facts.transportProtocol(), "raw_buffer");
    EXPECT_EQ(harness_.out.settled, NotProtocols);
    EXPECT_EQ(harness_.out.protocol, "");
  }
};

TEST_F(TlsInspectorTest, SaysWhatItProvidesAndHowMuchItReads) {
  EXPECT_EQ(factory_.provides(), Everything);
  EXPECT_EQ(factory_.maxBytes(), 131'400U);
  EXPECT_EQ(harness_.start(), FactStatus::NeedMore);
  EXPECT_FALSE(harness_.out.partial);
}

TEST_F(TlsInspectorTest, AHelloGivesNameAndProtocols) {
  harness_.start();
  EXPECT_EQ(harness_.bytes(helloFor("A.Example", {"h2", "http/1.1"})), FactStatus::Done);
  EXPECT_TRUE(harness_.facts.tls);
  EXPECT_EQ(harness_.facts.server_name, "a.example");
  EXPECT_EQ(harness_.facts.application_protocols, (std::vector<std::string>{"h2", "http/1.1"}));
  EXPECT_EQ(harness_.out.settled, Everything);
  EXPECT_EQ(harness_.out.protocol, "tls");
}

TEST_F(TlsInspectorTest, AHelloByteByByteGivesTheSameWithItsLastByte) {
  const std::string hello = helloFor("a.example");
  EXPECT_EQ(harness_.byteByByte(hello), FactStatus::Done);
  EXPECT_EQ(harness_.used, hello.size());
  EXPECT_EQ(harness_.facts.server_name, "a.example");
}

TEST_F(TlsInspectorTest, TheCutDoesNotMatter) {
  const std::string hello = helloFor("a.example");
  for (size_t cut = 0; cut <= hello.size(); ++cut) {
    SniffHarness harness(factory_);
    EXPECT_EQ(harness.inTwo(hello, cut), FactStatus::Done);
    EXPECT_EQ(harness.facts.server_name, "a.example");
  }
}

// The application protocol of anything else is left to the next provider.
TEST_F(TlsInspectorTest, WhatIsNotTlsIsRawAtOnceAndLeavesTheProtocolOpen) {
  harness_.start();
  harness_.bytes("G");
  expectRaw();
}

TEST_F(TlsInspectorTest, ZeroBytesAreRaw) {
  harness_.start();
  harness_.bytes(std::string(100, '\0'));
  expectRaw();
}

TEST_F(TlsInspectorTest, BytesCountAsPartialOnlyUntilTheyAreSurelyAHello) {
  const std::string hello = helloFor("a.example");
  harness_.start();
  for (size_t size = 1; size < hello.size(); ++size) {
    EXPECT_EQ(harness_.bytes(hello.substr(0, size)), FactStatus::NeedMore);
    EXPECT_EQ(harness_.out.partial, size < 9) << size;
  }
}

TEST_F(TlsInspectorTest, AClientThatStopsInMidHelloIsTlsWithoutAName) {
  harness_.start();
  harness_.bytes(helloFor("a.example").substr(0, 100));
  harness_.end(helloFor("a.example").substr(0, 100));
  expectNamelessTls();
}

TEST_F(TlsInspectorTest, AClientThatStopsBeforeItIsSurelyAHelloIsRaw) {
  harness_.start();
  harness_.bytes("\x16\x03\x01");
  harness_.end("\x16\x03\x01");
  expectRaw();
}

TEST_F(TlsInspectorTest, ASilentClientIsRaw) {
  harness_.start();
  harness_.end("");
  expectRaw();
}

TEST_F(TlsInspectorTest, AHelloWithAFaultIsTlsWithoutAName) {
  harness_.start();
  harness_.bytes(helloWith(serverNameExtension("a.example") + serverNameExtension("b.example")));
  expectNamelessTls();
}

TEST_F(TlsInspectorTest, ANameThatCannotBeReadIsNotTakenForNone) {
  const std::string two = serverNameExtension("a.example") + serverNameExtension("b.example");
  struct Case {
    std::string hello;
    bool unreadable;
  };
  for (const Case& one :
       {Case{helloFor("a.example"), false}, Case{helloWith(alpnExtension({"h2"})), false},
        Case{version2Hello(), false}, Case{"GET / HTTP/1.1", false}, Case{helloWith(two), true},
        Case{helloFor("a b.example"), true}, Case{helloFor(std::string(256, 'a')), true},
        Case{helloFor(""), true}, Case{helloFor("a.example").substr(0, 100), true}}) {
    SniffHarness harness(factory_);
    harness.start();
    harness.bytes(one.hello);
    if (harness.status == FactStatus::NeedMore) harness.end(one.hello);
    EXPECT_EQ(harness.facts.unreadable.has(Fact::ServerName), one.unreadable)
        << testing::PrintToString(one.hello);
  }
}

TEST_F(TlsInspectorTest, AnSslVersion2CompatibleHelloIsTlsWithoutAName) {
  harness_.byteByByte(version2Hello());
  expectNamelessTls();
}

// Another proxy's default is 16 KiB, which hellos with post-quantum keys and many tickets pass.
TEST_F(TlsInspectorTest, AHelloOfMoreThan16KiBIsRead) {
  harness_.start();
  const std::string big = extension(51, std::string(30'000, 'k'));
  harness_.bytes(helloWith(big + serverNameExtension("big.example")));
  EXPECT_EQ(harness_.facts.server_name, "big.example");
}

class TlsInspectorLimitTest : public TlsInspectorTest {
 protected:
  const TlsInspectorFactory small_{TlsInspectorSettings{.max_client_hello_bytes = 2'000}};

  static std::string helloOf(size_t size) {
    const std::string name = serverNameExtension("a.example");
    const size_t rest = size - helloWith(name).size() - 4;
    return helloWith(name + extension(21, std::string(rest, 'p')));
  }
};

TEST_F(TlsInspectorLimitTest, AHelloOfExactlyTheLimitIsRead) {
  SniffHarness harness(small_);
  ASSERT_EQ(helloOf(2'000).size(), 2'000U);
  EXPECT_EQ(harness.byteByByte(helloOf(2'000)), FactStatus::Done);
  EXPECT_EQ(harness.facts.server_name, "a.example");
}

TEST_F(TlsInspectorLimitTest, ALongerHelloIsTlsWithoutANameFromItsHeaderOn) {
  SniffHarness harness(small_);
  EXPECT_EQ(harness.byteByByte(helloOf(2'001)), FactStatus::Done);
  EXPECT_EQ(harness.used, 9U);
  EXPECT_TRUE(harness.facts.tls);
  EXPECT_EQ(harness.facts.server_name, "");
  EXPECT_TRUE(harness.facts.unreadable.has(Fact::ServerName));
  EXPECT_EQ(harness.out.settled, Everything);
}

TEST_F(TlsInspectorLimitTest, ALongerHelloThatComesAtOnceGetsTheSameAnswer) {
  SniffHarness harness(small_);
  harness.start();
  EXPECT_EQ(harness.bytes(helloOf(2'001)), FactStatus::Done);
  EXPECT_TRUE(harness.facts.tls);
  EXPECT_EQ(harness.facts.server_name, "");
}

TEST_F(TlsInspectorLimitTest, RecordHeadersCountTowardsTheLimit) {
  const std::string stream = records(helloOf(500).substr(5), 1);  // 495 records of six bytes
  SniffHarness harness(small_);
  EXPECT_EQ(harness.byteByByte(stream), FactStatus::Done);
  EXPECT_LE(harness.used, 2'000U);
  EXPECT_TRUE(harness.facts.tls);
  EXPECT_EQ(harness.facts.server_name, "");
}

}  // namespace
}  // namespace weir::extensions
