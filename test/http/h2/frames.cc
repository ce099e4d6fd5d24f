#include "test/http/h2/frames.h"

#include <fmt/format.h>

namespace weir::test {
namespace {

// RFC 7541 5.1, with a prefix of 7 bits.
std::string length(size_t size) {
  if (size < 127) return std::string(1, static_cast<char>(size));
  std::string out(1, '\x7f');
  for (size -= 127; size >= 128; size /= 128) out += static_cast<char>(size % 128 + 128);
  return out + static_cast<char>(size);
}

uint64_t read(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = at; i < at + size && i < bytes.size(); ++i) {
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return value;
}

}  // namespace

std::string number(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  return number(payload.size(), 3) + number(type, 1) + number(flags, 1) + number(stream, 4) +
         std::string(payload);
}

std::string fieldBlock(const FieldList& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';
    block += length(name.size()) + name + length(value.size()) + value;
  }
  return block;
}

std::string headers(uint32_t stream, const FieldList& fields, uint8_t flags) {
  return frame(HeadersFrame, flags | EndHeaders, stream, fieldBlock(fields));
}

std::string longHeaders(uint32_t stream, std::string_view block) {
  constexpr size_t MaxFrame = 16384;
  std::string all;
  for (size_t at = 0; at < block.size(); at += MaxFrame) {
    const bool last = at + MaxFrame >= block.size();
    all += frame(at == 0 ? HeadersFrame : ContinuationFrame,
                 (at == 0 ? EndStream : 0) | (last ? EndHeaders : 0), stream,
                 block.substr(at, MaxFrame));
  }
  return all;
}

FieldList get(FieldList more) {
  FieldList fields = {
      {":method", "GET"}, {":scheme", "http"}, {":authority", "a.test"}, {":path", "/"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

std::string data(uint32_t stream, std::string_view bytes, uint8_t flags) {
  return frame(DataFrame, flags, stream, bytes);
}

std::string rst(uint32_t stream, uint32_t code) {
  return frame(RstFrame, 0, stream, number(code, 4));
}

std::string settings(const std::vector<std::pair<uint16_t, uint32_t>>& entries) {
  std::string payload;
  for (const auto& [id, value] : entries) payload += number(id, 2) + number(value, 4);
  return frame(SettingsFrame, 0, 0, payload);
}

std::string windowUpdate(uint32_t stream, uint32_t bytes) {
  return frame(WindowUpdateFrame, 0, stream, number(bytes, 4));
}

std::string ping(uint8_t flags) { return frame(PingFrame, flags, 0, "12345678"); }

std::string hello() { return std::string(ClientPreface) + settings(); }

std::vector<Frame> parseFrames(std::string_view bytes) {
  if (bytes.substr(0, ClientPreface.size()) == ClientPreface) {
    bytes.remove_prefix(ClientPreface.size());
  }
  std::vector<Frame> frames;
  while (bytes.size() >= 9) {
    const size_t size = read(bytes, 0, 3);
    if (bytes.size() < 9 + size) break;
    frames.push_back({static_cast<uint8_t>(bytes[3]), static_cast<uint8_t>(bytes[4]),
                      static_cast<uint32_t>(read(bytes, 5, 4)),
                      std::string(bytes.substr(9, size))});
    bytes.remove_prefix(9 + size);
  }
  return frames;
}

std::string describe(const Frame& frame) {
  static constexpr std::string_view Names[] = {
      "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
      "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};
  std::string text(frame.type < std::size(Names) ? Names[frame.type] : "UNKNOWN");
  if (frame.type == GoawayFrame) {
    return text +
           fmt::format(" last={} code={}", read(frame.payload, 0, 4), read(frame.payload, 4, 4));
  }
  text += fmt::format(" {}", frame.stream);
  if (frame.type == RstFrame) text += fmt::format(" code={}", read(frame.payload, 0, 4));
  if (frame.type == DataFrame) text += fmt::format(" size={}", frame.payload.size());
  const bool ends = frame.type == DataFrame || frame.type == HeadersFrame;
  if (ends && (frame.flags & EndStream) != 0) text += " end";
  return text;
}

std::string describeOutcome(std::string_view bytes) {
  std::string all;
  for (const Frame& frame : parseFrames(bytes)) {
    const bool aside =
        frame.type == SettingsFrame || frame.type == PingFrame || frame.type == WindowUpdateFrame;
    if (!aside) all += describe(frame) + "\n";
  }
  return all;
}

}  // namespace weir::test
