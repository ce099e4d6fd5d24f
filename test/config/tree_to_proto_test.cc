// Conversion of every kind of field, in the three formats: what is read, and what is refused, where
// and why.
#include "source/config/tree_to_proto.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/config/readers.h"
#include "test/config/kinds.pb.h"

namespace weir::config {
namespace {

using google::protobuf::util::MessageDifferencer;
using test::Kinds;

struct Converted {
  Kinds message;
  Conversion conversion;
};

Converted convert(Format format, std::string_view text) {
  const ReadResult tree = format == Format::Yaml   ? readYaml(text)
                          : format == Format::Json ? readJson(text)
                                                   : readText(text);
  Converted out;
  EXPECT_TRUE(std::holds_alternative<Node>(tree)) << text;
  if (const auto* root = std::get_if<Node>(&tree)) {
    out.conversion = treeToProto(*root, format, {"weir.test.Kinds"}, out.message);
  }
  return out;
}

// All errors as formatErrors() prints them, without the file's name.
std::string errorsOf(Format format, std::string_view text) {
  return formatErrors("", convert(format, text).conversion.errors);
}

Kinds everyKind() {
  Kinds kinds;
  kinds.set_int32_value(-5);
  kinds.set_int64_value(-9'000'000'000);
  kinds.set_uint32_value(31);
  kinds.set_uint64_value(18'446'744'073'709'551'615U);
  kinds.set_float_value(1.5F);
  kinds.set_double_value(-0.25);
  kinds.set_bool_value(true);
  kinds.set_string_value("x");
  kinds.set_bytes_value(std::string("\x00\xff", 2));
  kinds.set_color(Kinds::DARK_BLUE);
  kinds.mutable_duration()->set_seconds(1);
  kinds.mutable_duration()->set_nanos(500'000'000);
  kinds.mutable_inner()->set_name("i");
  kinds.add_numbers(1);
  kinds.add_numbers(2);
  kinds.add_names("a");
  kinds.add_inners()->set_number(7);
  kinds.add_inners();
  kinds.add_colors(Kinds::GREEN);
  (*kinds.mutable_sizes())["s"] = 3;
  (*kinds.mutable_people())["p"].set_name("q");
  kinds.set_right(4);
  Kinds packed;
  packed.set_string_value("inside");
  kinds.mutable_any()->PackFrom(packed);
  kinds.set_optional_value(false);
  return kinds;
}

constexpr std::string_view EveryKindYaml = R"(
int32_value: -5
int64_value: -9000000000
uint32_value: 0x1F
uint64_value: 18446744073709551615
float_value: 1.5
double_value: -0.25
bool_value: true
string_value: x
bytes_value: AP8=
color: DARK_BLUE
duration: 1.5s
inner: {name: i}
numbers: [1, 2]
names: [a]
inners: [{number: 7}, {}]
colors: [GREEN]
sizes: {s: 3}
people: {p: {name: q}}
right: 4
any: {"@type": type.googleapis.com/weir.test.Kinds, string_value: inside}
optional_value: false
left: null
)";

constexpr std::string_view EveryKindJson = R"({
"int32Value": -5, "int64Value": "-9000000000", "uint32Value": 31, "uint64Value": "18446744073709551615",
"floatValue": 1.5, "doubleValue": "-0.25", "boolValue": true, "stringValue": "x", "bytesValue": "AP8=",
"color": 2, "duration": "1.5s", "inner": {"name": "i"}, "numbers": [1, 2], "names": ["a"],
"inners": [{"number": 7}, {}], "colors": ["GREEN"], "sizes": {"s": 3}, "people": {"p": {"name": "q"}},
"right": 4, "any": {"stringValue": "inside", "@type": "type.googleapis.com/weir.test.Kinds"},
"optionalValue": false, "left": null})";

