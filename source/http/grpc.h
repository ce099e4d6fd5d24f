#pragma once

// What tells gRPC from other HTTP, and what its clients make of statuses (gRPC over HTTP/2).

#include "source/http/header_map.h"

namespace weir::http {

// By the content-type: application/grpc, with or without a suffix or parameters.
bool isGrpc(const HeaderMap& headers);

// "HTTP to gRPC Status Code Mapping".
unsigned grpcStatusFor(unsigned http_status);

}  // namespace weir::http
