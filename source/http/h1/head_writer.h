#pragma once

// Writes heads and trailers. What must not be sent is found before the first byte is written,
// whoever put it into the map: a client, an upstream of another version, or a filter.

#include <cstdint>
#include <optional>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/h1/head.h"
#include "source/http/header_map.h"

namespace weir::http {

// How what follows a head is written.
enum class BodyMode : uint8_t {
  Nothing,  // the message has no body; bytes that come for it all the same are dropped
  Length,   // exactly so many bytes
  Chunked,
  UntilClose,  // as it is; the connection's end is its end
  Tunnel,      // as it is
};

struct MessagePlan {
  BodyMode mode = BodyMode::Nothing;
  // Written as a field.
  std::optional<uint64_t> content_length;
};

struct RequestPlan {
  RequestHead::Kind kind = RequestHead::Kind::Plain;
  MessagePlan body;
};

// What is known of the request, for its response.
struct ResponseContext {
  RequestHead::Kind request = RequestHead::Kind::Plain;
  Version version = Version::Http11;
  bool keep_alive = true;  // but for the response's own framing
};

// Nothing: the map has what must not be sent. `end_stream`: no body follows.
std::optional<RequestPlan> planRequest(const HeaderMap& headers, bool end_stream);
std::optional<MessagePlan> planResponse(const HeaderMap& headers, const ResponseContext& context,
                                        bool end_stream);

// Requires: a plan that was made for it.
void writeRequest(const HeaderMap& headers, const RequestPlan& plan, bool close,
                  buffer::Buffer& out);
// `keep_alive`: the connection is used again.
void writeResponse(const HeaderMap& headers, const MessagePlan& plan,
                   const ResponseContext& context, bool keep_alive, buffer::Buffer& out);
// The fields, and the empty line. False, and nothing is written, if there is one that must not be
// sent; those that have no meaning there are left out.
bool writeTrailers(const HeaderMap& trailers, buffer::Buffer& out);

}  // namespace weir::http
