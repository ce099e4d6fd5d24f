// The three readers: what they read, where it stands, and what they refuse and where.
#include "source/config/readers.h"

#include <gtest/gtest.h>

#include <string>

#include "source/config/format.h"
#include "source/config/line_index.h"

namespace weir::config {
namespace {

std::string at(Position position) {
  return "@" + std::to_string(position.line) + ":" + std::to_string(position.column);
}

// A tree on one line: scalars in quotes if they were quoted, every key and value with its position.
std::string dump(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null: return "null" + at(node.position);
    case Node::Kind::Scalar: return describe(node) + at(node.position);
    case Node::Kind::Sequence: {
      std::string out = "[";
      for (const Node& item : node.items) out += (out.size() > 1 ? ", " : "") + dump(item);
      return out + "]" + at(node.position);
    }
    case Node::Kind::Mapping: {
      std::string out = "{";
      for (const NodeEntry& entry : node.entries) {
        out += (out.size() > 1 ? ", " : "") + entry.key + at(entry.key_position) + ": " +
               dump(entry.value);
      }
      return out + "}" + at(node.position);
    }
  }
  return "";
}

ReadResult read(Format format, std::string_view text) {
  switch (format) {
    case Format::Yaml: return readYaml(text);
    case Format::Json: return readJson(text);
    case Format::Text: return readText(text);
  }
  return LocatedError{};
}

// The tree, or "LINE:COLUMN: message".
std::string outcome(Format format, std::string_view text) {
  const ReadResult result = read(format, text);
  if (const auto* error = std::get_if<LocatedError>(&result)) {
    return std::to_string(error->position.line) + ":" + std::to_string(error->position.column) +
           ": " + error->message;
  }
  return dump(std::get<Node>(result));
}

struct Case {
  Format format;
  std::string text;
  std::string expected;
};

class ReaderTest : public testing::TestWithParam<Case> {};

TEST_P(ReaderTest, KeepsEveryValueWithItsPosition) {
  EXPECT_EQ(outcome(GetParam().format, GetParam().text), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, ReaderTest,
    testing::Values(Case{Format::Yaml, "a: 1\nb: \"2\"\n", "{a@1:1: 1@1:4, b@2:1: \"2\"@2:4}@1:1"},
                    Case{Format::Yaml, "a:\n  b: x\n  c:\n  - y\n  - 'z'\n",
                         "{a@1:1: {b@2:3: x@2:6, c@3:3: [y@4:5, \"z\"@5:5]@4:3}@2:3}@1:1"},
                    Case{Format::Yaml, "a: {b: [1, {c: d}]}",
                         "{a@1:1: {b@1:5: [1@1:9, {c@1:13: d@1:16}@1:12]@1:8}@1:4}@1:1"},
                    Case{Format::Yaml, "a: ~\nb: null\nc: 'null'",
                         "{a@1:1: null@1:4, b@2:1: null@2:4, c@3:1: \"null\"@3:4}@1:1"},
                    Case{Format::Yaml, "# comment\n---\n\"@type\": x # y\n...\n",
                         "{@type@3:1: x@3:10}@3:1"},
                    Case{Format::Yaml, "a: &here {b: 1}\nc: *here\n",
                         "{a@1:1: {b@1:11: 1@1:14}@1:4, c@2:1: {b@1:11: 1@1:14}@2:4}@1:1"},
                    Case{Format::Yaml, "a: |\n  x\n  y\n", "{a@1:1: \"x\\x0ay\\x0a\"@1:4}@1:1"},
                    Case{Format::Yaml, "a: !!str 12", "{a@1:1: \"12\"@1:4}@1:1"},
                    Case{Format::Yaml, "a: 1\r\nb: 2\r\n", "{a@1:1: 1@1:4, b@2:1: 2@2:4}@1:1"}));

INSTANTIATE_TEST_SUITE_P(
    Json, ReaderTest,
    testing::Values(
        Case{Format::Json, R"({"a": 1, "b": "2"})", "{a@1:2: 1@1:7, b@1:10: \"2\"@1:15}@1:1"},
        Case{Format::Json, "{\n\t\"a\" : [ true,\n  null , -1.5e3, {} , [] ]\n}",
             "{a@2:2: [true@2:10, null@3:3, -1.5e3@3:10, {}@3:18, []@3:23]@2:8}@1:1"},
        Case{Format::Json, R"({"a,:": "x\"\u00e4\n"})",
             "{a,:@1:2: \"x\\\"\xc3\xa4\\x0a\"@1:9}@1:1"},
        Case{Format::Json, R"({"":18446744073709551616})", "{@1:2: 18446744073709551616@1:5}@1:1"},
        Case{Format::Json, "  [ ]  ", "[]@1:3"}, Case{Format::Json, "12", "12@1:1"}));