constexpr std::string_view EveryKindText = R"(
int32_value: -5 int64_value: -9000000000 uint32_value: 0x1F uint64_value: 18446744073709551615
float_value: 1.5f double_value: -0.25 bool_value: true string_value: "x" bytes_value: "\x00\xff"
color: DARK_BLUE duration: "1.5s" inner < name: "i" > numbers: [1] numbers: 2 names: "a"
inners { number: 7 } inners [ {} ] colors: 1 sizes { key: "s" value: 3 }
people { key: "p" value { name: "q" } } right: 4
any { [type.googleapis.com/weir.test.Kinds] { string_value: "ins" 'ide' } } optional_value: false
)";

class EveryKindTest : public testing::TestWithParam<std::pair<Format, std::string_view>> {};
INSTANTIATE_TEST_SUITE_P(Formats, EveryKindTest,
                         testing::Values(std::pair(Format::Yaml, EveryKindYaml),
                                         std::pair(Format::Json, EveryKindJson),
                                         std::pair(Format::Text, EveryKindText)));

TEST_P(EveryKindTest, GivesTheSameMessage) {
  const auto& [format, text] = GetParam();
  const Converted converted = convert(format, text);
  EXPECT_EQ(formatErrors("", converted.conversion.errors), "");
  std::string difference;
  MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(converted.message, everyKind())) << difference;
}

TEST(TreeToProtoTest, TextFormatTakesDurationsInPartsToo) {
  const Converted converted = convert(Format::Text, "duration { seconds: 1 nanos: 500000000 }");
  EXPECT_TRUE(converted.conversion.errors.empty());
  EXPECT_EQ(converted.message.duration().seconds(), 1);
  EXPECT_EQ(converted.message.duration().nanos(), 500'000'000);
}

TEST(TreeToProtoTest, AnErrorInAListKeepsThePlacesOfTheOthers) {
  const Converted converted =
      convert(Format::Yaml, "numbers: [1, x, 3]\ninners: [{number: 1}, 5, {number: 3}]");
  EXPECT_EQ(converted.message.numbers_size(), 3);
  EXPECT_EQ(converted.message.numbers(2), 3U);
  EXPECT_EQ(converted.message.inners_size(), 3);
  EXPECT_EQ(converted.message.inners(2).number(), 3U);
  EXPECT_TRUE(converted.conversion.broken.covers("numbers[1]"));
  EXPECT_TRUE(converted.conversion.broken.covers("inners[1].number"));
  EXPECT_FALSE(converted.conversion.broken.covers("numbers[2]"));
}

struct Case {
  Format format;
  std::string text;
  std::string expected;
};

class RefusedTest : public testing::TestWithParam<Case> {};

