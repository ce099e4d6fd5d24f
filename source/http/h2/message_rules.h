#pragma once

// What a message of HTTP/2 may consist of, beyond what nghttp2 sees to (RFC 9113 8): pure
// functions. Any thread.

#include <nghttp2/nghttp2.h>

#include <string_view>
#include <vector>

#include "source/http/codec.h"
#include "source/http/codec_settings.h"
#include "source/http/header_map.h"

namespace weir::http {

// What was noted of the fields while they came, kept or not.
struct Http2FieldCount {
  size_t fields = 0;
  size_t bytes = 0;  // names and values, and 32 for each field (RFC 9113 6.5.2)
  bool underscore = false;
  bool malformed = false;  // one that no message may have, and that was left out
};

// True if a head or trailers with so many fields are over the limits.
bool overLimits(const Http2FieldCount& count, const HeaderLimits& limits);

// Looks at a request's head that is whole, and makes `host` the :authority if that is missing; the
// field `host` does not stay, and crumbs of a cookie become one. Returns what is wrong with it; a
// reason without text: nothing.
BadMessage checkRequestHead(HeaderMap& head, const Http2FieldCount& count,
                            const HeaderLimits& limits);

// For explanations: whether nghttp2 refuses a request of that head itself, and its stream is reset
// before any of the rules above is asked (RFC 9113 8.1.1).
bool resetsRequest(const HeaderMap& head);
// Whether a field's name or value is one that none can have.
bool malformedField(std::string_view name, std::string_view value);

enum class Http2Message : uint8_t { Request, Response, Trailers };

// Refers to the fields of `from` in `to`, in the order in which they are sent: pseudo-header fields
// first, none that belongs to a connection, and no length of a response that cannot have a body
// (1xx, 204: RFC 9110 8.6). `host` is sent as :authority. False if one must not be sent: a name
// that is no token in lower case, a value with control bytes (RFC 9110 5.5, RFC 9113 8.2.1), or
// pseudo-header fields that this kind of message does not have.
[[nodiscard]] bool collectFields(const HeaderMap& from, Http2Message kind,
                                 std::vector<nghttp2_nv>& to);

}  // namespace weir::http
