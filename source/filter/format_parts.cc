#include "source/filter/format_parts.h"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <iterator>
#include <utility>

namespace weir::filter {
namespace {

constexpr std::string_view DefaultTime = "%Y-%m-%dT%H:%M:%S.%3fZ";
constexpr unsigned NanoDigits = 9;
// Of strftime(3); %f and %s are ours.
constexpr std::string_view CalendarLetters = "aAbBCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%";

bool isNameLetter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

void appendEscaped(std::string& out, std::string_view text) {
  constexpr std::string_view Digits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x21 || byte >= 0x7f || c == '"' || c == '\\') {
      out += '%';
      out += Digits[byte >> 4];
      out += Digits[byte & 15];
    } else {
      out += c;
    }
  }
}

std::optional<FormatScanner::Piece> FormatScanner::next() {
  Piece piece;
  while (at_ < text_.size()) {
    if (takeLiteral(piece.literal)) continue;
    if (!piece.literal.empty()) return piece;
    piece.operation = takeOperator();
    if (piece.operation) return piece;
  }
  if (piece.literal.empty()) return std::nullopt;
  return piece;
}

bool FormatScanner::takeLiteral(std::string& literal) {
  const bool percent = rest().starts_with("%%");
  if (text_[at_] == '%' && !percent) return false;
  literal += text_[at_];
  at_ += percent ? 2 : 1;
  return true;
}

// At a percent sign. On a fault it goes on behind what can be told to belong to the operator.
std::optional<FormatOperator> FormatScanner::takeOperator() {
  FormatOperator found;
  found.at = at_++;
  const size_t name_at = at_;
  while (at_ < text_.size() && isNameLetter(text_[at_])) ++at_;
  found.name = text_.substr(name_at, at_ - name_at);
  if (found.name.empty()) {
    problem(found.at, "a % begins an operator, such as %DURATION%; write %% for a percent sign");
    return std::nullopt;
  }
  found.argument_at = at_ + 1;
  found.argument = takeArgument();
  if (!found.argument) found.argument_at = found.at;
  found.most = takeMost().value_or(SIZE_MAX);
  if (at_ >= text_.size() || text_[at_] != '%') {
    const size_t end = text_.find('%', at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    problem(found.at, "the operator \"%" + found.name + "\" has no % at its end");
    return std::nullopt;
  }
  found.end = ++at_;
  return found;
}

// "(...)": up to the bracket behind which the operator may end.
std::optional<std::string> FormatScanner::takeArgument() {
  if (at_ >= text_.size() || text_[at_] != '(') return std::nullopt;
  for (size_t end = text_.find(')', at_); end != std::string_view::npos;
       end = text_.find(')', end + 1)) {
    const std::string_view behind = text_.substr(end + 1);
    if (!behind.starts_with('%') && !behind.starts_with(':')) continue;
    std::string argument(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return argument;
  }
  return std::nullopt;
}

// ":N"
std::optional<size_t> FormatScanner::takeMost() {
  if (at_ >= text_.size() || text_[at_] != ':') return std::nullopt;
  size_t end = at_ + 1;
  size_t most = 0;
  while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9' && end - at_ <= 6)
    most = most * 10 + static_cast<size_t>(text_[end++] - '0');
  if (end == at_ + 1) return std::nullopt;
  at_ = end;
  return most;
}

std::optional<TimeFormat> TimeFormat::compile(const FormatOperator& operation,
                                              FormatScanner& scanner) {
  const std::string format = operation.argument.value_or(std::string(DefaultTime));
  TimeFormat made;
  std::string calendar;
  const auto flush = [&] {
    if (!calendar.empty()) made.parts_.push_back({Part::Kind::Calendar, calendar});
    calendar.clear();
  };
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      calendar += format[i];
      continue;
    }
    unsigned digits = NanoDigits;
    if (i + 2 < format.size() && format[i + 1] >= '1' && format[i + 1] <= '9' &&
        format[i + 2] == 'f') {
      digits = static_cast<unsigned>(format[++i] - '0');
    }
    const char letter = ++i < format.size() ? format[i] : '\0';
    if (letter == 'f' || letter == 's') {
      flush();
      made.parts_.push_back({letter == 'f' ? Part::Kind::Fraction : Part::Kind::Epoch, "", digits});
    } else if (letter != '\0' && CalendarLetters.find(letter) != std::string_view::npos) {
      calendar += '%';
      calendar += letter;
    } else {
      scanner.problem(operation.argument_at + i - 1,
                      "\"%" + std::string(letter == '\0' ? 0 : 1, letter) +
                          "\" is not a part of a time: there are those of strftime, %s (seconds "
                          "since 1970), %f and %1f to %9f (fractions)");
      return std::nullopt;
    }
  }
  flush();
  return made;
}

void TimeFormat::append(WallTime time, std::string& out) const {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t epoch = std::chrono::system_clock::to_time_t(second);
  std::tm calendar{};
  gmtime_r(&epoch, &calendar);
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::Epoch) {
      fmt::format_to(std::back_inserter(out), "{}", epoch);
    } else if (part.kind == Part::Kind::Fraction) {
      const size_t at = out.size();
      fmt::format_to(std::back_inserter(out), "{:09}", (time - second).count());
      out.resize(at + part.digits);
    } else {
      std::array<char, 512> text{};
      out.append(text.data(),
                 std::strftime(text.data(), text.size(), part.calendar.c_str(), &calendar));
    }
  }
}

std::optional<DurationFormat> DurationFormat::compile(const FormatOperator& operation,
                                                      unsigned decimals, FormatScanner& scanner) {
  DurationFormat made;
  made.decimals_ = decimals;
  if (!operation.argument) return made;
  const std::string& argument = *operation.argument;
  const size_t dot = argument.find('.');
  const std::string unit = argument.substr(0, dot);
  const std::string digits = dot == std::string::npos ? "0" : argument.substr(dot + 1);
  const bool digit = digits.size() == 1 && digits[0] >= '0' && digits[0] <= '9';
  made.decimals_ = digit ? static_cast<unsigned>(digits[0] - '0') : 0;
  for (const auto& [name, ns] : {std::pair<std::string_view, uint64_t>{"s", 1'000'000'000},
                                 {"ms", 1'000'000},
                                 {"us", 1'000},
                                 {"ns", 1}}) {
    if (unit != name || !digit) continue;
    made.unit_ns_ = ns;
    return made;
  }
  scanner.problem(
      operation.argument_at,
      "\"" + argument + "\" is not a unit of time: s, ms, us or ns, with .N for decimals");
  return std::nullopt;
}

void DurationFormat::append(Duration duration, std::string& out) const {
  fmt::format_to(std::back_inserter(out), "{:.{}f}",
                 static_cast<double>(duration.count()) / static_cast<double>(unit_ns_), decimals_);
}

}  // namespace weir::filter
