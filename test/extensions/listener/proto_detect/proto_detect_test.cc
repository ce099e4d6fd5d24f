#include "source/extensions/listener/proto_detect/proto_detect.h"

#include <gtest/gtest.h>

#include "test/extensions/listener/common/hello_builder.h"
#include "test/extensions/listener/proto_detect/protocol_samples.h"
#include "test/support/sniff_harness.h"

namespace weir::extensions {
namespace {

using namespace weir::test;
using filter::Fact;
using filter::FactStatus;
using Names = std::vector<std::string>;

ProtoDetectSettings awaitingNames() {
  ProtoDetectSettings settings;
  settings.await_names = true;
  return settings;
}

class ProtoDetectTest : public testing::Test {
 protected:
  const ProtoDetectFactory factory_{ProtoDetectSettings()};
  SniffHarness harness_{factory_};

  void expectName(const std::string& name) const {
    EXPECT_EQ(harness_.status, FactStatus::Done);
    EXPECT_EQ(harness_.facts.application_protocols, Names{name});
    EXPECT_EQ(harness_.out.protocol, name);
    EXPECT_EQ(harness_.out.settled, Fact::ApplicationProtocols);
    EXPECT_FALSE(harness_.out.partial);
  }
  void expectTcp() const {
    EXPECT_EQ(harness_.status, FactStatus::Done);
    EXPECT_EQ(harness_.facts.application_protocols, Names());
    EXPECT_EQ(harness_.out.protocol, "tcp");
    EXPECT_EQ(harness_.out.settled, Fact::ApplicationProtocols);
    EXPECT_FALSE(harness_.out.partial);
  }
};

TEST_F(ProtoDetectTest, SaysWhatItProvides) {
  EXPECT_EQ(factory_.provides(), Fact::ApplicationProtocols);
  EXPECT_EQ(factory_.maxBytes(), 65'536U);
  EXPECT_EQ(factory_.name(), "proto_detect");
}

TEST_F(ProtoDetectTest, CarriesThePolicyForSilentClients) {
  ProtoDetectSettings settings;
  settings.silence.partial_timeout = std::chrono::milliseconds(7);
  const ProtoDetectFactory factory(settings);
  ASSERT_NE(factory.silencePolicy(), nullptr);
  EXPECT_EQ(factory.silencePolicy()->partial_timeout, std::chrono::milliseconds(7));
}

TEST_F(ProtoDetectTest, NamesWhatAServerSays) {
  EXPECT_EQ(factory_.nameGreeting(bytesOf("SSH-2.0-x\r\n")), "ssh");
  EXPECT_EQ(factory_.nameGreeting(bytesOf("who knows")), "tcp");
}

TEST_F(ProtoDetectTest, BytesAreNeededToBegin) {
  EXPECT_EQ(harness_.start(), FactStatus::NeedMore);
  EXPECT_FALSE(harness_.out.partial);
}

TEST_F(ProtoDetectTest, HttpIsKnownAtTheEndOfItsFirstLine) {
  const std::string line = "GET / HTTP/1.1\r\n";
  harness_.byteByByte(line + "Host: x\r\n\r\n");
  EXPECT_EQ(harness_.used, line.size());
  expectName("http/1.1");
}

TEST_F(ProtoDetectTest, Http10) {
  harness_.start();
  harness_.bytes("GET / HTTP/1.0\r\n\r\n");
  expectName("http/1.0");
}

TEST_F(ProtoDetectTest, Http2IsKnownAtTheEndOfItsPreface) {
  harness_.byteByByte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_EQ(harness_.used, 24U);
  expectName("h2c");
}

TEST_F(ProtoDetectTest, ExtraMethodsAreHttp) {
  ProtoDetectSettings settings;
  settings.extra_methods = {"PURGE"};
  const ProtoDetectFactory factory(settings);
  SniffHarness harness(factory);
  harness.start();
  EXPECT_EQ(harness.bytes("PURGE /x HTTP/1.1\r\n"), FactStatus::Done);
  EXPECT_EQ(harness.out.protocol, "http/1.1");
}

TEST_F(ProtoDetectTest, TlsIsKnownFromTheNinthByte) {
  const std::string hello = helloWith(serverNameExtension("a.example"));
  harness_.byteByByte(hello);
  EXPECT_EQ(harness_.used, 9U);
  expectName("tls");
}

TEST_F(ProtoDetectTest, AnSslVersion2CompatibleHelloIsTls) {
  harness_.byteByByte(version2Hello());
  EXPECT_EQ(harness_.used, 11U);
  expectName("tls");
}

TEST_F(ProtoDetectTest, AProperPrefixIsPartial) {
  harness_.start();
  for (const std::string_view prefix :
       {"G", "GET / HTTP/1.1", "PRI * HT", "\x16\x03", "\x80\x2e", "CONNECT "}) {
    SniffHarness harness(factory_);
    harness.start();
    EXPECT_EQ(harness.bytes(prefix), FactStatus::NeedMore) << prefix;
    EXPECT_TRUE(harness.out.partial) << prefix;
  }
}

TEST_F(ProtoDetectTest, APrefixThatTheClientEndsIsTcp) {
  harness_.start();
  harness_.bytes("GET / HTT");
  harness_.end("GET / HTT");
  expectTcp();
}

TEST_F(ProtoDetectTest, AClientThatSaysNothingIsTcp) {
  harness_.start();
  harness_.end("");
  expectTcp();
}

TEST_F(ProtoDetectTest, WhatEndsAsHttpIsHttp) {
  harness_.start();
  harness_.end("GET / HTTP/1.1\r\n");
  expectName("http/1.1");
}

// Neither HTTP nor TLS is possible from this byte on, and nothing is waited for.
TEST_F(ProtoDetectTest, OneByteThatRulesBothOutIsTcpAtOnce) {
  for (const char byte : {'r', '*', '\0', '\xff', '\n', 'X', ' '}) {
    SniffHarness harness(factory_);
    harness.start();
    EXPECT_EQ(harness.bytes(std::string(1, byte)), FactStatus::Done);
    EXPECT_EQ(harness.out.protocol, "tcp");
  }
}

TEST_F(ProtoDetectTest, WhatComesWithThatByteGivesItsName) {
  for (const auto& [bytes, name] : clientSamples()) {
    SniffHarness harness(factory_);
    harness.start();
    EXPECT_EQ(harness.bytes(bytes), FactStatus::Done);
    EXPECT_EQ(harness.out.protocol, name) << testing::PrintToString(bytes);
    EXPECT_EQ(harness.facts.application_protocols, Names{std::string(name)});
  }
}

// HTTP, TLS or neither: the same for every cut. (Of names only "neither" is promised here.)
TEST_F(ProtoDetectTest, WhatItIsDoesNotDependOnTheCut) {
  std::vector<ProtocolSample> streams = clientSamples();
  for (auto& stream : streams) stream.name = "";
  streams.push_back({"GET /foo HTTP/1.1\r\nHost: x\r\n\r\n", "http/1.1"});
  streams.push_back({"OPTIONS * HTTP/1.0\r\n", "http/1.0"});
  streams.push_back({"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "h2c"});
  streams.push_back({records(helloMessage({}), 3), "tls"});
  for (const auto& [bytes, name] : streams) {
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      SniffHarness harness(factory_);
      EXPECT_EQ(harness.inTwo(bytes, cut), FactStatus::Done);
      const std::string_view got = harness.out.protocol;
      const bool other = got != "tls" && got != "h2c" && !got.starts_with("http/");
      EXPECT_EQ(other ? "" : got, name) << testing::PrintToString(bytes) << " cut at " << cut;
    }
  }
}

TEST_F(ProtoDetectTest, WhereNamesAreAwaitedTheyDoNotDependOnTheCutEither) {
  const ProtoDetectFactory factory(awaitingNames());
  for (const auto& [bytes, name] : clientSamples()) {
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      SniffHarness harness(factory);
      EXPECT_EQ(harness.inTwo(bytes, cut), FactStatus::Done);
      EXPECT_EQ(harness.out.protocol, name) << testing::PrintToString(bytes) << " cut at " << cut;
    }
    SniffHarness harness(factory);
    harness.byteByByte(bytes);
    EXPECT_EQ(harness.out.protocol, name) << testing::PrintToString(bytes);
  }
}

TEST_F(ProtoDetectTest, WhereNamesAreAwaitedAPrefixOfOneIsPartial) {
  const ProtoDetectFactory factory(awaitingNames());
  SniffHarness harness(factory);
  harness.start();
  EXPECT_EQ(harness.bytes("*1\r\n$4\r"), FactStatus::NeedMore);
  EXPECT_TRUE(harness.out.partial);
  EXPECT_EQ(harness.end("*1\r\n$4\r"), FactStatus::Done);
  EXPECT_EQ(harness.out.protocol, "tcp");
}

TEST_F(ProtoDetectTest, WhereNamesAreAwaitedWhatCannotBecomeOneIsTcpAtOnce) {
  const ProtoDetectFactory factory(awaitingNames());
  SniffHarness harness(factory);
  harness.start();
  EXPECT_EQ(harness.bytes("{\"json\": true}"), FactStatus::Done);
  EXPECT_EQ(harness.out.protocol, "tcp");
}

TEST_F(ProtoDetectTest, ARequestLineOver64KiBIsTcp) {
  harness_.start();
  harness_.bytes("GET /" + std::string(70'000, 'x') + " HTTP/1.1\r\n");
  expectTcp();
}

}  // namespace
}  // namespace weir::extensions
