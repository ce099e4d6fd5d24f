#pragma once

// Makes one path of all that a server might take for the same, before routes and rules are held
// against it; what is forwarded is what was matched (RFC 3986 6.2.2, and beyond it what servers are
// known to decode). Of the request target only the path is touched, never the query. Pure function.
//
// Always refused: a target that does not begin with a slash (but "*"), bytes that no target has, a
// fragment, a percent sign without two hexadecimal digits, and an escaped NUL.
// Normalising takes escapes of unreserved characters out ("%61" is "a"), makes a backslash a slash
// and resolves "." and ".." segments; one of these with parameters behind it ("..;x") is refused,
// as some servers resolve it and others do not. No path leads above the root. Doing it again
// changes nothing.

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http {

// What is done with %2F and %5C in a path, which some servers take for a slash.
enum class EscapedSlashes : uint8_t {
  Keep,
  Reject,
  UnescapeAndRedirect,  // the client is told the path that it may have meant
  UnescapeAndForward,
};

struct PathSettings {
  bool normalize = true;
  bool merge_slashes = true;
  EscapedSlashes escaped_slashes = EscapedSlashes::UnescapeAndRedirect;
  // With `normalize`: "." and ".." segments are refused. For a path that was normalised and then
  // rewritten: they have come of the two parts of it, and would lead out of where the rewrite leads
  // ("/static/" in the place of "/pub" makes "/static/../x" of "/pub../x").
  bool refuse_dots = false;
};

struct PathResult {
  enum class Kind : uint8_t { Unchanged, Rewritten, Redirect, Reject };
  Kind kind = Kind::Unchanged;
  std::string target = {};       // the new :path with its query: if it was rewritten or redirects
  std::string_view reason = {};  // if rejected: a word in snake_case, of static storage
};

// `target`: a :path, with its query. One scan and no copy if there is nothing to be done.
PathResult normalizePath(std::string_view target, const PathSettings& settings);

}  // namespace weir::http
