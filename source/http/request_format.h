#pragma once

// Text about a request with %OPERATORS% in it, as in an access log: compiled once, when the
// configuration is read, then filled in for each request, without an allocation once its thread has
// room. Immutable after that; any thread. The operators are Envoy's where Envoy has them, and those
// of a connection (filter/connection_format.h) that do not mean something else here;
// docs/operations.md lists them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/filter/connection_format.h"
#include "source/filter/log_line.h"
#include "source/http/request_record.h"

namespace weir::http {

class RequestFormat {
 public:
  // Adds every fault to `problems`; with one, the result must not be used.
  static RequestFormat compile(std::string_view text, std::vector<filter::FormatProblem>& problems);
  static std::vector<std::string> operatorNames();
  // Made from the same text.
  bool operator==(const RequestFormat& other) const { return source_ == other.source_; }

  // As those of filter::ConnectionFormat.
  void appendText(const RequestRecord& record, std::string& out) const;
  void appendJson(const RequestRecord& record, std::string& out) const;

 private:
  enum class Op : uint8_t;
  struct Known;
  using Shape = filter::ConnectionFormat::Shape;
  struct Piece {
    const Known* known = nullptr;
    // An operator of the connection, alone. With neither: `text` as it is.
    std::optional<filter::ConnectionFormat> of_connection = {};
    std::string text = {};
    std::string name = {};         // of a field, in lower case
    std::string other_name = {};   // of the one that is taken if that is not there
    size_t most = SIZE_MAX;        // bytes of the value
    filter::TimeFormat time = {};  // START_TIME
    filter::DurationFormat duration = {};
    uint8_t form = 0;  // of a gRPC status
    bool isLiteral() const { return known == nullptr && !of_connection; }
    Shape shape() const;
  };

  static const Known AllKnown[];
  static std::optional<Piece> compileOperator(const filter::FormatOperator& operation,
                                              filter::FormatScanner& scanner);
  static bool setArgument(Piece& piece, const filter::FormatOperator& operation,
                          filter::FormatScanner& scanner);
  static std::string_view valueOf(const Piece& piece, const RequestRecord& record,
                                  std::string& room);
  static std::string_view bareValue(const Piece& piece, const RequestRecord& record,
                                    std::string& room);
  // That of an operator of times, of fields, of routes.
  static std::string_view timeValue(const Piece& piece, const RequestRecord& record,
                                    std::string& room);
  static std::string_view fieldValue(const Piece& piece, const RequestRecord& record);
  static std::string_view routeValue(Op op, const StreamInfo& info);

  std::string source_;
  std::vector<Piece> pieces_;
};

// A line of an access log about a request. Immutable; any thread.
class RequestLine {
 public:
  using Format = RequestFormat;

  // As those of filter::ConnectionLine.
  static std::shared_ptr<const RequestLine> text(RequestFormat format, bool ends_line);
  static std::shared_ptr<const RequestLine> json(
      std::vector<std::pair<std::string, RequestFormat>> members);
  static std::shared_ptr<const RequestLine> defaultText();
  static std::shared_ptr<const RequestLine> defaultJson();

  void append(const RequestRecord& record, std::string& out) const {
    line_.appendLine(out, record);
  }
  bool operator==(const RequestLine&) const = default;

 private:
  using Line = filter::LogLine<RequestFormat>;
  explicit RequestLine(Line line) : line_(std::move(line)) {}
  static std::shared_ptr<const RequestLine> share(Line line);

  Line line_;
};

}  // namespace weir::http