TEST_P(RefusedTest, IsReportedWhereItStandsWithWhatIsAllowed) {
  EXPECT_EQ(errorsOf(GetParam().format, GetParam().text), GetParam().expected + "\n")
      << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedTest,
    testing::Values(
        Case{Format::Yaml, "string_valu: x",
             ":1:1: string_valu: unknown field \"string_valu\" in weir.test.Kinds; did you mean "
             "\"string_value\"?"},
        Case{Format::Yaml, "inner: {zzzzzz: 1}",
             ":1:9: inner.zzzzzz: unknown field \"zzzzzz\" in weir.test.Kinds.Inner; known fields: "
             "name, number"},
        Case{Format::Json, "{\"inner\": {\"Number\": 1}}",
             ":1:12: inner.Number: unknown field \"Number\" in weir.test.Kinds.Inner; did you mean "
             "\"number\"?"},
        Case{Format::Text, "inners {} inners { nam: \"x\" }",
             ":1:20: inners[1].nam: unknown field \"nam\" in weir.test.Kinds.Inner; did you mean "
             "\"name\"?"},
        Case{Format::Text, "[weir.test.ext]: 1",
             ":1:1: [weir.test.ext]: unknown field \"[weir.test.ext]\" in "
             "weir.test.Kinds; known fields: int32_value, int64_value, uint32_value, uint64_value, "
             "float_value, "
             "double_value, bool_value, string_value, bytes_value, color, duration, inner, "
             "numbers, names, inners, "
             "colors, sizes, people, left, right, ..."},
        Case{Format::Yaml, "bool_value: true\nstring_value: x\nbool_value: true",
             ":3:1: bool_value: duplicate key \"bool_value\", first on line 1"},
        Case{Format::Json, "{\"boolValue\": true,\n\"bool_value\": true}",
             ":2:1: bool_value: duplicate key \"bool_value\", first on line 1"},
        Case{Format::Yaml, "numbers: [1]\nnumbers: [2]",
             ":2:1: numbers: duplicate key \"numbers\", first on line 1"},
        Case{Format::Text, "bool_value: true bool_value: false",
             ":1:18: bool_value: duplicate key \"bool_value\", first on line 1"},
        Case{Format::Yaml, "sizes: {a: 1, a: 2}",
             ":1:15: sizes.a: duplicate key \"a\", first on line 1"},
        Case{Format::Yaml, "left: x\nright: 1",
             ":2:1: right: \"right\" and \"left\" exclude each other: only one of them may be set"},
        Case{Format::Text, "right: 1 left: \"x\"",
             ":1:10: left: \"left\" and \"right\" exclude each other: only one of them may be set"},
        Case{Format::Yaml, "inner: 5",
             ":1:8: inner: expected a mapping with the fields of weir.test.Kinds.Inner, not 5"},
        Case{Format::Yaml, "[1]",
             ":1:1: expected a mapping with the fields of weir.test.Kinds, not a list: there is "
             "one of it, without \"-\" or [ ]"},
        Case{Format::Json, "5",
             ":1:1: expected a mapping with the fields of weir.test.Kinds, not 5"},
        Case{Format::Yaml, "numbers: 5", ":1:10: numbers: expected a list, not 5"},
        Case{Format::Yaml, "inners: {name: x}", ":1:9: inners: expected a list, not a mapping"},
        Case{Format::Yaml, "inners: [~]",
             ":1:10: inners[0]: expected a mapping with the fields of weir.test.Kinds.Inner, not "
             "null"},
        Case{Format::Yaml, "sizes: [1]", ":1:8: sizes: expected a mapping, not a list"},
        Case{Format::Yaml, "sizes: {a: x}",
             ":1:12: sizes.a: expected an integer from 0 to 4294967295, not x"}));

INSTANTIATE_TEST_SUITE_P(
    Scalars, RefusedTest,
    testing::Values(
        Case{Format::Yaml, "uint32_value: -1",
             ":1:15: uint32_value: expected an integer from 0 to 4294967295, not -1"},
        Case{Format::Yaml, "uint32_value: 4294967296",
             ":1:15: uint32_value: expected an integer from 0 to 4294967295, not 4294967296"},
        Case{Format::Yaml, "int32_value: -2147483649",
             ":1:14: int32_value: expected an integer from -2147483648 to 2147483647, not "
             "-2147483649"},
        Case{Format::Json, "{\"uint64_value\": 18446744073709551616}",
             ":1:18: uint64_value: expected an integer from 0 to 18446744073709551615, not "
             "18446744073709551616"},
        Case{Format::Text, "int64_value: 9223372036854775808",
             ":1:14: int64_value: expected an integer from -9223372036854775808 to "
             "9223372036854775807, not "
             "9223372036854775808"},
        Case{Format::Yaml, "uint32_value: 010",
             ":1:15: uint32_value: expected an integer from 0 to 4294967295, not 010: a leading "
             "zero is ambiguous "
             "(octal or decimal), leave it out"},
        Case{Format::Yaml, "uint32_value: [1]",
             ":1:15: uint32_value: expected an integer from 0 to 4294967295, not a list: there is "
             "one of it, without \"-\" or [ ]"},
        Case{Format::Json, "{\"uint32_value\": 1.5}",
             ":1:18: uint32_value: expected an integer from 0 to 4294967295, not 1.5"},
        Case{Format::Yaml, "bool_value: yes", ":1:13: bool_value: expected true or false, not yes"},
        Case{Format::Yaml, "bool_value: 'true'",
             ":1:13: bool_value: expected true or false, not \"true\""},
        Case{Format::Json, "{\"flags\": [true, 1]}",
             ":1:18: flags[1]: expected true or false, not 1"},
        Case{Format::Yaml, "double_value: fast",
             ":1:15: double_value: expected a number, not fast"},
        Case{Format::Yaml, "float_value: {}",
             ":1:14: float_value: expected a number, not a mapping"},
        Case{Format::Json, "{\"string_value\": 5}",
             ":1:18: string_value: expected a text in quotes, not 5"},
        Case{Format::Text, "string_value: x",
             ":1:15: string_value: expected a text in quotes, not x"},
        Case{Format::Yaml, "string_value: [x]",
             ":1:15: string_value: expected a text, not a list: there is one of it, without \"-\" "
             "or [ ]"},
        Case{Format::Text, "string_value: '\\xff'",
             ":1:15: string_value: the text \"\xff\" is not valid UTF-8"},
        Case{Format::Json, "{\"string_value\": \"a\\u0000b\"}",
             ":1:18: string_value: the text \"a\\x00b\" contains a NUL byte"},
        Case{Format::Yaml, "bytes_value: '***'",
             ":1:14: bytes_value: expected bytes in base64, not \"***\""},
        Case{Format::Text, "bytes_value: 5", ":1:14: bytes_value: expected bytes in quotes, not 5"},
        Case{Format::Yaml, "color: dark_blue",
             ":1:8: color: expected one of RED, GREEN, DARK_BLUE, not dark_blue; did you mean "
             "DARK_BLUE?"},
        Case{Format::Json, "{\"color\": 7}",
             ":1:11: color: expected one of RED, GREEN, DARK_BLUE, not 7"},
        Case{Format::Yaml, "colors: [RED, WHITE]",
             ":1:15: colors[1]: expected one of RED, GREEN, DARK_BLUE, not WHITE"}));

