#pragma once

// The fields of one head, or of trailers: http-parser tells names and values apart, and what it
// lets pass that RFC 9112 does not allow is refused here. Fields that belong to the connection
// (RFC 9110 7.6.1) do not come into the map; what they say is in FieldFacts.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "source/http/codec.h"
#include "source/http/codec_settings.h"
#include "source/http/header_map.h"

namespace weir::http {

// What the fields say about the connection and the body. Views lie in the map's room.
struct FieldFacts {
  std::string_view host;
  std::string_view content_length;
  std::string_view transfer_encoding;
  uint32_t hosts = 0;  // how many fields there were of each
  uint32_t content_lengths = 0;
  uint32_t transfer_encodings = 0;
  uint32_t upgrades = 0;
  uint32_t dropped = 0;  // for an underscore in their name
  // The options of Connection.
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};

enum class FieldsOf : uint8_t { Request, Response, Trailers };

// Parses the whole head of a response, with its first line, or the fields of a request or of
// trailers, with the empty line at their end, which lie in map.room(); changes names to lower case
// in place. Nothing: it is as it should be.
std::optional<BadMessage> parseFields(FieldsOf what, std::span<char> text,
                                      const HeaderLimits& limits, HeaderMap& map,
                                      FieldFacts& facts);

// The value of a Content-Length that was given once; nothing if it is not a plain number, or too
// large to count with.
std::optional<uint64_t> parseLength(std::string_view text);

}  // namespace weir::http
