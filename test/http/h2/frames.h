#pragma once

// Frames of HTTP/2 by hand (RFC 9113 4 to 6), right and wrong ones, for tests of the codecs against
// bytes that no library would send.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::test {

enum FrameType : uint8_t {
  DataFrame = 0,
  HeadersFrame = 1,
  PriorityFrame = 2,
  RstFrame = 3,
  SettingsFrame = 4,
  PushPromiseFrame = 5,
  PingFrame = 6,
  GoawayFrame = 7,
  WindowUpdateFrame = 8,
  ContinuationFrame = 9,
};

constexpr uint8_t EndStream = 1;
constexpr uint8_t Ack = 1;
constexpr uint8_t EndHeaders = 4;
constexpr uint8_t Padded = 8;

constexpr std::string_view ClientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;
};

// The last `bytes` bytes of `value`, in network order.
std::string number(uint64_t value, size_t bytes);
std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload = {});

using FieldList = std::vector<std::pair<std::string, std::string>>;
// A block of HPACK in which every field is a literal that is not indexed (RFC 7541 6.2.2).
std::string fieldBlock(const FieldList& fields);
// HEADERS that are whole.
std::string headers(uint32_t stream, const FieldList& fields, uint8_t flags = EndStream);
// The same of a block of any length, which ends the stream: HEADERS and CONTINUATIONs, none larger
// than a frame may be.
std::string longHeaders(uint32_t stream, std::string_view block);
// The fields of a GET for "/" at "a.test", with others behind them.
FieldList get(FieldList more = {});
std::string data(uint32_t stream, std::string_view bytes, uint8_t flags = 0);
std::string rst(uint32_t stream, uint32_t code);
std::string settings(const std::vector<std::pair<uint16_t, uint32_t>>& entries = {});
std::string windowUpdate(uint32_t stream, uint32_t bytes);
std::string ping(uint8_t flags = 0);
// What a client begins with: the preface and empty SETTINGS.
std::string hello();

// All frames in `bytes`, which may begin with a client's preface; a rest that is no whole frame is
// left out.
std::vector<Frame> parseFrames(std::string_view bytes);
// As text, one a line: "HEADERS 1 end", "RST_STREAM 3 code=8", "GOAWAY last=1 code=0".
std::string describe(const Frame& frame);
// Those of the frames that say what became of streams and connection: no SETTINGS, PING or
// WINDOW_UPDATE.
std::string describeOutcome(std::string_view bytes);

}  // namespace weir::test