const std::string Wanted =
    "duration: expected a duration, a number with a unit (h, m, s, ms, us, ns) such as \"1.5s\", "
    "not ";
INSTANTIATE_TEST_SUITE_P(
    Durations, RefusedTest,
    testing::Values(
        Case{Format::Yaml, "duration: 5", ":1:11: " + Wanted + "\"5\"; did you mean \"5s\"?"},
        Case{Format::Json, "{\"duration\": \"1 s\"}", ":1:14: " + Wanted + "\"1 s\""},
        Case{Format::Yaml, "duration: {seconds: 5}", ":1:11: " + Wanted + "a mapping"},
        Case{Format::Text, "duration: [\"1s\"]", ":1:11: " + Wanted + "a list"},
        Case{Format::Text, "duration { seconds: 1 nanos: -1 }",
             ":1:10: duration: nanos must be less than a second, and have the sign of seconds"},
        Case{Format::Text, "duration { seconds: 315576000001 }",
             ":1:10: duration: seconds must be from -9000000000 to 9000000000"}));

INSTANTIATE_TEST_SUITE_P(
    Anys, RefusedTest,
    testing::Values(
        Case{Format::Yaml, "any: {string_value: x}",
             ":1:6: any: the type is missing: \"@type\": "
             "type.googleapis.com/weir.extensions.KIND.NAME.v1.MESSAGE"},
        Case{Format::Text, "any { string_value: \"x\" }",
             ":1:5: any: the type is missing: "
             "[type.googleapis.com/weir.extensions.KIND.NAME.v1.MESSAGE] { ... }"},
        Case{Format::Yaml, "any: {\"@type\": [x]}",
             ":1:16: any: \"@type\" must be a text such as "
             "type.googleapis.com/weir.extensions.KIND.NAME.v1.MESSAGE"},
        Case{Format::Yaml, "any: {\"@type\": type.googleapis.com/weir.test.Kinds,\n \"@type\": x}",
             ":2:2: any: the type is given twice, first on line 1"},
        Case{Format::Yaml, "any: {\"@type\": type.googleapis.com/weir.test.Kind}",
             ":1:16: any: unknown type \"weir.test.Kind\"; did you mean \"weir.test.Kinds\"?"},
        Case{Format::Yaml, "any: {\"@type\": weir.test.Kinds}",
             ":1:16: any: the type \"weir.test.Kinds\" must be written "
             "\"type.googleapis.com/weir.test.Kinds\""},
        Case{Format::Json,
             "{\"any\": {\"@type\": \"type.googleapis.com/google.protobuf.Duration\"}}",
             ":1:19: any: unknown type \"google.protobuf.Duration\"; known types: weir.test.Kinds"},
        Case{Format::Yaml,
             "any:\n  \"@type\": type.googleapis.com/weir.test.Kinds\n  child:\n    inners:\n    - "
             "{nme: x}",
             ":5:8: any.child.inners[0].nme: unknown field \"nme\" in weir.test.Kinds.Inner; did "
             "you mean \"name\"?"},
        Case{Format::Text, "any { [type.googleapis.com/weir.test.Kinds] { color: BLACK } }",
             ":1:54: any.color: expected one of RED, GREEN, DARK_BLUE, not BLACK"},
        Case{Format::Text, "any { [type.googleapis.com/weir.test.Kinds] {} color: RED }",
             ":1:48: any: \"color\" must stand inside the braces of "
             "[type.googleapis.com/weir.test.Kinds]"},
        Case{Format::Text, "any { [type.googleapis.com/weir.test.Kinds]: 5 }",
             ":1:46: any: expected { } with the fields of the type"},
        Case{Format::Yaml, "any: 5",
             ":1:6: any: expected a mapping with the fields of google.protobuf.Any, not 5"}));

