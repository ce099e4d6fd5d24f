#pragma once

// What formats of log lines are made of, whatever the line is about: finding the %OPERATORS% in a
// text, times, durations, and escaping.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/time.h"

namespace weir::filter {

// A fault in a format.
struct FormatProblem {
  size_t position = 0;  // in the text, from 0
  std::string message;  // for people, without the position
  std::string unknown;  // the operator that there is none of, if that is the fault
};

// %NAME(argument):12%
struct FormatOperator {
  std::string name;
  std::optional<std::string> argument;
  size_t at = 0;           // where it begins in the text
  size_t argument_at = 0;  // where its argument does; of none, as `at`
  size_t end = 0;          // behind it
  size_t most = SIZE_MAX;  // bytes of its value
};

// Takes a text to pieces, from front to back; what is no operator and no text is a problem, and is
// passed over. Both arguments outlive it.
class FormatScanner {
 public:
  struct Piece {
    std::string literal;  // if it is no operator
    std::optional<FormatOperator> operation;
  };

  FormatScanner(std::string_view text, std::vector<FormatProblem>& problems)
      : text_(text), problems_(problems) {}

  // The next piece; literals do not follow each other. Nothing: the text has ended.
  std::optional<Piece> next();
  void problem(size_t position, std::string message, std::string unknown = {}) {
    problems_.push_back({position, std::move(message), std::move(unknown)});
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  bool takeLiteral(std::string& literal);
  std::optional<FormatOperator> takeOperator();
  std::optional<std::string> takeArgument();
  std::optional<size_t> takeMost();

  const std::string_view text_;
  std::vector<FormatProblem>& problems_;
  size_t at_ = 0;
};

// The pieces of a format: a literal is its text, an operator what `compile` makes of it, or nothing
// after a problem.
template <class Piece, class Compile>
std::vector<Piece> compilePieces(std::string_view text, std::vector<FormatProblem>& problems,
                                 Compile compile) {
  std::vector<Piece> pieces;
  FormatScanner scanner(text, problems);
  while (auto found = scanner.next()) {
    if (!found->operation) {
      pieces.push_back({.text = std::move(found->literal)});
    } else if (auto piece = compile(*found->operation, scanner)) {
      pieces.push_back(std::move(*piece));
    }
  }
  return pieces;
}

// A moment, as strftime(3) writes it in UTC, with %s (seconds since 1970), %f and %1f to %9f
// (fractions of a second).
class TimeFormat {
 public:
  // Of the argument, or the usual form. Nothing: the argument is wrong, and was reported.
  static std::optional<TimeFormat> compile(const FormatOperator& operation, FormatScanner& scanner);
  void append(WallTime time, std::string& out) const;

 private:
  struct Part {
    enum class Kind : uint8_t { Calendar, Fraction, Epoch };
    Kind kind;
    std::string calendar = {};  // for strftime
    unsigned digits = 0;        // of the fraction of a second
  };
  std::vector<Part> parts_;
};

// A duration in a unit, with decimals.
class DurationFormat {
 public:
  // Of the argument, or milliseconds with so many decimals. Nothing: it is wrong, and was reported.
  static std::optional<DurationFormat> compile(const FormatOperator& operation, unsigned decimals,
                                               FormatScanner& scanner);
  void append(Duration duration, std::string& out) const;

 private:
  uint64_t unit_ns_ = 1'000'000;
  unsigned decimals_ = 0;
};

// Writes bytes outside visible ASCII, `"` and `\` as %XX: nothing that a peer sends may break a
// line or a value.
void appendEscaped(std::string& out, std::string_view text);

}  // namespace weir::filter
