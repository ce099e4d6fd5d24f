#include "source/extensions/listener/proto_detect/protocol_names.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "source/extensions/listener/proto_detect/server_greeting.h"
#include "test/extensions/listener/proto_detect/protocol_samples.h"
#include "test/support/every_prefix.h"

namespace weir::extensions {
namespace {

using namespace std::string_literals;
using probe::Match;
using probe::Naming;
using weir::test::bytesOf;
using weir::test::clientSamples;
using weir::test::feedEveryPrefix;
using weir::test::ProtocolSample;
using weir::test::serverSamples;

Naming name(std::string_view bytes) { return nameClientBytes(bytesOf(bytes)); }

TEST(ProtocolNamesTest, FirstBytesOfRealClientsGetTheirName) {
  for (const auto& [bytes, expected] : clientSamples()) {
    EXPECT_EQ(name(bytes).name, expected) << testing::PrintToString(bytes);
    EXPECT_EQ(name(bytes).match, Match::Yes) << testing::PrintToString(bytes);
    EXPECT_EQ(name(bytes + "\r\nmore\0\xff"s).name, expected) << testing::PrintToString(bytes);
  }
}

TEST(ProtocolNamesTest, FirstBytesOfRealServersGetTheirName) {
  for (const auto& [bytes, expected] : serverSamples()) {
    EXPECT_EQ(nameServerGreeting(bytesOf(bytes)), expected) << bytes;
    EXPECT_EQ(nameServerBytes(bytesOf(bytes)).match, Match::Yes) << bytes;
  }
}

TEST(ProtocolNamesTest, WhatIsNotConclusiveHasNoName) {
  const std::string clients[] = {
      "",
      "a",
      "hello-world-hello-world\n",
      "{\"json\": true}\n",
      "get / HTTP/1.1\r\n",  // two keys to memcached, but a request of somebody's
      "stat",                // ZooKeeper, or the start of memcached's "stats"
      "HTTP/1.1 200 OK\r\n",
      "USER alice\r\n",  // POP3, FTP or IRC
      "some.metric:1|c\n",
      "PING",
      "PING :irc.example\r\n",
      "*x\r\n",
      "SSH-3.0-x\r\n",
      "AMQP!",
      "FOO / BAR/1.1\r\n",
      "\0\0\0\x08\x04\xd2\x16\x31"s,
      "\x10\x0f\0\x04MQTX\x04"s,
      std::string(100, '\0'),
      std::string(100, '\xff'),
      "\x05\x01\0"s,  // SOCKS
  };
  for (const auto& bytes : clients)
    EXPECT_EQ(name(bytes).name, "") << testing::PrintToString(bytes);
}

TEST(ServerGreetingTest, WhatIsNotConclusiveIsTcp) {
  const std::string servers[] = {"",
                                 "2",
                                 "220",
                                 "220 ready\r\n",
                                 "220 welcome to us\r\n",
                                 "hello\r\n",
                                 "HTTP/1.1 400 Bad Request\r\n",
                                 "200 OK\r\n",
                                 "\x4a\0\0\1\x0a"s + "8.0",
                                 std::string(50, '\0'),
                                 "-ERR unknown command\r\n",
                                 "220x mail.example.com ESMTP\r\n"};
  for (const auto& bytes : servers) {
    EXPECT_EQ(nameServerGreeting(bytesOf(bytes)), "tcp") << testing::PrintToString(bytes);
  }
}

using Namer = std::function<Naming(std::span<const uint8_t>)>;

// Yes and No hold for every longer prefix, and Yes with the same name.
void expectStable(const Namer& namer, std::string_view bytes) {
  Naming last;
  last.match = Match::Maybe;
  feedEveryPrefix(bytesOf(bytes), [&](auto prefix) {
    const Naming naming = namer(prefix);
    if (last.match != Match::Maybe) {
      EXPECT_EQ(naming.match, last.match)
          << testing::PrintToString(bytes) << " at " << prefix.size();
      EXPECT_EQ(naming.name, last.name) << testing::PrintToString(bytes) << " at " << prefix.size();
    }
    last = naming;
    return naming.match;
  });
}

TEST(ProtocolNamesTest, OnceSettledANameNeverChanges) {
  for (const auto& sample : clientSamples())
    expectStable(nameClientBytes, sample.bytes + "\r\n\0more"s);
  for (const auto& sample : serverSamples())
    expectStable(nameServerBytes, sample.bytes + "\r\n\0more"s);
}

// Random bytes, and samples with a few bytes changed.
std::string randomBytes(std::mt19937& random, const std::vector<ProtocolSample>& samples) {
  std::string bytes = samples[random() % samples.size()].bytes;
  for (size_t i = 0; i < 1 + random() % 4; ++i) {
    const size_t at = random() % std::min<size_t>(bytes.size(), 16);
    bytes[at] = static_cast<char>(random() % 2 == 0 ? random() : bytes[at] ^ (1U << random() % 8));
  }
  return bytes + samples[random() % samples.size()].bytes;
}

TEST(ProtocolNamesTest, StabilityHoldsForChangedBytesToo) {
  std::mt19937 random(17);
  const auto clients = clientSamples();
  const auto servers = serverSamples();
  for (int i = 0; i < 5'000; ++i) {
    expectStable(nameClientBytes, randomBytes(random, clients));
    expectStable(nameServerBytes, randomBytes(random, servers));
  }
}

TEST(ProtocolNamesTest, NoProbeLooksFurtherThanItsLimit) {
  std::mt19937 random(18);
  const auto clients = clientSamples();
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes = randomBytes(random, clients);
    bytes.resize(MaxNameBytes, static_cast<char>('a' + random() % 26));
    EXPECT_NE(name(bytes).match, Match::Maybe) << testing::PrintToString(bytes);
  }
}

TEST(ProtocolNamesTest, RandomBytesAreHardlyEverNamed) {
  std::mt19937 random(19);
  int named = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string bytes(32, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    named += name(bytes).name.empty() ? 0 : 1;
  }
  EXPECT_EQ(named, 0);
}

}  // namespace
}  // namespace weir::extensions
