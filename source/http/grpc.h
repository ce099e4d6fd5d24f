#pragma once

// What tells gRPC from other HTTP, and what its clients make of statuses (gRPC over HTTP/2).

#include <string>

#include "source/http/header_map.h"

namespace weir::http {

// By the content-type: application/grpc, with or without a suffix or parameters.
bool isGrpc(const HeaderMap& headers);

// "HTTP to gRPC Status Code Mapping".
unsigned grpcStatusFor(unsigned http_status);

// What whoever sent `request` sees of a reply of ours with this status, for people: "404", or
// "200 and grpc-status 12".
std::string shownStatus(const HeaderMap& request, unsigned http_status);

}  // namespace weir::http
