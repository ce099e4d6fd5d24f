#pragma once

// Text about a connection with %OPERATORS% in it, as in an access log: compiled once, when the
// configuration is read, then filled in for each connection. Immutable after that; any thread. The
// operators are Envoy's where Envoy has them; docs/operations.md lists them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/time.h"
#include "source/filter/connection_info.h"
#include "source/filter/format_parts.h"

namespace weir::filter {

// %OPERATOR%, %OPERATOR(argument)% and %OPERATOR:12% (at most 12 bytes of its value); %% is a
// percent sign.
class ConnectionFormat {
 public:
  // Adds every fault to `problems`; with one, the result must not be used.
  static ConnectionFormat compile(std::string_view text, std::vector<FormatProblem>& problems);
  static std::vector<std::string> operatorNames();
  // Made from the same text.
  bool operator==(const ConnectionFormat& other) const { return source_ == other.source_; }

  // Appends. `now` is the end of the connection, or the moment. A value that is not known is "-";
  // what a peer may have sent is written with %XX for bytes outside visible ASCII, for `"` and `\`.
  void appendText(const ConnectionInfo& info, MonotonicTime now, std::string& out) const;
  // As a JSON value: a number or text if it is one operator alone, and null if that is not known;
  // else text.
  void appendJson(const ConnectionInfo& info, MonotonicTime now, std::string& out) const;

  // How a value is written: as it is, as a number, or as text that a peer may have chosen.
  enum class Shape : uint8_t { Plain, Number, Text };
  // Of a format that is one operator alone, for the lines of other things that have it, too.
  Shape shape() const;
  // As it is; nothing, if it is not known.
  void appendBare(const ConnectionInfo& info, MonotonicTime now, std::string& out) const;

 private:
  enum class Op : uint8_t;
  struct Known;
  struct Piece {
    const Known* known = nullptr;  // null: `text` as it is
    std::string text = {};         // literal, or the constant value of an operator
    size_t most = SIZE_MAX;        // bytes of the value
    TimeFormat time = {};          // START_TIME, EMIT_TIME
    DurationFormat duration = {};  // DURATION, DETECT_DURATION
  };

  static const Known AllKnown[];
  static std::optional<Piece> compileOperator(const FormatOperator& operation,
                                              FormatScanner& scanner);
  static bool setArgument(Piece& piece, const FormatOperator& operation, FormatScanner& scanner);
  static void appendValue(const Piece& piece, const ConnectionInfo& info, MonotonicTime now,
                          std::string& out);
  static void appendSecurity(Op op, const net::Security& security, std::string& out);
  static std::string cutValue(const Piece& piece, const ConnectionInfo& info, MonotonicTime now);

  std::string source_;
  std::vector<Piece> pieces_;
};

}  // namespace weir::filter
