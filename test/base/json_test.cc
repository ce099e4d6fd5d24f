#include "source/base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace weir {
namespace {

std::string jsonText(std::string_view text) {
  std::string out;
  appendJsonString(out, text);
  return out;
}

TEST(JsonStringTest, EscapesWhatMustBeAndKeepsTheRest) {
  EXPECT_EQ(jsonText(""), R"("")");
  EXPECT_EQ(jsonText("a/b <c> %"), R"("a/b <c> %")");
  EXPECT_EQ(jsonText("\"\\\n\r\t"), R"("\"\\\n\r\t")");
  EXPECT_EQ(jsonText(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
}

TEST(JsonStringTest, KeepsWhatIsUtf8) {
  for (const char* text : {"caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf",
                           "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"}) {
    EXPECT_EQ(jsonText(text), "\"" + std::string(text) + "\"");
  }
}

TEST(JsonStringTest, ReplacesWhatIsNotUtf8) {
  const std::string one = "\xEF\xBF\xBD";
  struct Case {
    std::string text;
    int replaced;
  };
  for (const Case& c : {Case{"\x80", 1},
                        {"\xc3", 1},
                        {"\xc0\x80", 2},
                        {"\xc1\xbf", 2},
                        {"\xe2\x82", 2},
                        {"\xed\xa0\x80", 3},
                        {"\xf0\x80\x80\x80", 4},
                        {"\xf4\x90\x80\x80", 4},
                        {"\xf5\x80\x80\x80", 4},
                        {"\xff", 1}}) {
    std::string expected;
    for (int i = 0; i < c.replaced; ++i) expected += one;
    EXPECT_EQ(jsonText("a" + c.text + "b"), "\"a" + expected + "b\"");
  }
}

TEST(JsonWriterTest, NestsWithCommasWhereTheyBelong) {
  std::string out;
  JsonWriter json(out);
  json.object([&] {
    json.field("text", "x");
    json.field("yes", true);
    json.field("count", uint64_t{18446744073709551615U});
    json.field("less", -5);
    json.field("ratio", 0.25);
    json.array("none", [] {});
    json.array("some", [&] {
      json.value(1);
      json.object([&] { json.field("a", "b"); });
      json.object([] {});
      json.null();
    });
    json.object("inner", [&] { json.textOrNull("absent", ""); });
    json.textOrNull("present", "y");
  });
  EXPECT_EQ(out,
            R"({"text":"x","yes":true,"count":18446744073709551615,"less":-5,"ratio":0.25,)"
            R"("none":[],"some":[1,{"a":"b"},{},null],"inner":{"absent":null},"present":"y"})");
}

TEST(JsonWriterTest, TakesPartsThatWereWrittenElsewhere) {
  std::string out;
  JsonWriter json(out);
  json.array([&] {
    json.raw("1,2");
    json.raw("");
    json.raw("{}");
  });
  EXPECT_EQ(out, "[1,2,{}]");
}

TEST(JsonWriterTest, WhatIsNoNumberIsNull) {
  std::string out;
  JsonWriter json(out);
  json.array([&] {
    json.value(std::numeric_limits<double>::infinity());
    json.value(std::numeric_limits<double>::quiet_NaN());
    json.value(1e300);
  });
  EXPECT_EQ(out, "[null,null,1e+300]");
}

}  // namespace
}  // namespace weir
