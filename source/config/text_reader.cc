#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <optional>
#include <string>
#include <utility>

#include "source/config/line_index.h"
#include "source/config/readers.h"
#include "source/config/tree_builder.h"

namespace weir::config {
namespace {

using google::protobuf::io::Tokenizer;

// The tokenizer counts from 0, and a tab as up to eight columns; we count bytes from 1. Asked in
// the order of the file, so a cursor is enough.
class ColumnCounter {
 public:
  explicit ColumnCounter(std::string_view text) : lines_(text) {}

  Position at(int line, int column) {
    const auto wanted_line = static_cast<size_t>(line) + 1;
    if (wanted_line != line_ || column < shown_) {
      line_ = wanted_line;
      bytes_ = 0;
      shown_ = 0;
      rest_ = lines_.from(wanted_line);
    }
    while (shown_ < column && bytes_ < rest_.size() && rest_[bytes_] != '\n') {
      shown_ += rest_[bytes_] == '\t' ? TabWidth - shown_ % TabWidth : 1;
      ++bytes_;
    }
    return {static_cast<uint32_t>(line_), static_cast<uint32_t>(bytes_ + 1)};
  }

 private:
  static constexpr int TabWidth = 8;
  LineIndex lines_;
  size_t line_ = 0;
  size_t bytes_ = 0;
  int shown_ = 0;
  std::string_view rest_;
};

// Keeps the first error that the tokenizer reports.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (!first) first = Found{line, column, message};
  }
  struct Found {
    int line;
    int column;
    std::string message;
  };
  std::optional<Found> first;
};

// Recursive descent; every function leaves the tokenizer behind what it has read, and returns false
// on an error. The tree's limit on nesting bounds the recursion.
class TextParser {
 public:
  explicit TextParser(std::string_view text)
      : stream_(text.data(), static_cast<int>(text.size())),
        tokens_(&stream_, &errors_),
        columns_(text) {
    tokens_.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
    tokens_.set_allow_f_after_float(true);
    tokens_.set_require_space_after_number(false);
    tokens_.Next();
  }

  ReadResult parse() {
    const bool good = tree_.begin({1, 1}, Node::Kind::Mapping) && parseFields("");
    if (errors_.first) {
      const auto& found = *errors_.first;
      return LocatedError{columns_.at(found.line, found.column), "",
                          "not valid protobuf text format: " + found.message};
    }
    if (!good) return error_ ? *error_ : tree_.error();
    tree_.end();
    return tree_.takeRoot();
  }

 private:
  bool at(std::string_view symbol) {
    return tokens_.current().type == Tokenizer::TYPE_SYMBOL && tokens_.current().text == symbol;
  }
  bool is(Tokenizer::TokenType type) { return tokens_.current().type == type; }
  Position here() { return columns_.at(tokens_.current().line, tokens_.current().column); }
  bool accept(std::string_view symbol) {
    if (!at(symbol)) return false;
    tokens_.Next();
    return true;
  }
  bool fail(const std::string& expected) {
    const std::string found =
        is(Tokenizer::TYPE_END) ? "the end of the file" : quote(tokens_.current().text);
    error_ = LocatedError{
        here(), "", "not valid protobuf text format: expected " + expected + ", found " + found};
    return false;
  }

  // Fields up to `close`, which is consumed; up to the end of the file if `close` is empty.
  bool parseFields(std::string_view close) {
    while (!errors_.first) {
      if (close.empty() ? is(Tokenizer::TYPE_END) : accept(close)) return true;
      if (!parseField()) return false;
      if (!accept(",")) accept(";");
    }
    return false;
  }

  bool parseField() {
    const Position key_at = here();
    std::string key;
    if (is(Tokenizer::TYPE_IDENTIFIER)) {
      key = tokens_.current().text;
      tokens_.Next();
    } else if (accept("[")) {
      if (!parseBracketedName(key)) return false;
    } else {
      return fail("a field name");
    }
    tree_.key(key_at, key);
    if (accept(":")) return parseValue();
    if (at("{") || at("<") || at("[")) return parseValue();
    return fail("\":\" or \"{\" after the field name " + quote(key));
  }

  // After "[": a type URL or an extension's name, kept with its brackets.
  bool parseBracketedName(std::string& key) {
    key = "[";
    while (!at("]")) {
      if (is(Tokenizer::TYPE_END) || is(Tokenizer::TYPE_STRING) || errors_.first)
        return fail("\"]\"");
      key += tokens_.current().text;
      tokens_.Next();
    }
    tokens_.Next();
    key += "]";
    return true;
  }

  bool parseValue() {
    const Position start = here();
    if (accept("[")) return parseList(start);
    if (at("{") || at("<")) {
      const std::string_view close = at("{") ? "}" : ">";
      tokens_.Next();
      if (!tree_.begin(start, Node::Kind::Mapping) || !parseFields(close)) return false;
      tree_.end();
      return true;
    }
    return parseScalar(start);
  }

  bool parseList(Position start) {
    if (!tree_.begin(start, Node::Kind::Sequence)) return false;
    if (!accept("]")) {
      do {
        if (errors_.first || !parseValue()) return false;
      } while (accept(","));
      if (!accept("]")) return fail("\",\" or \"]\"");
    }
    tree_.end();
    return true;
  }

  bool parseScalar(Position start) {
    if (is(Tokenizer::TYPE_STRING)) {
      std::string value;
      while (is(Tokenizer::TYPE_STRING)) {  // neighbours are one string
        Tokenizer::ParseStringAppend(tokens_.current().text, &value);
        tokens_.Next();
      }
      return tree_.scalar(start, value, Node::Style::Quoted);
    }
    std::string value = accept("-") ? "-" : "";
    const bool number = is(Tokenizer::TYPE_INTEGER) || is(Tokenizer::TYPE_FLOAT);
    if (!number && !is(Tokenizer::TYPE_IDENTIFIER)) return fail("a value");
    value += tokens_.current().text;
    tokens_.Next();
    return tree_.scalar(start, value, Node::Style::Plain);
  }

  google::protobuf::io::ArrayInputStream stream_;
  FirstError errors_;
  Tokenizer tokens_;  // after errors_, which it refers to
  ColumnCounter columns_;
  TreeBuilder tree_;
  std::optional<LocatedError> error_;
};

}  // namespace

ReadResult readText(std::string_view text) { return TextParser(text).parse(); }

}  // namespace weir::config
