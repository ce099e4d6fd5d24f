#pragma once

// The head of an HTTP/1 request, for the admin port: strict, small, and not for the data path. Pure
// functions, any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir::event {

using HttpParameters = std::vector<std::pair<std::string, std::string>>;

struct HttpRequestHead {
  std::string method;         // GET, HEAD or POST
  std::string path;           // decoded, without the query; begins with "/"
  HttpParameters parameters;  // of the query, decoded, in their order
  std::string host;           // of the Host header, in lower case; empty if there is none
  std::string origin;         // of the Origin header
  std::string accept;         // of the Accept header, the last one if there are several
  bool form = false;          // the body has parameters, too
  bool expects_continue = false;
  bool keep_alive = false;
  size_t content_length = 0;  // bytes of the body
  size_t bytes = 0;           // of the head, with its empty line
};

// What is wrong with a request, to be answered with this status; the connection ends then.
struct HttpRefusal {
  int status;
  std::string_view reason;
};

struct HttpNeedsMore {};

using HttpHeadResult = std::variant<HttpNeedsMore, HttpRefusal, HttpRequestHead>;

inline constexpr size_t MaxHttpHeadBytes = 16384;
inline constexpr size_t MaxHttpBodyBytes = 65536;

// Looks at what has come so far, from the first byte of a request. The answer for some bytes holds
// for all that begin with them, unless it is HttpNeedsMore.
HttpHeadResult parseHttpHead(std::string_view bytes);

// "a=1&b=x%20y" (also "+" for a blank) appended to `out`; false if an escape is wrong.
bool parseHttpParameters(std::string_view text, HttpParameters& out);

// The value of the first parameter of that name.
std::optional<std::string_view> findParameter(const HttpParameters& parameters,
                                              std::string_view name);

}  // namespace weir::event
