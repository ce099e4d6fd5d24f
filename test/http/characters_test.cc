#include "source/http/characters.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::http::test {
namespace {

TEST(CharactersTest, ATokenHasNoSeparators) {
  for (const char* token : {"a", "GET", "x-y_z", "!#$%&'*+-.^_`|~09"}) EXPECT_TRUE(isToken(token));
  for (const char* other : {"", " ", "a b", "a:", "(", "a\t", "\"", "a/b", "\x7f", "\xc3"}) {
    EXPECT_FALSE(isToken(other)) << other;
  }
  EXPECT_FALSE(isToken(std::string_view("a\0", 2)));
}

TEST(CharactersTest, TokensAreLoweredByteByByte) {
  EXPECT_EQ(tokenLower('A'), 'a');
  EXPECT_EQ(tokenLower('Z'), 'z');
  EXPECT_EQ(tokenLower('_'), '_');
  EXPECT_EQ(tokenLower('@'), 0);
  EXPECT_EQ(tokenLower('['), 0);
}

TEST(CharactersTest, AFieldValueHasNoControlBytesButTheTab) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string value = "some text before it and behind it";
    value[9] = static_cast<char>(byte);
    EXPECT_EQ(isFieldValue(value), byte == '\t' || (byte >= 0x20 && byte != 0x7f)) << byte;
  }
  EXPECT_TRUE(isFieldValue(""));
}

// Of every length, at every place.
TEST(CharactersTest, AControlByteIsFoundWhereverItIs) {
  for (size_t size = 1; size < 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (const char other : {'\0', '\x1f', '\x7f', '\n'}) {
        std::string text(size, '\xff');
        text[at] = other;
        EXPECT_FALSE(isFieldValue(text)) << size << " " << at;
        EXPECT_FALSE(isTarget(text)) << size << " " << at;
        text[at] = '\t';
        EXPECT_TRUE(isFieldValue(text)) << size << " " << at;
        text[at] = ' ';
        EXPECT_FALSE(isTarget(text)) << size << " " << at;
        text[at] = '!';
        EXPECT_TRUE(isTarget(text)) << size << " " << at;
      }
    }
  }
}

TEST(CharactersTest, ATargetHasNoSpaceAndNoFragment) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string target = "/path/with/a/byte/somewhere";
    target[9] = static_cast<char>(byte);
    EXPECT_EQ(isTarget(target), byte > 0x20 && byte != 0x7f && byte != '#') << byte;
  }
  EXPECT_FALSE(isTarget(""));
}

TEST(CharactersTest, AnAuthorityIsAHostAndMaybeAPort) {
  for (const char* good : {"a", "a.b:80", "a:", "a_b", "1.2.3.4:65535", "[::1]", "[::1]:443",
                           "[v1.x]", "a%20b", "a,b"}) {
    EXPECT_TRUE(isAuthority(good)) << good;
  }
  for (const char* bad :
       {"",       ":80",     "a:65536", "a:8o", "a:80:80", "u@a",      "u:p@a",
        "a/b",    "a?b",     "a#b",     "a b",  "[::1",    "::1",      "[]",
        "[::1]x", "[::1]:x", "[a/b]",   "a\\b", "a\t",     "\xc3\xa4", "a:000080"}) {
    EXPECT_FALSE(isAuthority(bad)) << bad;
  }
}

TEST(CharactersTest, APortIsThereIfItHasADigit) {
  EXPECT_TRUE(hasPort("a:1"));
  EXPECT_TRUE(hasPort("[::1]:1"));
  EXPECT_FALSE(hasPort("a"));
  EXPECT_FALSE(hasPort("a:"));
  EXPECT_FALSE(hasPort("[::1]"));
}

TEST(CharactersTest, ElementsOfAListComeTrimmed) {
  std::string_view list = " a ,, b\t";
  EXPECT_EQ(takeElement(list), "a");
  EXPECT_EQ(takeElement(list), "");
  EXPECT_EQ(takeElement(list), "b");
  EXPECT_TRUE(list.empty());
}

TEST(CharactersTest, CaseIsIgnoredInAsciiOnly) {
  EXPECT_TRUE(equalIgnoringCase("ChunKed", "chunked"));
  EXPECT_FALSE(equalIgnoringCase("chunkeD ", "chunked"));
  EXPECT_FALSE(equalIgnoringCase("[", "{"));
}

}  // namespace
}  // namespace weir::http::test
