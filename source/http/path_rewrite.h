#pragma once

// A :path as a route rewrites it; the query stays. Pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "source/http/route.h"

namespace weir::http {

// `rewrite` in place of the first `matched` bytes of the path. The result begins with a slash, and
// there is one slash where the two meet, though both may have one there.
std::string rewritePrefix(std::string_view target, size_t matched, std::string_view rewrite);

// Nothing if the route rewrites nothing, or to the same.
std::optional<std::string> rewritePath(const Forward& forward, size_t matched_prefix,
                                       std::string_view target);

}  // namespace weir::http
