// The hello scanner against OpenSSL itself: hellos that its client writes, cut into records in many
// ways, and bytes changed at random. Seeds are fixed.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "source/extensions/listener/common/client_hello.h"
#include "test/extensions/listener/common/hello_builder.h"
#include "test/extensions/listener/common/openssl_peer.h"
#include "test/support/every_prefix.h"

namespace weir::extensions {
namespace {

using namespace weir::test;

struct Generated {
  std::string what;
  ClientOptions options;
};

std::vector<std::string> manyNames(size_t count, size_t size) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    std::string name = "protocol-" + std::to_string(i);
    name.resize(size, 'x');
    names.push_back(name);
  }
  return names;
}

std::vector<Generated> generatedHellos() {
  std::vector<Generated> all;
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION}) {
    const std::string text = "only version " + std::to_string(version);
    all.push_back({text, {.min_version = version, .max_version = version}});
    all.push_back(
        {text + ", name",
         {.min_version = version, .max_version = version, .server_name = "A.Example.com"}});
    all.push_back({text + ", name and ALPN",
                   {.min_version = version,
                    .max_version = version,
                    .server_name = "b.example",
                    .alpn = {"h2", "http/1.1"}}});
    all.push_back({text + ", ALPN, no ticket",
                   {.min_version = version,
                    .max_version = version,
                    .alpn = {"acme-tls/1"},
                    .session_ticket = false}});
  }
  all.push_back({"every version", {.server_name = "every.example"}});
  all.push_back({"longest name", {.server_name = std::string(255, 'n')}});
  all.push_back({"many groups", {.groups = "X25519:P-256:P-384:P-521:X448:ffdhe2048:ffdhe8192"}});
  all.push_back({"as many ALPN names as are kept",
                 {.server_name = "a.example", .alpn = manyNames(MaxApplicationProtocols, 16)}});
  all.push_back({"100 ALPN names", {.server_name = "a.example", .alpn = manyNames(100, 20)}});
  all.push_back({"255 long ALPN names", {.server_name = "a.example", .alpn = manyNames(250, 255)}});
  for (const size_t size : {1'000, 16'000, 16'384, 20'000, 40'000, 65'000}) {
    all.push_back({"extension of " + std::to_string(size),
                   {.server_name = "big.example", .alpn = {"h2"}, .custom_extension_size = size}});
  }
  return all;
}

std::string lowerCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The handshake message that lies in the handshake records at the start of a stream.
std::string messageIn(std::string_view stream) {
  std::string message;
  while (stream.size() >= 5 && (stream[0] == 22 || stream[0] == 20)) {
    const size_t length = static_cast<uint8_t>(stream[3]) * 256U + static_cast<uint8_t>(stream[4]);
    message += stream.substr(5, length);
    stream.remove_prefix(std::min(5 + length, stream.size()));
  }
  return message;
}

// `message` in records of random sizes, mostly small, with empty ones between them.
std::string randomRecords(const std::string& message, std::mt19937& random) {
  std::string stream;
  for (size_t at = 0; at < message.size();) {
    const size_t most = random() % 4 == 0 ? 16'384 : 1 + random() % 300;
    const size_t size = std::min<size_t>(1 + random() % most, message.size() - at);
    const std::string version{'\x03', static_cast<char>(random() % 5)};
    if (random() % 8 == 0) stream += record("");
    if (at < 4 && random() % 4 == 0) stream += emptyChangeCipherSpec();
    stream += record(std::string_view(message).substr(at, size), 22, version);
    at += size;
  }
  return stream;
}

// The part of a list that is kept.
std::vector<std::string> kept(const std::vector<std::string>& names) {
  std::vector<std::string> all;
  size_t bytes = 0;
  for (const std::string& name : names) {
    bytes += name.size();
    if (all.size() == MaxApplicationProtocols || bytes > MaxApplicationProtocolBytes) break;
    all.push_back(name);
  }
  return all;
}

