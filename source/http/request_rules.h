#pragma once

// What a request must be, whichever version of HTTP brought it: the codecs see to what their
// version says, and this to what holds for all of them. Pure; any thread.

#include <optional>

#include "source/http/codec.h"
#include "source/http/header_map.h"

namespace weir::http {

// Nothing: it is as it should be. Refused are other schemes than http and https, a :protocol that
// is not one protocol (RFC 8441 4, RFC 9110 7.8), and expectations other than 100-continue (417).
std::optional<BadMessage> checkRequest(const HeaderMap& head);

// Takes out what must not be in trailers (RFC 9110 6.5.1), and what the head of a request is
// cleaned of: a server that joins the two would take it for ours.
void cleanTrailers(HeaderMap& trailers);

}  // namespace weir::http
