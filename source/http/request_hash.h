#pragma once

// What the endpoint of a request follows from where the cluster's policy takes a hash. Pure
// functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/http/header_map.h"
#include "source/http/route.h"
#include "source/net/address.h"

namespace weir::http {

struct RequestHash {
  std::optional<uint64_t> hash = {};  // nothing if no policy has a value
  // Values of Set-Cookie for the response, of the cookies that the client did not have.
  std::vector<std::string> set_cookies = {};
};

// All policies that have a value, taken together in their order, up to the first terminal one after
// which there is a hash. `source`: the client's; null if it has none. `random`: what a new cookie
// is made from.
RequestHash hashRequest(const std::vector<HashPolicy>& policies, const HeaderMap& request,
                        const net::IpAddress* source, uint64_t random);

// The value of a cookie; nothing if the request does not have it (RFC 6265 4.2).
std::optional<std::string_view> cookieOf(const HeaderMap& request, std::string_view name);

}  // namespace weir::http