void expectSameReading(const std::string& stream, const ClientOptions& options,
                       const OpensslView& view) {
  ClientHello hello;
  ASSERT_EQ(sniffClientHello(bytesOf(stream), &hello), HelloStatus::Hello);
  EXPECT_TRUE(view.hello);
  EXPECT_TRUE(hello.well_formed);
  EXPECT_EQ(hello.server_name, lowerCase(view.server_name.value_or("")));
  EXPECT_EQ(hello.server_name, lowerCase(options.server_name));
  EXPECT_TRUE(view.alpn == options.alpn);
  EXPECT_EQ(hello.application_protocols, kept(view.alpn));
}

TEST(ClientHelloOpensslTest, ReadsWhatOpensslReadsInItsOwnHellos) {
  OpensslServer server;
  for (const auto& [what, options] : generatedHellos()) {
    SCOPED_TRACE(what);
    const std::string stream = opensslHello(options);
    expectSameReading(stream, options, server.look(stream));
  }
}

TEST(ClientHelloOpensslTest, ReadsWhatOpensslReadsAtAnyFragmentation) {
  OpensslServer server;
  std::mt19937 random(20'608'660);
  for (const auto& [what, options] : generatedHellos()) {
    SCOPED_TRACE(what);
    const std::string message = messageIn(opensslHello(options));
    for (int round = 0; round < 10; ++round) {
      const std::string stream = randomRecords(message, random);
      expectSameReading(stream, options, server.look(stream));
    }
    const std::string bytewise = records(message, 1);
    expectSameReading(bytewise, options, server.look(bytewise));
  }
}

