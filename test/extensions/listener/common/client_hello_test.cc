#include "source/extensions/listener/common/client_hello.h"

#include <gtest/gtest.h>

#include "test/extensions/listener/common/hello_builder.h"
#include "test/support/every_prefix.h"

namespace weir::extensions {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using namespace weir::test;
using enum HelloStatus;

HelloStatus sniff(std::string_view bytes) { return sniffClientHello(bytesOf(bytes)); }

ClientHello read(std::string_view bytes) {
  ClientHello hello;
  EXPECT_EQ(sniffClientHello(bytesOf(bytes), &hello), Hello);
  return hello;
}

// The first few bytes of a record with a hello of `length` in it.
std::string header(size_t length, std::string_view version = "\x03\x01") {
  return "\x16" + std::string(version) + bigEndian(512, 2) + "\x01" + bigEndian(length, 3);
}

// As many bytes as are needed for an answer to a stream that begins like this.
size_t settledAt(std::string_view bytes) {
  for (size_t size = 0; size <= bytes.size(); ++size) {
    if (sniff(bytes.substr(0, size)) != NeedMore) return size;
  }
  return std::string_view::npos;
}

TEST(ClientHelloTest, ReadsNameAndProtocolsInOrder) {
  const auto hello =
      read(helloWith(serverNameExtension("a.example") + alpnExtension({"h2", "http/1.1"})));
  EXPECT_TRUE(hello.well_formed);
  EXPECT_EQ(hello.server_name, "a.example");
  EXPECT_EQ(hello.application_protocols, (std::vector<std::string>{"h2", "http/1.1"}));
}

TEST(ClientHelloTest, AHelloWithoutExtensionsHasNeither) {
  HelloFields fields;
  fields.has_extensions = false;
  EXPECT_EQ(read(records(helloMessage(fields))), ClientHello());
  EXPECT_EQ(read(helloWith("")), ClientHello());
}

TEST(ClientHelloTest, EveryRecordVersionCounts) {
  for (int minor = 0; minor < 256; ++minor) {
    const std::string version{'\x03', static_cast<char>(minor)};
    EXPECT_EQ(sniff(record(helloMessage({}), 22, version)), Hello) << minor;
  }
}

// A hello that offers TLS 1.3 alone once passed for plain text in another proxy (CVE-2020-8660).
TEST(ClientHelloTest, EveryHelloVersionCounts) {
  for (const auto version :
       {"\x03\x00"sv, "\x03\x01"sv, "\x03\x02"sv, "\x03\x03"sv, "\x03\x04"sv, "\x7f\x1c"sv}) {
    HelloFields fields;
    fields.version = version;
    const std::string versions = extension(43, std::string("\x02\x03\x04", 3));
    fields.extensions = versions + serverNameExtension("only13.example");
    EXPECT_EQ(read(records(helloMessage(fields))).server_name, "only13.example");
  }
}

TEST(ClientHelloTest, GreaseIsIgnored) {
  HelloFields fields;
  fields.cipher_suites = "\x0a\x0a\x13\x01";
  fields.extensions = extension(0x0a0a, "") + serverNameExtension("g.example") +
                      extension(0x1a1a, "\1") + extension(0x1a1a, "\1") +
                      alpnExtension({"\x0a\x0a", "h2"}) + extension(0xfafa, "");
  const auto hello = read(records(helloMessage(fields)));
  EXPECT_EQ(hello.server_name, "g.example");
  EXPECT_EQ(hello.application_protocols, (std::vector<std::string>{"\x0a\x0a", "h2"}));
}

TEST(ClientHelloTest, TheSameHelloInRecordsOfAnySizeReadsTheSame) {
  HelloFields fields;
  fields.extensions = serverNameExtension("a.example") + alpnExtension({"h2"}) +
                      extension(21, std::string(300, 'p'));
  const std::string message = helloMessage(fields);
  const auto expected = read(record(message));
  for (size_t size = 1; size <= message.size(); ++size) {
    EXPECT_EQ(read(records(message, size)), expected) << size;
  }
}

TEST(ClientHelloTest, ReadsAHelloOfSeveralRecords) {
  const std::string big = extension(51, std::string(40'000, 'k'));
  EXPECT_EQ(read(helloWith(big + serverNameExtension("big.example"))).server_name, "big.example");
}

// ------------------------------------------------------------------------------------------------
// names

struct NameCase {
  std::string_view sent;
  std::string_view usable;
};

TEST(ClientHelloTest, OnlyWhatCanBeAHostIsAName) {
  const std::string longest(255, 'n');
  const std::string too_long(256, 'n');
  const NameCase cases[] = {
      {"Example.COM", "example.com"},
      {"example.com.", "example.com"},
      {"a_b-c.example", "a_b-c.example"},
      {"192.0.2.1", "192.0.2.1"},
      {longest, longest},
      {"localhost", "localhost"},
      {"", ""},
      {".", ""},
      {too_long, ""},
      {"a\0b"sv, ""},
      {"a b", ""},
      {".example", ""},
      {"a..b", ""},
      {"a..", ""},
      {"m\xc3\xbcnchen.example", ""},
      {"a/b", ""},
      {"[::1]", ""},
      {"*.example", ""},
      {"a.example\n", ""},
  };
  for (const auto& [sent, usable] : cases) {
    const auto hello = read(helloWith(serverNameExtension(sent) + alpnExtension({"h2"})));
    EXPECT_TRUE(hello.well_formed) << sent;
    EXPECT_EQ(hello.server_name, usable) << sent;
    EXPECT_EQ(hello.server_name_unreadable, usable.empty()) << sent;
    EXPECT_EQ(hello.application_protocols.size(), 1U);
  }
}

TEST(ClientHelloTest, AServerNameListOfAnotherShapeIsNoName) {
  const std::string name = std::string(1, '\0') + lengthPrefixed("a.example", 2);
  const std::string bad[] = {
      "",
      lengthPrefixed("", 2),
      lengthPrefixed(name, 2) + "x",
      lengthPrefixed(name + name, 2),
      lengthPrefixed("\x01" + lengthPrefixed("a.example", 2), 2),
      lengthPrefixed(name.substr(0, 5), 2),
      bigEndian(name.size() + 1, 2) + name,
      std::string(1, '\0'),
  };
  ClientHello unreadable;
  unreadable.server_name_unreadable = true;
  for (const auto& contents : bad) {
    EXPECT_EQ(read(helloWith(extension(0, contents))), unreadable)
        << testing::PrintToString(contents);
  }
}

TEST(ClientHelloTest, AnAlpnListOfAnotherShapeIsNoList) {
  const std::string bad[] = {"",
                             lengthPrefixed("", 2),
                             lengthPrefixed(std::string(1, '\0'), 2),
                             lengthPrefixed("\x03h2", 2),
                             lengthPrefixed("\x02h2", 2) + "x",
                             lengthPrefixed("\x02h2" + std::string(1, '\0'), 2)};
  for (const auto& contents : bad) {
    const auto hello = read(helloWith(extension(16, contents) + serverNameExtension("a.example")));
    EXPECT_TRUE(hello.application_protocols.empty()) << testing::PrintToString(contents);
    EXPECT_EQ(hello.server_name, "a.example");
  }
}

TEST(ClientHelloTest, AVeryLongAlpnListIsCut) {
  std::vector<std::string> names(MaxApplicationProtocols + 5, "x");
  names[0] = "h2";
  const auto hello = read(helloWith(alpnExtension(names)));
  EXPECT_EQ(hello.application_protocols.size(), MaxApplicationProtocols);
  EXPECT_EQ(hello.application_protocols[0], "h2");
}

TEST(ClientHelloTest, LongAlpnNamesAreCutByTheirBytes) {
  const std::string half(MaxApplicationProtocolBytes / 2, 'x');
  const auto hello = read(helloWith(alpnExtension({half, half, "h2", half})));
  EXPECT_EQ(hello.application_protocols, (std::vector<std::string>{half, half}));
}

// ------------------------------------------------------------------------------------------------
// faults

TEST(ClientHelloTest, AHelloWithAFaultInItIsTlsWithoutAName) {
  const std::string name = serverNameExtension("a.example");
  const std::string alpn = alpnExtension({"h2"});
  HelloFields long_session;
  long_session.session_id = std::string(33, 's');
  const std::string good = helloMessage({});
  const std::string cut = good.substr(4, good.size() - 5);
  const std::string cases[] = {
      helloWith(name + name),
      helloWith(alpn + name + alpn),
      helloWith(name + "\xff"),
      helloWith(name + bigEndian(9, 2) + bigEndian(7, 2) + "short"),
      records(helloMessage(long_session)),
      records(handshakeMessage(cut)),                      // fields end too early
      records(handshakeMessage(good.substr(4) + "x")),     // bytes after the extensions
      records(handshakeMessage(std::string(60, '\xff'))),  // lengths beyond the message
      record(good.substr(0, 20)) + record("", 20) + record(good.substr(20)),
      record(good.substr(0, 20)) + record(good.substr(20), 21),  // an alert in mid-message
      record(good.substr(0, 20)) + record(good.substr(20), 22, "\x02\x01"),
      record(good.substr(0, 20)) + "\x16\x03\x01\x40\x01",  // a record beyond 2^14
      record(good.substr(0, 20)) + "GET / HTTP/1.1\r\n",
  };
  for (const auto& bytes : cases) {
    EXPECT_EQ(read(bytes), ClientHello::malformed()) << testing::PrintToString(bytes);
  }
}

TEST(ClientHelloTest, BytesAfterTheHelloDoNotMatter) {
  const std::string stream = helloWith(serverNameExtension("a.example"));
  EXPECT_EQ(read(stream + "garbage").server_name, "a.example");
}

struct NotTlsCase {
  std::string bytes;
  size_t settled_at;
};

TEST(ClientHelloTest, WhatCannotBeAHelloIsSettledAtTheFirstByteThatShowsIt) {
  const NotTlsCase cases[] = {
      {"GET / HTTP/1.0\r\n", 1},
      {"PRI * HTTP/2.0", 1},
      {std::string(100, '\0'), 1},
      {"\x15\x03\x01", 1},  // an alert
      {"\x17\x03\x03", 1},  // data
      {"\x16\x02", 2},      // SSL 2.0 in a TLS record
      {"\x16\x04", 2},
      {"\x16\x03\x01\x41", 4},  // a record of more than 2^14 bytes
      {"\x16\x03\x01\x40\x01", 5},
      {"\x16\x03\x01\x02\x00\x02"s, 6},      // ServerHello
      {"\x16\x03\x01\x02\x00\x00"s, 6},      // HelloRequest
      {"\x16\x03\x01\x02\x00\x01\x03"s, 7},  // a message of more than 131396 bytes
      {"\x16\x03\x01\x02\x00\x01\x02\x02"s, 8},
      {header(131'397), 9},
      {header(37), 9},          // shorter than its fields
      {"\x14\x03\x01\x01", 4},  // change_cipher_spec that is not empty
      {"\x14\x03\x01\x00\x01"s, 5},
      {"\x80\x08", 2},  // SSLv2 records: too short,
      {"\xc1", 1},      // too long,
      {"\xc0\x01", 2},
      {"\x80\x2e\x02", 3},              // not a hello,
      {"\x80\x2e\x01\x00"s, 4},         // SSL 2.0 itself,
      {"\x80\x2e\x01\x03\x01\x01", 6},  // more cipher suites than the record has room for,
      {"\x80\x2e\x01\x03\x01\x00\x26"s, 7},
      {"\x80\x2e\x01\x03\x01\x00\x06\x01"s, 8},  // a session id of more than 32 bytes,
      {"\x80\x2e\x01\x03\x01\x00\x06\x00\x21"s, 9},
      {"\x80\x2e\x01\x03\x01\x00\x06\x00\x00\x01"s, 10},  // a challenge that does not fill it
      {"\x80\x2e\x01\x03\x01\x00\x06\x00\x00\x00\x1e"s, 11},
  };
  for (const auto& [bytes, settled_at] : cases) {
    EXPECT_EQ(sniff(bytes), NotTls) << testing::PrintToString(bytes);
    EXPECT_EQ(settledAt(bytes), settled_at) << testing::PrintToString(bytes);
  }
}

TEST(ClientHelloTest, TheLimitsThemselvesAreTls) {
  EXPECT_EQ(sniff(header(131'396)), NeedMore);
  EXPECT_EQ(sniff(header(38)), NeedMore);
  EXPECT_EQ(sniff("\x16\x03\x01\x40\x00"sv), NeedMore);
}

TEST(ClientHelloTest, EmptyRecordsBeforeTheHelloAreSkippedUpToALimit) {
  for (const char type : {'\x14', '\x16'}) {
    std::string empties;
    for (int i = 0; i < 32; ++i) empties += record("", type);
    EXPECT_EQ(sniff(empties + record(helloMessage({}))), Hello);
    EXPECT_EQ(sniff(empties + record("", type)), NotTls);
  }
}

// ------------------------------------------------------------------------------------------------
// SSLv2

TEST(ClientHelloTest, AnSslVersion2CompatibleHelloIsTlsAtItsEleventhByte) {
  const std::string hello = version2Hello();
  EXPECT_EQ(read(hello), ClientHello());
  EXPECT_EQ(settledAt(hello), 11U);
}

// ------------------------------------------------------------------------------------------------
// cuts

std::vector<std::string> streamsToCut() {
  const std::string extensions = serverNameExtension("a.example") + alpnExtension({"h2", "x"});
  HelloFields fields;
  fields.extensions = extensions;
  const std::string message = helloMessage(fields);
  return {
      record(message) + "more",
      records(message, 7),
      records(message, 1),
      record("") + record("", 20) + record(message.substr(0, 2)) + record("", 20) +
          record(message.substr(2)),
      version2Hello() + "x",
      helloWith(extensions + extensions),
      record(message.substr(0, 10)) + "no record",
      record(message.substr(0, 2)) + "no record",
      "GET / HTTP/1.1\r\n",
  };
}

TEST(ClientHelloTest, OnceGivenAnAnswerNeverChanges) {
  for (const auto& stream : streamsToCut()) {
    ClientHello whole;
    const HelloStatus last = sniffClientHello(bytesOf(stream), &whole);
    const auto answers = feedEveryPrefix(bytesOf(stream), [&](auto prefix) {
      ClientHello hello;
      const HelloStatus status = sniffClientHello(prefix, &hello);
      EXPECT_EQ(hello, status == Hello ? whole : ClientHello());
      return status;
    });
    const auto decided =
        std::ranges::find_if(answers, [](auto answer) { return answer != NeedMore; });
    EXPECT_TRUE(std::all_of(decided, answers.end(), [&](auto answer) { return answer == last; }));
    EXPECT_NE(decided, answers.end());
  }
}

TEST(ClientHelloTest, TheAnswerDoesNotDependOnTheCut) {
  for (const auto& stream : streamsToCut()) {
    const HelloStatus whole = sniff(stream);
    const auto make = [] {
      return [scanner = ClientHelloScanner()](auto prefix) mutable { return scanner.scan(prefix); };
    };
    for (const auto answer : feedEverySplit(bytesOf(stream), make)) EXPECT_EQ(answer, whole);
    // One byte at a time, against a new scanner on each prefix: state must be nothing but memory.
    const auto remembered = feedEveryPrefix(bytesOf(stream), make());
    EXPECT_EQ(remembered,
              feedEveryPrefix(bytesOf(stream), [](auto p) { return sniffClientHello(p); }));
  }
}

// Of bytes that are held, either answer can still come: nothing was settled too late.
TEST(ClientHelloTest, NothingIsHeldThatIsSettled) {
  const std::string stream = record(helloMessage({}));
  for (size_t size = 0; size < 9; ++size) {
    EXPECT_EQ(sniff(stream.substr(0, size)), NeedMore);
    const std::string_view fault = size < 7 ? "\x7f\x7f\x7f\x7f\x7f" : "\0\0\0\0"sv;
    EXPECT_EQ(sniff(stream.substr(0, size) + std::string(fault)), NotTls) << size;
  }
}

TEST(ClientHelloTest, ItIsSurelyTlsOnceTheHeaderIsThere) {
  const std::string stream = record(helloMessage({}));
  for (size_t size = 0; size < stream.size(); ++size) {
    ClientHelloScanner scanner;
    EXPECT_EQ(scanner.scan(bytesOf(stream).first(size)), NeedMore);
    EXPECT_EQ(scanner.begun(), size >= 9);
    EXPECT_EQ(scanner.leastEnd(), size >= 9 ? stream.size() : 0);
    EXPECT_GT(scanner.wanted(), size);
    EXPECT_LE(scanner.wanted(), stream.size());
  }
}

// What a slow client could cost: the work of each call is bounded by what arrived since the one
// before.
TEST(ClientHelloTest, ALongHelloInSingleBytesCostsNoMoreThanItsLength) {
  HelloFields fields;
  fields.cipher_suites = std::string(65'534, '\x13');
  fields.extensions = extension(51, std::string(60'000, 'k')) + serverNameExtension("slow.example");
  const std::string stream = records(helloMessage(fields), 1);
  ClientHelloScanner scanner;
  size_t size = 0;
  while (scanner.scan(bytesOf(stream).first(size)) == NeedMore) ++size;
  EXPECT_EQ(size, stream.size());
  EXPECT_EQ(scanner.read(bytesOf(stream)).server_name, "slow.example");
}

}  // namespace
}  // namespace weir::extensions
