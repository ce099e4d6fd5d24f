#pragma once

// From the bytes of a head to its fields, and to what they mean for the connection: which body
// follows, and whether the connection can be used again. Pure functions; any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "source/http/codec.h"
#include "source/http/codec_settings.h"
#include "source/http/header_map.h"

namespace weir::http {

enum class Framing : uint8_t {
  None,
  Length,
  Chunked,
  UntilClose,  // responses only
};

struct BodyLength {
  Framing framing = Framing::None;
  uint64_t length = 0;  // of Length; more than 0
  bool operator==(const BodyLength&) const = default;
};

struct RequestHead {
  enum class Kind : uint8_t { Plain, Head, Connect, Upgrade };
  Kind kind = Kind::Plain;
  Version version = Version::Http11;
  bool keep_alive = true;
  BodyLength body;
  uint32_t dropped_fields = 0;  // for an underscore in their name
};

struct ResponseHead {
  unsigned status = 0;
  Version version = Version::Http11;
  bool keep_alive = true;
  BodyLength body;
};

// `text` is a whole head, with the empty line at its end, as HeadScanner lets it through, and lies
// in map.room(). Nothing: `head` and `map` have it. What is wrong may be its version.
std::optional<BadMessage> parseRequestHead(std::span<char> text, const Http1Settings& settings,
                                           HeaderMap& map, RequestHead& head);
// Of a head that is refused before it is whole, and of which `text` is the begin: the method and
// the target as far as they are there and could be some, for the log. Copied, and cut after
// MaxNotedTarget bytes.
inline constexpr size_t MaxNotedTarget = 256;
void noteRequestLine(std::string_view text, HeaderMap& map);
// `request`: what it answers. A 101 to an Upgrade and a 2xx to a CONNECT have no body: what follows
// them is the tunnel. The status of the BadMessage means nothing.
std::optional<BadMessage> parseResponseHead(std::span<char> text, RequestHead::Kind request,
                                            const HeaderLimits& limits, HeaderMap& map,
                                            ResponseHead& head);
// Leaves out what must not be in trailers (RFC 9110 6.5.1): fields of framing, routing and the
// connection.
std::optional<BadMessage> parseTrailers(std::span<char> text, const HeaderLimits& limits,
                                        HeaderMap& map);

// Fields that are of use only before the body.
bool forbiddenInTrailers(HeaderId id);

}  // namespace weir::http