INSTANTIATE_TEST_SUITE_P(
    Text, ReaderTest,
    testing::Values(
        Case{Format::Text, "a: 1 b: 'x'", "{a@1:1: 1@1:4, b@1:6: \"x\"@1:9}@1:1"},
        Case{Format::Text, "# comment\na { b: X }\na < b: -2 >\n",
             "{a@2:1: {b@2:5: X@2:8}@2:3, a@3:1: {b@3:5: -2@3:8}@3:3}@1:1"},
        Case{Format::Text, "a: [1, 2]; b [{}, <>], c: []",
             "{a@1:1: [1@1:5, 2@1:8]@1:4, b@1:12: [{}@1:15, {}@1:19]@1:14, c@1:24: []@1:27}@1:1"},
        Case{Format::Text, "a: \"x\"  # more\n  'y' \"\\x41\\n\"", "{a@1:1: \"xyA\\x0a\"@1:4}@1:1"},
        Case{Format::Text, "a { [type.googleapis.com/x.v1.Y] { b: 1 } }",
             "{a@1:1: {[type.googleapis.com/x.v1.Y]@1:5: {b@1:36: 1@1:39}@1:34}@1:3}@1:1"},
        Case{Format::Text, "a: 1.5f b: -inf c: 0x1F d: 010",
             "{a@1:1: 1.5f@1:4, b@1:9: -inf@1:12, c@1:17: 0x1F@1:20, d@1:25: 010@1:28}@1:1"},
        Case{Format::Text, "\ta:\t1\tb: 2", "{a@1:2: 1@1:5, b@1:7: 2@1:10}@1:1"},
        Case{Format::Text, "a: { b: 1 }\r\nc: true\r\n",
             "{a@1:1: {b@1:6: 1@1:9}@1:4, c@2:1: true@2:4}@1:1"}));

class SyntaxErrorTest : public testing::TestWithParam<Case> {};

TEST_P(SyntaxErrorTest, IsReportedWhereItStands) {
  EXPECT_EQ(outcome(GetParam().format, GetParam().text), GetParam().expected);
}

