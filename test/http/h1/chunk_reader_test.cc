#include "source/http/h1/chunk_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace weir::http::test {
namespace {

// The body, and behind a bar what it ended with: `trailers` and what is left of the bytes, the
// fault, or `more`.
class Reading {
 public:
  Reading() { reader_.begin(); }

  // False once it has ended.
  bool feed(std::string_view bytes) {
    if (!ending_.empty()) {
      rest_ += bytes;
      return false;
    }
    while (!bytes.empty()) {
      size_t used = 0;
      const ChunkReader::Next next = reader_.read(bytes, used);
      bytes.remove_prefix(used);
      if (next == ChunkReader::Next::Data) {
        const size_t here = std::min<size_t>(bytes.size(), reader_.left());
        body_ += bytes.substr(0, here);
        bytes.remove_prefix(here);
        reader_.took(here);
        continue;
      }
      if (next == ChunkReader::Next::Bad) return end(std::string(reader_.fault()), "");
      if (next == ChunkReader::Next::Trailers) return end("trailers", bytes);
    }
    return true;
  }
  std::string told() const { return body_ + "|" + (ending_.empty() ? "more" : ending_) + rest_; }

 private:
  bool end(const std::string& how, std::string_view rest) {
    ending_ = how;
    if (how == "trailers") rest_ = " " + std::string(rest);
    return false;
  }

  ChunkReader reader_;
  std::string body_;
  std::string ending_;
  std::string rest_;
};

struct Case {
  std::string bytes;
  std::string told;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> All = {
      {"", "|more"},
      {"0\r\n\r\n", "|trailers \r\n"},
      {"0\r\nX: y\r\n\r\n", "|trailers X: y\r\n\r\n"},
      {"000\r\n", "|trailers "},
      {"3\r\nabc\r\n0\r\n", "abc|trailers "},
      {"3\r\nabc\r\n2\r\nde\r\n0\r\n", "abcde|trailers "},
      {"00000000000000a\r\n0123456789\r\n0\r\n", "0123456789|trailers "},
      {"A\r\n0123456789\r\n", "0123456789|more"},
      {"3;name\r\nabc\r\n0;a=\"b\"\r\n", "abc|trailers "},
      {"3 \t ; name = v\r\nabc\r\n", "abc|more"},
      {"2\r\nabc\r\n", "ab|h1_chunk_end"},
      {"2\r\nab0\r\n", "ab|h1_chunk_end"},
      {"2\r\nab\n0\r\n", "ab|h1_chunk_end"},
      {"2\r\nab\rx", "ab|h1_chunk_end"},
      {"2\nab\r\n", "|h1_chunk_size"},
      {"2\rab\r\n", "|h1_chunk_size"},
      {"\r\n", "|h1_chunk_size"},
      {";x\r\n", "|h1_chunk_size"},
      {" 2\r\n", "|h1_chunk_size"},
      {"2 \r\n", "|h1_chunk_size"},
      {"2 2\r\n", "|h1_chunk_size"},
      {"+2\r\n", "|h1_chunk_size"},
      {"-2\r\n", "|h1_chunk_size"},
      {"0x2\r\n", "|h1_chunk_size"},
      {"2_\r\n", "|h1_chunk_size"},
      {"g\r\n", "|h1_chunk_size"},
      {"ffffffffffffffff\r\n", "|h1_chunk_size"},
      {"0000000000000002\r\n", "|h1_chunk_size"},
      {"2;a\n", "|h1_chunk_extension"},
      {"2;a\x01\r\n", "|h1_chunk_extension"},
      {"2;a\r\r\n", "|h1_chunk_size"},
  };
  return All;
}

TEST(ChunkReaderTest, ReadsTheTable) {
  for (const Case& c : cases()) {
    Reading reading;
    reading.feed(c.bytes);
    EXPECT_EQ(reading.told(), c.told) << c.bytes;
  }
}

TEST(ChunkReaderTest, AnswersTheSameHoweverTheBytesAreCut) {
  for (const Case& c : cases()) {
    Reading bytewise;
    for (const char byte : c.bytes) bytewise.feed({&byte, 1});
    // Behind a fault nothing is read.
    EXPECT_TRUE(bytewise.told().starts_with(c.told)) << c.bytes << " told " << bytewise.told();
    for (size_t cut = 0; cut <= c.bytes.size(); ++cut) {
      Reading in_two;
      in_two.feed(std::string_view(c.bytes).substr(0, cut));
      in_two.feed(std::string_view(c.bytes).substr(cut));
      EXPECT_TRUE(in_two.told().starts_with(c.told)) << c.bytes << " cut at " << cut;
    }
  }
}

TEST(ChunkReaderTest, NoPrefixOfAWholeBodyIsWholeOrBad) {
  const std::string body = "3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n";
  for (size_t size = 0; size < body.size(); ++size) {
    Reading reading;
    EXPECT_TRUE(reading.feed(std::string_view(body).substr(0, size))) << size;
  }
}

TEST(ChunkReaderTest, BoundsTheExtensionsOfAllChunks) {
  Reading reading;
  int chunks = 0;
  while (reading.feed("1;" + std::string(98, 'x') + "\r\na\r\n")) ASSERT_LT(++chunks, 100);
  EXPECT_EQ(chunks, 81);
  EXPECT_TRUE(reading.told().ends_with("|h1_chunk_extensions"));
}

}  // namespace
}  // namespace weir::http::test
