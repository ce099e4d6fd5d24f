#include "source/config/yaml_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::config {
namespace {

// The documents of a text written again, or its error.
std::string rewritten(std::string_view text) {
  const auto read = readYamlStream(text);
  if (const auto* error = std::get_if<LocatedError>(&read)) return formatError("error", *error);
  std::vector<std::string> texts;
  for (const auto& document : std::get<std::vector<YamlDocument>>(read)) {
    const auto written = writeYaml(document.root);
    texts.push_back(written.ok() ? written.value() : "error: " + written.error().detail);
  }
  return joinYamlDocuments(texts);
}

YamlDocument only(std::string_view text) {
  auto read = readYamlStream(text);
  return std::get<std::vector<YamlDocument>>(read).at(0);
}

struct Case {
  std::string_view text;
  std::string_view expected;
};

TEST(YamlStreamTest, WhatAScalarIsStaysAsItWas) {
  const Case cases[] = {
      {"a: true", "a: true\n"},
      {"a: \"true\"", "a: \"true\"\n"},
      {"a: 'true'", "a: \"true\"\n"},
      {"a: 010", "a: 010\n"},
      {"a: '010'", "a: \"010\"\n"},
      {"a: 1e3", "a: 1e3\n"},
      {"a: ~", "a: null\n"},
      {"a:", "a: null\n"},
      {"a: ''", "a: \"\"\n"},
      {"'on': off", "\"on\": off\n"},
      {"1: 2", "1: 2\n"},
      {"a: http://b:1/c#d", "a: http://b:1/c#d\n"},
      {"a: -b", "a: -b\n"},
      {"a: 'it''s'", "a: \"it's\"\n"},
      {"a: \"\\t\\x01\\e\\\"\\\\\"", "a: \"\\t\\x01\\x1b\\\"\\\\\"\n"},
      {"a: \"\\u2028\\u0085\\uFEFF\"", "a: \"\\L\\u0085\\uFEFF\"\n"},
      {"a: \xc3\xa9", "a: \xc3\xa9\n"},
      {"a: !!str 12", "a: !!str \"12\"\n"},
      {"- !", "- \"\"\n"},
      {"a: ! 12", "a: \"12\"\n"},
      {"a: !own 'b: c'", "a: !own \"b: c\"\n"},
      {"a: !<x:y> b", "a: !<x:y> \"b\"\n"},
      {"\"text\"", "\"text\"\n"},
      {"[]", "[]\n"},
  };
  for (const Case& one : cases) EXPECT_EQ(rewritten(one.text), one.expected) << one.text;
}

TEST(YamlStreamTest, TextsOfSeveralLinesKeepTheirBreaks) {
  const Case cases[] = {
      {"a: |\n  b\n\n    c\n", "a: |\n  b\n\n    c\n"},
      {"a: |-\n  b\n  c\n", "a: |-\n  b\n  c\n"},
      {"- |\n  b\n- c\n", "- |\n  b\n- c\n"},
      {"a: |+\n  b\n\n", "a: \"b\\n\\n\"\n"},
      {"a: |2\n    b\n  c\n", "a: \"  b\\nc\\n\"\n"},
      {"a: \"b \\nc\"\n", "a: \"b \\nc\"\n"},
      {"a: >\n  b\n  c\n\n  d\n", "a: |\n  b c\n  d\n"},
      {"a: b\n  c\n", "a: b c\n"},
      {"a: b\n\n  c\n", "a: |-\n  b\n  c\n"},
      {"a: |\r\n  b\r\n  c\r\n", "a: |\n  b\n  c\n"},
      {"a: \"#\\n- b: c\"", "a: |-\n  #\n  - b: c\n"},
  };
  for (const Case& one : cases) EXPECT_EQ(rewritten(one.text), one.expected) << one.text;
}

TEST(YamlStreamTest, CollectionsKeepTheirOrder) {
  const Case cases[] = {
      {"{b: 1, a: {}, c: [1, [2, []], {d: e, f: g}]}",
       "b: 1\na: {}\nc:\n- 1\n- - 2\n  - []\n- d: e\n  f: g\n"},
      {"- a: [b]\n", "- a:\n  - b\n"},
      {"- !x {a: b}\n- !y\n  - c", "- !x\n  a: b\n- !y\n  - c\n"},
      {"!z\na: b", "--- !z\na: b\n"},
      {"{\"a\": [1.50, null], \"\\u00e9\": false}",
       "\"a\":\n- 1.50\n- null\n\"\xc3\xa9\": false\n"},
  };
  for (const Case& one : cases) EXPECT_EQ(rewritten(one.text), one.expected) << one.text;
}

TEST(YamlStreamTest, AliasesAndMergeKeysAreResolved) {
  const Case cases[] = {
      {"a: &x {b: '1'}\nc: *x\n", "a:\n  b: \"1\"\nc:\n  b: \"1\"\n"},
      {"a: &x 1\n*x : 2\n", "a: 1\n1: 2\n"},
      {"a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n", "a:\n  b: 1\n  c: 2\nd:\n  c: 3\n  b: 1\n"},
      {"a: {<<: [{b: 1}, {b: 2, c: 3}]}", "a:\n  b: 1\n  c: 3\n"},
      {"a: {'<<': {b: 1}}", "a:\n  \"<<\":\n    b: 1\n"},
      {"a: &x 1\n---\nb: *x\n", "error:3:4: not valid YAML: the referenced anchor is not defined"},
      {"a: &x [*x]\n", "error:1:8: the alias refers to a value that it is itself part of"},
  };
  for (const Case& one : cases) EXPECT_EQ(rewritten(one.text), one.expected) << one.text;
}

std::vector<std::string> texts(std::string_view text) {
  const auto read = readYamlStream(text);
  std::vector<std::string> all;
  for (const auto& document : std::get<std::vector<YamlDocument>>(read))
    all.push_back(document.text);
  return all;
}

TEST(YamlStreamTest, DocumentsAreCutAtTheirMarkers) {
  const std::pair<std::string_view, std::vector<std::string>> cases[] = {
      {"", {}},
      {"# only\n---\n# comments\n---\n", {}},
      {"---\nnull\n", {}},
      {"a: 1\n---\nb: 2\n", {"a: 1\n", "b: 2\n"}},
      {"---  # c\na: 1\n...\n---\r\nb: 2", {"a: 1\n", "b: 2\n"}},
      {"a: |\n  b", {"a: \"b\"\n"}},
      {"a: |-\n  b", {"a: |-\n  b\n"}},
      {"--- {a: 1}\n--- |\n  b\n", {"--- {a: 1}\n", "--- |\n  b\n"}},
      {"a: ---\n---b: 1\n", {"a: ---\n---b: 1\n"}},
      {"\xef\xbb\xbf"
       "a: 1\n",
       {"a: 1\n"}},
      {"\xef\xbb\xbf\xef\xbb\xbf\xef\xbb\xbf", {}},
      {"a: 1\n---\n\xef\xbb\xbf\xef\xbb\xbf"
       "b: 2\n",
       {"a: 1\n", "b: 2\n"}},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(texts(text), expected) << text;
  }
  EXPECT_EQ(joinYamlDocuments({"a: 1\n", "--- {b: 2}\n", "c: 3\n"}),
            "a: 1\n--- {b: 2}\n---\nc: 3\n");
}

TEST(YamlStreamTest, ErrorsHaveTheirPlaceInTheWholeFile) {
  const Case cases[] = {
      {"a: 1\n---\nb: {\n", "error:4:1: not valid YAML"},
      {"a: 1\n---\n\tb: 1\n", "error:3:"},
      {"%YAML 1.2\n---\na: 1\n", "error:1:1: directives"},
      {"a: \"b\n---\nc: 1\n", "error:2:1: not valid YAML"},
      {"a: \xff", "error: not a text in UTF-8"},
      {std::string_view("a: \0", 4), "error: not a text in UTF-8"},
  };
  for (const Case& one : cases)
    EXPECT_TRUE(rewritten(one.text).starts_with(one.expected)) << rewritten(one.text);
}

TEST(YamlStreamTest, WhatAManifestCannotHaveIsNotWritten) {
  EXPECT_FALSE(only("a: 1\nb: 2\n").not_writable);
  const Case cases[] = {
      {"# c\n---\na: 1\na: 2\n", "f:4:1: the key \"a\" stands here twice"},
      {"? {a: 1}\n: 2\n", "f:1:3: a mapping or a sequence as a key"},
  };
  for (const Case& one : cases) {
    const YamlDocument document = only(one.text);
    ASSERT_TRUE(document.not_writable) << one.text;
    EXPECT_EQ(formatError("f", *document.not_writable), one.expected);
  }
}

TEST(YamlStreamTest, DepthAndAliasesAreBounded) {
  EXPECT_EQ(rewritten(std::string(300, '[') + std::string(300, ']')),
            "error:1:201: nested too deeply");
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 1; k < 10; ++k) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_NE(rewritten(bomb).find("too large"), std::string::npos);
}

