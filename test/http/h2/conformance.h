#pragma once

// What a server makes of frames, right and wrong: rows of them, each with what must come. Every row
// is fed whole and frame by frame, to a server that answers at once, at the end of the request, or
// never, and what comes has to be the same. Thread: the test's.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "test/http/h2/codec_harness.h"

namespace weir::test {

// Error codes (RFC 9113 7).
enum Code : uint32_t {
  ProtocolError = 1,
  FlowControlError = 3,
  StreamClosed = 5,
  FrameSizeError = 6,
  RefusedStream = 7,
  CompressionError = 9,
};

struct Want {
  enum class Kind : uint8_t {
    Answers,     // so many responses at least, and no error
    Stream,      // RST_STREAM, and the connection goes on
    Connection,  // GOAWAY, and the connection ends
    Either,      // an error of a stream that may be one of the connection
  };
  Kind kind;
  uint32_t code;  // or the number of responses
};

constexpr Want answers(uint32_t count) { return {Want::Kind::Answers, count}; }
constexpr Want stream(Code code) { return {Want::Kind::Stream, code}; }
constexpr Want connection(Code code) { return {Want::Kind::Connection, code}; }
constexpr Want either(Code code) { return {Want::Kind::Either, code}; }

struct ConformanceRow {
  const char* section;
  const char* what;
  std::string frames;  // behind the preface and SETTINGS
  Want want;
};

// Has every row fed in all ways, and expects what it wants.
void expectConformance(std::span<const ConformanceRow> rows);

std::string hex(std::string_view digits);
// A request's block in which every field but the authority is one of the static table (RFC 7541
// appendix A); `more`, in hexadecimal digits, stands behind it.
std::string block(std::string_view more = {});
std::string head(uint32_t id, const std::string& fields, uint8_t flags = EndStream | EndHeaders);
// A request without a body, and one whose body is to come.
std::string whole(uint32_t id);
std::string open(uint32_t id);

enum class Answering : uint8_t { Never, AtTheEnd, AtOnce };

// A server that was greeted and answers requests by itself.
class AnsweringServer {
 public:
  explicit AnsweringServer(Answering answering, const http::Http2Settings& settings = {});

  void feed(std::string_view bytes);
  void feedEachFrame(std::string_view bytes);
  // Frames of one type that it sent.
  size_t count(uint8_t type) const;
  // "GOAWAY 1", "RST_STREAM 3", "" if neither came; the last one. NO_ERROR is none.
  std::string error() const;
  // It answers a PING still.
  bool lives();

  ServerHarness harness;
  std::string sent;

 private:
  void answer(RecordingDecoder& stream);

  const Answering answering_;
};

}  // namespace weir::test
