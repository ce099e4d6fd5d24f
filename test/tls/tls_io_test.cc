#include <algorithm>
#include <optional>

#include "test/support/test_peer.h"
#include "test/tls/tls_fixture.h"

namespace weir::tls {
namespace {

std::string pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

// All that was told as data, joined.
std::string dataOf(const Lines& lines) {
  std::string all;
  for (const auto& line : lines) {
    if (line.starts_with("data:")) all += line.substr(5);
  }
  return all;
}

TEST_F(TlsTest, BytesPassBothWaysOnceTheHandshakeIsDone) {
  makeTransports();
  Pair pair(*this);
  run();
  EXPECT_EQ(pair.at_server.take(), Lines{"connected"});
  EXPECT_EQ(pair.at_client.take(), Lines{"connected"});
  write(pair.made, "hello");
  write(pair.accepted, "greetings");
  run();
  EXPECT_EQ(pair.at_server.take(), Lines{"data:hello"});
  EXPECT_EQ(pair.at_client.take(), Lines{"data:greetings"});
}

TEST_F(TlsTest, BothSidesSayWhatProtectsTheBytes) {
  server.common.alpn = {"h2", "http/1.1"};
  client.common.alpn = {"http/1.1", "h2"};
  addCertificate(client.common, {"spiffe://test/ns/a/sa/b", "b.a.test"}, test::KeyType::Ec);
  server.client_certificates = ClientCertificates::Required;
  makeTransports();
  Pair pair(*this);
  run();
  const net::Security* at_server = pair.accepted.security();
  ASSERT_NE(at_server, nullptr);
  EXPECT_EQ(at_server->version, "TLSv1.3");
  EXPECT_EQ(at_server->cipher, "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(at_server->server_name, "server.test");
  EXPECT_EQ(at_server->application_protocol, "h2");
  EXPECT_TRUE(at_server->peer_verified);
  EXPECT_EQ(at_server->peer_names,
            (std::vector<std::string>{"spiffe://test/ns/a/sa/b", "b.a.test"}));
  const net::Security* at_client = pair.made.security();
  ASSERT_NE(at_client, nullptr);
  EXPECT_EQ(at_client->application_protocol, "h2");
  EXPECT_EQ(at_client->peer_names, std::vector<std::string>{"server.test"});
  EXPECT_EQ(at_client->peer_subject, "CN=server.test");
}

TEST_F(TlsTest, BytesThatWereReadBeforeBelongToTheHandshake) {
  makeTransports();
  test::MemoryPipe pipe(*loop);
  test::RecordingEvents at_server;
  at_server.takeData(false);
  net::Connection accepted(*loop, slices, pipe.takeSecond(), net::Connection::Start::Connected, {},
                           at_server);
  test::RecordingEvents at_client;
  net::Connection made(*loop, slices, wrap(pipe.takeFirst()), net::Connection::Start::Connecting,
                       {}, at_client);
  run();
  ASSERT_EQ(at_server.take().size(), 1U);  // the hello
  at_server.takeData(true);
  accepted.secure(*server_transport, costly);
  run();
  EXPECT_EQ(at_server.take(), Lines{"connected"});
  write(made, "x", true);
  run();
  EXPECT_EQ(at_server.take(), (Lines{"data:x", "end"}));
  EXPECT_EQ(accepted.bytesRead(), 1U);  // the hello was not for those behind
}

TEST_F(TlsTest, EachSideEndsForItself) {
  makeTransports();
  Pair pair(*this);
  run();
  pair.at_server.take(), pair.at_client.take();
  write(pair.made, "last", true);
  run();
  EXPECT_EQ(pair.at_server.take(), (Lines{"data:last", "end"}));
  write(pair.accepted, "answer");
  run();
  EXPECT_EQ(pair.at_client.take(), Lines{"data:answer"});
  write(pair.accepted, "", true);
  run();
  EXPECT_EQ(pair.at_client.take(), Lines{"end"});
}

// Somebody on the path, who carries what both send, and may do otherwise.
class MiddleTest : public TlsTest {
 protected:
  MiddleTest() {
    makeTransports();
    accepted.emplace(*loop, slices, server_pipe.takeFirst(), net::Connection::Start::Connected,
                     net::ConnectionLimits{}, at_server);
    accepted->secure(*server_transport, costly);
    made.emplace(*loop, slices, wrap(client_pipe.takeFirst()), net::Connection::Start::Connecting,
                 net::ConnectionLimits{}, at_client);
    carry();
    EXPECT_EQ(at_server.take(), Lines{"connected"});
    EXPECT_EQ(at_client.take(), Lines{"connected"});
  }

  void carry() {
    for (run(); !to_client.received().empty() || !to_server.received().empty(); run()) {
      to_server.send(to_client.takeReceived());
      to_client.send(to_server.takeReceived());
    }
  }

  test::MemoryPipe server_pipe{*loop};
  test::MemoryPipe client_pipe{*loop};
  test::TestPeer to_server{*loop, server_pipe.takeSecond()};
  test::TestPeer to_client{*loop, client_pipe.takeSecond()};
  test::RecordingEvents at_server;
  test::RecordingEvents at_client;
  std::optional<net::Connection> accepted;
  std::optional<net::Connection> made;
};

TEST_F(MiddleTest, AnEndWithoutNotifyIsAFault) {
  write(*made, "half of it");
  carry();
  to_server.sendEnd();
  run();
  EXPECT_EQ(at_server.take(), (Lines{"data:half of it", "fault:closed"}));
}

TEST_F(MiddleTest, ChangedBytesAreAFault) {
  write(*made, "precious");
  run();
  std::string bytes = to_client.takeReceived();
  bytes.back() ^= 1;
  to_server.send(bytes);
  run();
  EXPECT_EQ(at_server.take(), Lines{"fault:refused"});
}

TEST_F(MiddleTest, RecordsMayComeInAnyPieces) {
  write(*made, "in pieces", true);
  run();
  for (const char byte : to_client.takeReceived()) {
    to_server.send({&byte, 1});
    run();
  }
  EXPECT_EQ(at_server.take(), (Lines{"data:in pieces", "end"}));
}

TEST_F(TlsTest, AResetIsAReset) {
  makeTransports();
  Pair pair(*this);
  run();
  pair.at_server.take();
  pair.pipe.breakPath();
  run();
  EXPECT_EQ(pair.at_server.take(), Lines{"fault:reset"});
}

struct Way {
  const char* name;
  size_t capacity;
  size_t max_write;
  size_t segment;
};

class AnyWay : public TlsTest, public testing::WithParamInterface<Way> {};

TEST_P(AnyWay, MegabytesPassUnchanged) {
  makeTransports();
  Pair pair(*this);
  for (test::PipeWay* way : {&pair.pipe.toFirst(), &pair.pipe.toSecond()}) {
    way->capacity = GetParam().capacity;
    way->max_write = GetParam().max_write;
    way->segment = GetParam().segment;
  }
  const size_t size = GetParam().segment < 100 ? 30'000 : 3'000'000;
  const std::string up = pattern(size);
  const std::string down = pattern(size + 17);
  run();
  write(pair.made, up, true);
  write(pair.accepted, down, true);
  run();
  EXPECT_TRUE(dataOf(pair.at_server.lines()) == up);
  EXPECT_TRUE(dataOf(pair.at_client.lines()) == down);
  EXPECT_EQ(std::count(pair.at_server.lines().begin(), pair.at_server.lines().end(), "end"), 1);
  EXPECT_EQ(pair.made.bytesWritten(), up.size());
  EXPECT_EQ(pair.accepted.bytesRead(), up.size());
}

INSTANTIATE_TEST_SUITE_P(, AnyWay,
                         testing::Values(Way{"Wide", 1 << 20, 1 << 20, 1 << 20},
                                         Way{"ByteByByte", 1 << 20, 1, 1},
                                         Way{"Narrow", 1000, 1000, 1 << 20},
                                         Way{"OddSegments", 1 << 20, 1 << 20, 1371},
                                         Way{"SmallWrites", 1 << 20, 777, 1 << 20}),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(TlsTest, WhatWasNotSentIsNotTakenForWritten) {
  makeTransports();
  Pair pair(*this);
  run();
  pair.pipe.toSecond().capacity = 5000;
  pair.at_server.takeData(false);
  pair.accepted.pauseReading(net::Pause::Manual);
  write(pair.made, pattern(100'000));
  run();
  EXPECT_LT(pair.made.bytesWritten(), 5000U);
  EXPECT_TRUE(pair.made.writeBlocked());
  pair.at_server.takeData(true);
  pair.accepted.resumeReading(net::Pause::Manual);
  run();
  EXPECT_EQ(pair.made.bytesWritten(), 100'000U);
}

TEST_F(TlsTest, AConnectionAtRestHoldsNoSlices) {
  makeTransports();
  Pair pair(*this);
  run();
  write(pair.made, pattern(100'000));
  run();
  EXPECT_EQ(slices.inUse(), 0U);
}

TEST_F(TlsTest, HandshakesTakeTurns) {
  makeTransports();
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 40; ++i) pairs.push_back(std::make_unique<Pair>(*this));
  size_t most = 0;
  while (loop->runOnce(false)) most = std::max(most, costly.waiting());
  EXPECT_GT(most, 20U);
  for (const auto& pair : pairs) EXPECT_EQ(pair->at_server.take(), Lines{"connected"});
}

TEST_F(TlsTest, AHandshakeMayEndWhileItWaitsForItsTurn) {
  makeTransports();
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 20; ++i) pairs.push_back(std::make_unique<Pair>(*this));
  loop->runOnce(false);
  ASSERT_GT(costly.waiting(), 0U);
  pairs.erase(pairs.begin(), pairs.begin() + 10);
  run();
  EXPECT_EQ(costly.waiting(), 0U);
  for (const auto& pair : pairs) EXPECT_EQ(pair->at_client.take(), Lines{"connected"});
}

}  // namespace
}  // namespace weir::tls