TEST(YamlNodeTest, FindsSetsAndErases) {
  YamlNode root = only("a: {b: {c: 1}}\nl: [1]\n").root;
  EXPECT_EQ(root.textAt("a.b.c"), "1");
  EXPECT_EQ(root.textAt("a.b"), "");
  EXPECT_EQ(root.textAt("l.c"), "");
  EXPECT_EQ(root.findPath("a.x.c"), nullptr);
  root.findPath("a.b")->set("c", YamlNode::string("2"));
  root.set("z", YamlNode::plain("3"));
  EXPECT_TRUE(root.erase("l"));
  EXPECT_FALSE(root.erase("l"));
  EXPECT_EQ(writeYaml(root).value(), "a:\n  b:\n    c: \"2\"\nz: 3\n");
}

TEST(YamlNodeTest, NewStringsHaveQuotesWhereTheyNeedThem) {
  const std::pair<std::string_view, bool> cases[] = {
      {"weir", true},  {"--apply", true}, {"/etc/weir", true}, {"NET_ADMIN", true}, {"a=b", true},
      {"true", false}, {"No", false},     {"null", false},     {"25", false},       {"1e3", false},
      {"", false},     {"-c", false},     {"a: b", false},     {"+80", false},      {"a b", false},
      {"~", false},    {"---", false},    {"--", false},       {"on", false}};
  for (const auto& [text, plain] : cases)
    EXPECT_EQ(YamlNode::string(text).style == YamlNode::Style::Plain, plain) << text;
}

// Whatever can be read can be written, at every prefix of a text with a bit of everything.
TEST(YamlStreamTest, EveryPrefixIsAnErrorOrCanBeWritten) {
  const std::string text =
      "a: &x [1, \"b\\n\", {c: 'd'}]\n---\nf:\n- |\n  g\n\n  h\n- >-\n   i\n   j\n- !t k\n- *y\n";
  for (size_t length = 0; length <= text.size(); ++length) {
    const auto read = readYamlStream(text.substr(0, length));
    const auto* documents = std::get_if<std::vector<YamlDocument>>(&read);
    if (documents == nullptr) continue;
    for (const auto& document : *documents)
      EXPECT_TRUE(document.not_writable || writeYaml(document.root).ok()) << length;
  }
}

}  // namespace
}  // namespace weir::config
