#pragma once

// Text about a connection with %OPERATORS% in it, as in an access log: compiled once, when the
// configuration is read, then filled in for each connection. Immutable after that; any thread. The
// operators are Envoy's where Envoy has them; docs/operations.md lists them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/time.h"
#include "source/filter/connection_info.h"

namespace weir::filter {

// A fault in a format.
struct FormatProblem {
  size_t position = 0;  // in the text, from 0
  std::string message;  // for people, without the position
  std::string unknown;  // the operator that there is none of, if that is the fault
};

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
  // As a JSON value: a number or text if it is one operator alone, and null (or "-", if
  // `dash_for_unknown`) if that is not known; else text.
  void appendJson(const ConnectionInfo& info, MonotonicTime now, bool dash_for_unknown,
                  std::string& out) const;

 private:
  enum class Op : uint8_t;
  struct Known;
  struct TimePart {
    enum class Kind : uint8_t { Calendar, Fraction, Epoch };
    Kind kind;
    std::string calendar = {};  // for strftime
    unsigned digits = 0;        // of the fraction of a second
  };
  struct Piece {
    const Known* known = nullptr;     // null: `text` as it is
    std::string text = {};            // literal, or the constant value of an operator
    size_t most = SIZE_MAX;           // bytes of the value
    std::vector<TimePart> time = {};  // START_TIME, EMIT_TIME
    uint64_t unit_ns = 1'000'000;     // durations: nanoseconds
    unsigned decimals = 0;
  };
  class Compiler;

  static const Known AllKnown[];
  static void appendTime(const Piece& piece, WallTime time, std::string& out);
  static void appendValue(const Piece& piece, const ConnectionInfo& info, MonotonicTime now,
                          std::string& out);
  static std::string cutValue(const Piece& piece, const ConnectionInfo& info, MonotonicTime now);

  std::string source_;
  std::vector<Piece> pieces_;
};

}  // namespace weir::filter