const std::string TabFault = "not valid YAML: a tab in the indentation: indent with spaces";
INSTANTIATE_TEST_SUITE_P(
    Yaml, SyntaxErrorTest,
    testing::Values(
        Case{Format::Yaml, "a: [1, 2", "1:9: not valid YAML: end of sequence flow not found"},
        Case{Format::Yaml, "a: 1\n b: 2\n", "2:3: not valid YAML: illegal map value"},
        Case{Format::Yaml, "a: \"x\nb: 1\n",
             "3:1: not valid YAML: illegal document indicator in scalar"},
        Case{Format::Yaml, "a:\n\tb: 1\n", "2:1: " + TabFault},
        Case{Format::Yaml, "a:\n- b: 1\n\tc: 2\n", "3:1: " + TabFault},
        Case{Format::Yaml, "a:\n\t- b: 1\n", "2:1: " + TabFault},
        Case{Format::Yaml, "a: 1\nb:\n  \tc: 1\n", "3:3: " + TabFault},
        Case{Format::Yaml, "a: 1\r\nb:\r\n\tc: 1\r\n", "3:1: " + TabFault},
        Case{Format::Yaml, "\ta: 1\n", "1:1: " + TabFault},
        Case{Format::Yaml, "a: 'x", "1:6: not valid YAML: illegal EOF in scalar"},
        Case{Format::Yaml, "a: *nowhere",
             "1:4: not valid YAML: the referenced anchor is not defined"},
        Case{Format::Yaml, "a: &x [*x]",
             "1:8: the alias refers to a value that it is itself part of"},
        Case{Format::Yaml, "{[a]: 1}", "1:2: a key must be a plain or quoted text"},
        Case{Format::Yaml, "? {a: b}\n: 1", "1:3: a key must be a plain or quoted text"},
        Case{Format::Yaml, "a: &x 1\n*x : 2", "2:1: an alias cannot be a key"},
        Case{Format::Yaml, "{: 1}", "1:2: a key is missing before the colon"},
        Case{Format::Yaml, "a: !new 1", "1:4: the tag \"!new\" is not supported"},
        Case{Format::Yaml, "a: !!set {b}",
             "1:4: the tag \"tag:yaml.org,2002:set\" is not supported"},
        Case{Format::Yaml, "a: 1\n---\nb: 2", "0:0: more than one YAML document in one file"},
        Case{Format::Yaml, "# nothing", "0:0: the file is empty"},
        Case{Format::Yaml, "# nothing\n", "0:0: the file is empty"},
        Case{Format::Yaml, "---\n...\n", "0:0: the file is empty"}));

INSTANTIATE_TEST_SUITE_P(
    Json, SyntaxErrorTest,
    testing::Values(
        Case{Format::Json, "", "1:1: not valid JSON: The document is empty"},
        Case{Format::Json, "{\"a\": 1,\n}",
             "2:1: not valid JSON: Missing a name for object member"},
        Case{Format::Json, "{\"a\" 1}",
             "1:6: not valid JSON: Missing a colon after a name of object member"},
        Case{Format::Json, "[1 2]",
             "1:4: not valid JSON: Missing a comma or ']' after an array element"},
        Case{Format::Json, "{} {}",
             "1:4: not valid JSON: The document root must not be followed by other values"},
        Case{Format::Json, "{\"a\": 'x'}", "1:7: not valid JSON: Invalid value"},
        Case{Format::Json, "{\"a\": \"\\ud800\"}",
             "1:8: not valid JSON: The surrogate pair in string is invalid"},
        Case{Format::Json, "{\"a\": \"x",
             "1:9: not valid JSON: Missing a closing quotation mark in string"},
        Case{Format::Json, "// x\n{}", "1:1: not valid JSON: Invalid value"},
        Case{Format::Json, "{\"a\": 01}",
             "1:8: not valid JSON: Missing a comma or '}' after an object member"}));

constexpr std::string_view T = "not valid protobuf text format: ";
INSTANTIATE_TEST_SUITE_P(
    Text, SyntaxErrorTest,
    testing::Values(
        Case{Format::Text, "a 1",
             "1:3: " + std::string(T) +
                 "expected \":\" or \"{\" after the field name \"a\", found \"1\""},
        Case{Format::Text, "a: {\n",
             "2:1: " + std::string(T) + "expected a field name, found the end of the file"},
        Case{Format::Text, "a: 1 }",
             "1:6: " + std::string(T) + "expected a field name, found \"}\""},
        Case{Format::Text, "a { b: 1 >",
             "1:10: " + std::string(T) + "expected a field name, found \">\""},
        Case{Format::Text, "a: [1 2]",
             "1:7: " + std::string(T) + "expected \",\" or \"]\", found \"2\""},
        Case{Format::Text, "a: [1, ]", "1:8: " + std::string(T) + "expected a value, found \"]\""},
        Case{Format::Text, "a: - \"x\"",
             "1:6: " + std::string(T) + "expected a value, found \"\\\"x\\\"\""},
        Case{Format::Text,
             "a:", "1:3: " + std::string(T) + "expected a value, found the end of the file"},
        Case{Format::Text, "1: 2", "1:1: " + std::string(T) + "expected a field name, found \"1\""},
        Case{Format::Text, "[a.b",
             "1:5: " + std::string(T) + "expected \"]\", found the end of the file"},
        Case{Format::Text, "a: \"x\nb: 1",
             "1:6: " + std::string(T) + "String literals cannot cross line boundaries."},
        Case{Format::Text, "a: '\\q'",
             "1:6: " + std::string(T) + "Invalid escape sequence in string literal."}));

