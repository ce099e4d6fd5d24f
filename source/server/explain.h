#pragma once

// Says why a connection would go where it would go: the same listener filters and the same matcher
// as the data plane, without a network. For `weir explain`. One thread.

#include <optional>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/config/settings.h"
#include "source/net/address.h"

namespace weir::server {

// What is known about the connection. What is not given is not known.
struct ExplainRequest {
  std::string listener;  // empty: the one bound to `destination`, or the only one
  net::IpPort destination;
  std::optional<net::IpPort> source;
  std::optional<std::string> server_name;  // this or alpn: a TLS client
  std::optional<std::vector<std::string>> alpn;
  std::optional<std::string> bytes;  // the client's first bytes
};

// The explanation as text, or an error if it is not clear which listener is meant.
Result<std::string> explainConnection(const config::BootstrapSettings& settings,
                                      const ExplainRequest& request);

// C escapes (\r \n \t \0 \\ \xHH) to bytes; an error names the bad one.
Result<std::string> unescape(const std::string& text);

}  // namespace weir::server
