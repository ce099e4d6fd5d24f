#pragma once

// What a client wants its responses encoded in (RFC 9110 12.5.3). Pure functions.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace weir::http_filters {

// Which one of `offered` (codings in lower case, the better ones first) to take for a client that
// sent `accept_encoding`: the one with the greatest weight, the first of several; nothing if it
// wants none of them, or prefers the response as it is.
std::optional<size_t> chooseEncoding(std::string_view accept_encoding,
                                     std::span<const std::string_view> offered);

}  // namespace weir::http_filters
