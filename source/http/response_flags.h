#pragma once

// Why a request did not go as it should have, in the letters of Envoy's access log (RESPONSE_FLAGS)
// where they fit. docs/operations.md lists them.

#include <string>

#include "source/http/stream_info.h"

namespace weir::http {

// Appends "UF,URX", or with `words` "UpstreamConnectionFailure,UpstreamRetryLimitExceeded"; nothing
// if there are none.
void appendResponseFlags(const StreamInfo& info, bool words, std::string& out);

}  // namespace weir::http