TEST(ClientHelloOpensslTest, TheLongestHelloThatOpensslTakesIsOneToUs) {
  HelloFields fields;
  fields.cipher_suites = std::string(65'534, '\x13');
  fields.compression = std::string(255, '\0');
  const std::string name = serverNameExtension("max.example");
  fields.extensions = name + extension(0xfe01, std::string(65'535 - name.size() - 4, 'x'));
  const std::string message = helloMessage(fields);
  ASSERT_EQ(message.size(), 4 + 131'396);
  OpensslServer server;
  for (const size_t size : {size_t{16'384}, size_t{1'000}, size_t{1}}) {
    const std::string stream = records(message, size);
    ClientHello hello;
    EXPECT_EQ(sniffClientHello(bytesOf(stream), &hello), HelloStatus::Hello);
    EXPECT_EQ(hello.server_name, "max.example");
    EXPECT_TRUE(server.look(stream).hello);
  }
}

// What OpenSSL refuses in a hello that we read: an extension that it knows twice, a pre_shared_key
// that is not the last, and two that it knows but not in a ClientHello over TCP. We leave those to
// the server behind: it is TLS either way.
constexpr size_t UseSrtp = 14;
constexpr size_t PreSharedKey = 41;
constexpr size_t CryptoProBug = 0xfde8;

bool refusedForItsExtensions(const std::string& stream) {
  const std::string message = messageIn(stream);
  constexpr size_t SessionId = 4 + 2 + 32;
  size_t at = SessionId + 1 + static_cast<uint8_t>(message[SessionId]);
  const auto number = [&] {
    return static_cast<uint8_t>(message[at]) * 256U + static_cast<uint8_t>(message[at + 1]);
  };
  at += 2 + number();
  at += 1 + static_cast<uint8_t>(message[at]);
  std::vector<size_t> types;
  for (at += 2; at + 4 <= message.size();) {
    const size_t type = number();
    if (type == UseSrtp || type == CryptoProBug) return true;
    if (std::ranges::count(types, type) != 0) return true;
    types.push_back(type);
    at += 2;
    at += 2 + number();
  }
  const auto psk = std::ranges::find(types, PreSharedKey);
  return psk != types.end() && psk + 1 != types.end();
}

// Bytes after the hello, so that a record whose length was made longer is complete.
const std::string& padding() {
  static const std::string bytes(70'000, '\0');
  return bytes;
}

std::string mutated(std::string stream, std::mt19937& random, size_t head) {
  const size_t count = 1 + random() % 3;
  for (size_t i = 0; i < count; ++i) {
    // Half of the changes in the headers, where they decide.
    const size_t at =
        random() % (random() % 2 == 0 ? std::min(head, stream.size()) : stream.size());
    const uint8_t old = static_cast<uint8_t>(stream[at]);
    const uint8_t choices[] = {static_cast<uint8_t>(random()), static_cast<uint8_t>(old + 1),
                               static_cast<uint8_t>(old - 1),
                               static_cast<uint8_t>(old ^ (1U << random() % 8))};
    stream[at] = static_cast<char>(choices[random() % 4]);
  }
  return stream;
}

struct Agreement {
  int both = 0;
  int neither = 0;
  int extensions_only = 0;
};

void compareOnce(OpensslServer& server, const std::string& stream, Agreement& agreement) {
  const OpensslView view = server.look(stream + padding());
  ClientHello hello;
  const HelloStatus status = sniffClientHello(bytesOf(stream + padding()), &hello);
  const bool ours = status == HelloStatus::Hello && hello.well_formed;
  if (ours && !view.hello && refusedForItsExtensions(stream)) {
    ++agreement.extensions_only;
    return;
  }
  ASSERT_EQ(ours, view.hello) << testing::PrintToString(stream);
  ours ? ++agreement.both : ++agreement.neither;
  if (view.server_name && !hello.server_name.empty()) {
    EXPECT_EQ(hello.server_name, lowerCase(*view.server_name));
  }
  if (!view.alpn.empty()) {
    EXPECT_EQ(hello.application_protocols, view.alpn);
  }
}

TEST(ClientHelloOpensslTest, AgreesOnHellosWithRandomFaults) {
  OpensslServer server;
  std::mt19937 random(8'660);
  const std::string plain = opensslHello({.server_name = "a.example", .alpn = {"h2", "http/1.1"}});
  const std::string message = messageIn(plain);
  const std::string old = opensslHello(
      {.min_version = TLS1_VERSION, .max_version = TLS1_VERSION, .server_name = "a.example"});
  Agreement agreement;
  for (int round = 0; round < 20'000; ++round) {
    std::string stream;
    size_t head = 60;
    switch (round % 5) {
      case 0: stream = plain; break;
      case 1: stream = randomRecords(message, random); break;
      case 2:
        stream = version2Hello("\x03\x01", random() % 40);
        head = 13;
        break;
      case 3:
        stream = alertRecord(static_cast<char>(random())) + plain;
        head = 20;
        break;
      default: stream = old; break;
    }
    ASSERT_NO_FATAL_FAILURE(compareOnce(server, mutated(stream, random, head), agreement));
  }
  EXPECT_GT(agreement.both, 4'000);
  EXPECT_GT(agreement.neither, 4'000);
  RecordProperty("both", agreement.both);
  RecordProperty("neither", agreement.neither);
  RecordProperty("extensions_only", agreement.extensions_only);
}

TEST(ClientHelloOpensslTest, AgreesOnRowsOfEmptyRecords) {
  OpensslServer server;
  const std::string message = helloMessage({});
  Agreement agreement;
  for (const size_t before : {0, 2, 3, 4, 50}) {
    const std::string start = before == 0 ? "" : record(message.substr(0, before));
    const std::string rest = record(message.substr(before));
    std::string handshakes = start;
    std::string mixed = start;
    for (int count = 0; count < 40; ++count) {
      ASSERT_NO_FATAL_FAILURE(compareOnce(server, handshakes + rest, agreement));
      ASSERT_NO_FATAL_FAILURE(compareOnce(server, mixed + rest, agreement));
      handshakes += record("");
      mixed += record("", count % 2 == 0 ? 20 : 22);
    }
  }
  EXPECT_GT(agreement.both, 150);
  EXPECT_GT(agreement.neither, 30);
}

// Records of every type before, and inside, a hello: what OpenSSL skips, we skip.
TEST(ClientHelloOpensslTest, AgreesOnRecordsOfOtherTypes) {
  OpensslServer server;
  const std::string message = helloMessage({});
  Agreement agreement;
  for (const size_t before : {0, 1, 3, 4, 5, 40}) {
    const std::string start = before == 0 ? "" : record(message.substr(0, before));
    const std::string rest = record(message.substr(before));
    for (int type = 0; type < 256; ++type) {
      for (const std::string_view contents : {"", "\x01", "\x01\x5a"}) {
        const std::string between = record(contents, static_cast<char>(type));
        ASSERT_NO_FATAL_FAILURE(compareOnce(server, start + between + rest, agreement));
      }
    }
  }
  EXPECT_GT(agreement.both, 6);
}

}  // namespace
}  // namespace weir::extensions