TEST(TreeToProtoTest, ReportsAllErrorsAtOnceInTheOrderOfTheFile) {
  const std::string errors =
      errorsOf(Format::Yaml, "bool_value: 1\nx: 2\nnumbers: [a, 1, b]\ncolor: X\n");
  EXPECT_EQ(errors,
            ":1:13: bool_value: expected true or false, not 1\n"
            ":2:1: x: unknown field \"x\" in weir.test.Kinds; known fields: int32_value, "
            "int64_value, uint32_value, "
            "uint64_value, float_value, double_value, bool_value, string_value, bytes_value, "
            "color, duration, inner, "
            "numbers, names, inners, colors, sizes, people, left, right, ...\n"
            ":3:11: numbers[0]: expected an integer from 0 to 4294967295, not a\n"
            ":3:17: numbers[2]: expected an integer from 0 to 4294967295, not b\n"
            ":4:8: color: expected one of RED, GREEN, DARK_BLUE, not X\n");
}

TEST(TreeToProtoTest, StopsListingAfterAThousandErrors) {
  std::string text = "numbers:\n";
  for (int i = 0; i < 1500; ++i) text += "- x\n";
  const Converted converted = convert(Format::Yaml, text);
  ASSERT_EQ(converted.conversion.errors.size(), 1001U);
  EXPECT_EQ(converted.conversion.errors.back().message, "there are more errors than these 1000");
}

TEST(BrokenFieldsTest, CoversWhatIsInsideAndTouchesWhatIsAround) {
  BrokenFields broken;
  EXPECT_FALSE(broken.covers("a"));
  broken.add("a[1].b");
  broken.add("a[1].bc");
  EXPECT_TRUE(broken.covers("a[1].b"));
  EXPECT_TRUE(broken.covers("a[1].b.c[0]"));
  EXPECT_TRUE(broken.covers("a[1].b[0]"));
  EXPECT_FALSE(broken.covers("a[1].bb"));
  EXPECT_FALSE(broken.covers("a[1]"));
  EXPECT_FALSE(broken.covers("a[10].b"));
  EXPECT_TRUE(broken.touches("a[1]"));
  EXPECT_TRUE(broken.touches("a"));
  EXPECT_TRUE(broken.touches("a[1].b.c"));
  EXPECT_FALSE(broken.touches("a[2]"));
  EXPECT_FALSE(broken.touches("a[1].d"));
  broken.add("");
  EXPECT_TRUE(broken.covers("anything"));
}

}  // namespace
}  // namespace weir::config
