#include "source/net/transport_header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "test/support/every_prefix.h"

namespace weir::net {
namespace {

using Status = TransportHeaderParse::Status;

constexpr std::string_view Preface = "transport.l5d.io/v1\r\n\r\n";

std::string fromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

TransportHeaderParse parse(std::string_view text) {
  const test::ExactPrefix exact(test::bytesOf(text), text.size());
  return parseTransportHeader(exact.bytes());
}

// The preface and the length in front of `message`.
std::string framed(std::string_view message) {
  std::string all(Preface);
  const auto size = static_cast<uint32_t>(message.size());
  for (int shift = 24; shift >= 0; shift -= 8) all += static_cast<char>(size >> shift);
  return all.append(message);
}

struct Sample {
  TransportHeader header;
  std::string hex;  // behind the preface
};

// As Linkerd writes them.
const std::vector<Sample> Samples = {
    {{.port = 8080}, "0000000308903f"},
    {{.port = 8080, .protocol = SessionProtocol::Http1}, "0000000708903f1a020a00"},
    {{.port = 8080, .protocol = SessionProtocol::Http2}, "0000000708903f1a021200"},
    {{.port = 4040, .name = "foo.bar.example.com", .protocol = SessionProtocol::Http2},
     "0000001c08c81f1213666f6f2e6261722e6578616d706c652e636f6d1a021200"},
};

TEST(TransportHeaderTest, IsWrittenAsLinkerdWritesIt) {
  for (const Sample& sample : Samples) {
    EXPECT_EQ(makeTransportHeader(sample.header), std::string(Preface) + fromHex(sample.hex))
        << sample.hex;
  }
}

TEST(TransportHeaderTest, IsReadWhole) {
  for (const Sample& sample : Samples) {
    const std::string bytes = std::string(Preface) + fromHex(sample.hex);
    const auto parsed = parse(bytes + "12345");
    ASSERT_EQ(parsed.status, Status::Done) << sample.hex;
    EXPECT_EQ(parsed.header, sample.header);
    EXPECT_EQ(parsed.consumed, bytes.size());
  }
}

TEST(TransportHeaderTest, EveryPrefixWaitsForTheRest) {
  for (const Sample& sample : Samples) {
    const std::string bytes = std::string(Preface) + fromHex(sample.hex);
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_EQ(parse(bytes.substr(0, size)).status, Status::NeedMore) << size;
  }
}

TEST(TransportHeaderTest, OtherBytesAreKnownAtTheFirstThatDiffers) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\n\r\n").problem, "transport_header_missing");
  for (size_t at = 0; at < Preface.size(); ++at) {
    std::string wrong(Preface.substr(0, at + 1));
    wrong.back() = static_cast<char>(wrong.back() ^ 1);
    EXPECT_EQ(parse(wrong).status, Status::Bad) << at;
  }
}

struct Wrong {
  std::string bytes;
  std::string_view problem;
};

TEST(TransportHeaderTest, RefusesWhatCannotBeMeant) {
  const std::string length = std::string(Preface);
  const std::vector<Wrong> all = {
      {framed(""), "transport_header_port"},
      {framed(fromHex("0800")), "transport_header_port"},
      {framed(fromHex("08f0a204")), "transport_header_port"},                // 70000
      {framed(fromHex("08ffffffffffffffffff01")), "transport_header_port"},  // -1
      {framed(fromHex("08ffffffffffffffffffff01")), "transport_header_malformed"},
      {framed(fromHex("08ffffffffffffffffff02")), "transport_header_malformed"},
      {framed(fromHex("08")), "transport_header_malformed"},
      {framed(fromHex("0000")), "transport_header_malformed"},        // field 0
      {framed(fromHex("08901f0b")), "transport_header_malformed"},    // a group
      {framed(fromHex("0d00000000")), "transport_header_malformed"},  // the port, fixed
      {framed(fromHex("08903f1001")), "transport_header_malformed"},  // the name, a number
      {framed(fromHex("08903f1a05")), "transport_header_malformed"},  // beyond the end
      {framed(fromHex("08903f1a020801")), "transport_header_malformed"},
      {framed(fromHex("08903f1202610a")), "transport_header_name"},
      {framed(fromHex("08903f1202") + std::string("a\0", 2)), "transport_header_name"},
      {framed(fromHex("08903f12fe01") + std::string(254, 'a')), "transport_header_name"},
      {length + fromHex("40000000"), "transport_header_too_long"},  // 1 GiB
      {length + fromHex("00001001"), "transport_header_too_long"},  // 4097
      {length + fromHex("ffffffff"), "transport_header_too_long"},
  };
  for (const Wrong& wrong : all) {
    const auto parsed = parse(wrong.bytes);
    EXPECT_EQ(parsed.status, Status::Bad) << wrong.problem << " " << wrong.bytes.size();
    EXPECT_EQ(parsed.problem, wrong.problem);
  }
}

TEST(TransportHeaderTest, FieldsThatAreNotKnownAreSkipped) {
  const auto parsed =
      parse(framed(fromHex("2001"
                           "290102030405060708"
                           "3203616263"
                           "3d01020304"
                           "08903f"
                           "1a0418011200")));
  ASSERT_EQ(parsed.status, Status::Done);
  EXPECT_EQ(parsed.header, (TransportHeader{.port = 8080, .protocol = SessionProtocol::Http2}));
}

TEST(TransportHeaderTest, OfAFieldThatStandsTwiceTheLastCounts) {
  const auto parsed =
      parse(framed(fromHex("0801"
                           "08903f"
                           "1a021200"
                           "1a020a00")));
  ASSERT_EQ(parsed.status, Status::Done);
  EXPECT_EQ(parsed.header, (TransportHeader{.port = 8080, .protocol = SessionProtocol::Http1}));
}

TEST(TransportHeaderTest, TheLongestThatIsAllowedFits) {
  std::string message = fromHex("08903f") + "\x32";
  const size_t rest = MaxTransportHeaderBytes - message.size() - 2;
  message += static_cast<char>(0x80U | (rest & 0x7fU));
  message += static_cast<char>(rest >> 7U);
  message.append(rest, 'x');
  ASSERT_EQ(message.size(), MaxTransportHeaderBytes);
  const auto parsed = parse(framed(message));
  EXPECT_EQ(parsed.status, Status::Done);
  EXPECT_LE(parsed.consumed, MaxTransportHeader);
}

}  // namespace
}  // namespace weir::net
