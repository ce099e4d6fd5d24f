#pragma once

// An answer that the proxy, or one of its filters, gives by itself.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/header_map.h"

namespace weir::http {

struct LocalReply {
  unsigned status = 500;
  // For the log, the metrics and the header `weir-error`; static storage, in snake_case. Empty: it
  // is not an error (a direct response), and there is no such header.
  std::string_view reason = {};
  std::string body = {};  // text/plain, unless `headers` says otherwise; empty: the status' name
  // What a gRPC client is told; nothing: it follows from the status.
  std::optional<unsigned> grpc_status = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case
  // Without a reason: what answered, for the log; as `reason`.
  std::string_view details = {};
};

// The response to `request`, into `head` and `body`, which are empty. To gRPC (its content-type) a
// response of trailers alone, with grpc-status and the body as grpc-message (gRPC over HTTP/2,
// Responses); the answer to HEAD has no body but says how long it were.
void makeLocalReply(const LocalReply& reply, const HeaderMap& request, HeaderMap& head,
                    std::string& body);

// "Not Found" (RFC 9110 15); "" for one that has no name.
std::string_view statusText(unsigned status);

}  // namespace weir::http
