#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <string>

#include "source/config/line_index.h"
#include "source/config/readers.h"
#include "source/config/tree_builder.h"

namespace weir::config {
namespace {

// What RapidJSON reads from, and undoes escapes in. Its own stream for that is copied while a token
// is read, so that a handler cannot ask where it is; without one it keeps strings on a stack of its
// own, which adds to a null pointer.
class InPlaceStream {
 public:
  using Ch = char;

  explicit InPlaceStream(std::string& text) : begin_(text.data()), next_(begin_) {}
  char Peek() const { return *next_; }  // NUL at the end
  char Take() { return *next_++; }
  size_t Tell() const { return static_cast<size_t>(next_ - begin_); }
  char* PutBegin() { return out_ = next_; }
  void Put(char c) { *out_++ = c; }
  size_t PutEnd(char* begin) { return static_cast<size_t>(out_ - begin); }
  void Flush() {}

 private:
  char* begin_;
  char* next_;
  char* out_ = nullptr;
};

// RapidJSON tells where a token ends. Between two tokens there can only be white space, a comma or
// a colon, so the start of a token is the first other byte after the end of the last one.
class Handler {
 public:
  Handler(std::string_view text, const InPlaceStream& stream)
      : text_(text), stream_(stream), lines_(text) {}

  bool Null() { return tree_.null(token()); }
  bool Bool(bool value) {
    return tree_.scalar(token(), value ? "true" : "false", Node::Style::Plain);
  }
  // Where the digits are is told by the position alone: RapidJSON's pointer is wrong when it works
  // in place.
  bool RawNumber(const char*, rapidjson::SizeType length, bool) {
    const size_t start = nextToken();
    return tree_.scalar(token(), text_.substr(start, length), Node::Style::Plain);
  }
  bool String(const char* value, rapidjson::SizeType length, bool) {
    return tree_.scalar(token(), {value, length}, Node::Style::Quoted);
  }
  bool StartObject() { return tree_.begin(token(), Node::Kind::Mapping); }
  bool Key(const char* value, rapidjson::SizeType length, bool) {
    tree_.key(token(), {value, length});
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return finish(); }
  bool StartArray() { return tree_.begin(token(), Node::Kind::Sequence); }
  bool EndArray(rapidjson::SizeType) { return finish(); }

  // Never called, since numbers are parsed as strings.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

  TreeBuilder& tree() { return tree_; }
  Position positionAt(size_t offset) const { return lines_.at(offset); }

 private:
  size_t nextToken() const {
    return std::min(text_.find_first_not_of(" \t\r\n,:", end_of_last_), text_.size());
  }
  Position token() {
    const size_t start = nextToken();
    end_of_last_ = stream_.Tell();
    return lines_.at(start);
  }
  bool finish() {
    end_of_last_ = stream_.Tell();
    tree_.end();
    return true;
  }

  std::string_view text_;
  const InPlaceStream& stream_;
  LineIndex lines_;
  TreeBuilder tree_;
  size_t end_of_last_ = 0;
};

std::string syntaxMessage(rapidjson::ParseErrorCode code) {
  // RapidJSON's texts end in a full stop; ours go on with nothing.
  std::string message = rapidjson::GetParseError_En(code);
  while (!message.empty() && (message.back() == '.' || message.back() == ' ')) message.pop_back();
  return "not valid JSON: " + message;
}

}  // namespace

ReadResult readJson(std::string_view text) {
  constexpr unsigned Flags = rapidjson::kParseInsituFlag | rapidjson::kParseValidateEncodingFlag |
                             rapidjson::kParseNumbersAsStringsFlag;
  std::string copy(text);
  InPlaceStream stream(copy);
  Handler handler(text, stream);
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<Flags>(stream, handler);
  if (!result.IsError()) return handler.tree().takeRoot();
  if (result.Code() == rapidjson::kParseErrorTermination) return handler.tree().error();
  return LocatedError{handler.positionAt(result.Offset()), "", syntaxMessage(result.Code())};
}

}  // namespace weir::config
