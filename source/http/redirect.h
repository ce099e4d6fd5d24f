#pragma once

// Where a redirect sends a client. Pure functions.

#include <string>
#include <string_view>

#include "source/http/header_map.h"
#include "source/http/route.h"

namespace weir::http {

// The Location of a redirect (RFC 9110 10.2.2 and 15.4): a whole URI, so that no path can be taken
// for a host. What the redirect does not say is as in the request; with another host the request's
// port is left out, and with another scheme if it is the default one of the request's. `request`
// has :authority and :path; without :scheme it is http.
std::string locationOf(const Redirect& redirect, const HeaderMap& request, size_t matched_prefix);

// To another path and query of the same origin, as after normalizePath() (path.h).
std::string locationOf(const HeaderMap& request, std::string_view target);

}  // namespace weir::http