class LimitTest : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Formats, LimitTest,
                         testing::Values(Format::Yaml, Format::Json, Format::Text));

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string nested(Format format, int levels) {
  if (format == Format::Text) return repeat("a{", levels - 1) + repeat("}", levels - 1);
  return repeat("[", levels) + repeat("]", levels);
}

TEST_P(LimitTest, SixtyFourLevelsAreReadAndOneMoreIsNot) {
  EXPECT_TRUE(std::holds_alternative<Node>(read(GetParam(), nested(GetParam(), MaxNesting))));
  const std::string message = outcome(GetParam(), nested(GetParam(), MaxNesting + 1));
  EXPECT_TRUE(message.ends_with(": nested deeper than 64 levels")) << message;
}

TEST_P(LimitTest, AMillionLevelsDoNotOverflowTheStack) {
  const std::string opening =
      GetParam() == Format::Text ? repeat("a{", 1'000'000) : std::string(1'000'000, '[');
  EXPECT_TRUE(std::holds_alternative<LocatedError>(read(GetParam(), opening)));
}

TEST_P(LimitTest, EveryPrefixOfAFileIsReadOrRefused) {
  const std::string yaml = "a: {b: [1, \"x\"], c: 'd'}\ne:\n- f: &g h\n- *g\n";
  const std::string json = R"({"a": {"b": [1, "x\u00e4"], "c": null}, "e": [{"f": true}]})";
  const std::string text = "a { b: [1, 'x'] c: \"d\" 'e' } [t.com/x.Y] < f: -1.5 >  # g\n";
  const std::string& whole = GetParam() == Format::Yaml   ? yaml
                             : GetParam() == Format::Json ? json
                                                          : text;
  for (size_t length = 0; length <= whole.size(); ++length) {
    const std::string message = outcome(GetParam(), whole.substr(0, length));
    EXPECT_FALSE(message.empty()) << length;
  }
}

TEST(YamlReaderTest, AliasesCannotMultiplyWithoutLimit) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before +
            repeat(", " + before, 9) + "]\n";
  }
  const std::string message = outcome(Format::Yaml, text);
  EXPECT_TRUE(message.ends_with(": more than 2000000 values in one file")) << message;
}

TEST(YamlReaderTest, AliasesCannotNestDeeperThanTheLimit) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 70; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  }
  EXPECT_EQ(outcome(Format::Yaml, text), "64:12: nested deeper than 64 levels");
}

TEST(LineIndexTest, CountsFromOne) {
  const LineIndex lines("ab\n\ncd");
  EXPECT_EQ(lines.at(0), (Position{1, 1}));
  EXPECT_EQ(lines.at(2), (Position{1, 3}));
  EXPECT_EQ(lines.at(3), (Position{2, 1}));
  EXPECT_EQ(lines.at(4), (Position{3, 1}));
  EXPECT_EQ(lines.at(6), (Position{3, 3}));
  EXPECT_EQ(lines.from(3), "cd");
  EXPECT_EQ(lines.from(4), "");
}

TEST(QuoteTest, EscapesAndCuts) {
  EXPECT_EQ(quote("a\"b\\\n\x7f"), "\"a\\\"b\\\\\\x0a\\x7f\"");
  EXPECT_EQ(quote(std::string(100, 'x')), '"' + std::string(80, 'x') + "...\"");
  EXPECT_EQ(quote(std::string(79, 'x') + "\xc3\xa4"), '"' + std::string(79, 'x') + "...\"");
}

}  // namespace
}  // namespace weir::config
