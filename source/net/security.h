#pragma once

// What protects the bytes of a connection, for logs, metrics and rules. Plain values.

#include <string>
#include <vector>

namespace weir::net {

// What a transport knows of the two sides once it lets bytes pass. Empty: there is none.
struct Security {
  std::string version;                  // "TLSv1.3"
  std::string cipher;                   // OpenSSL's name of the cipher suite
  std::string server_name;              // SNI, as the client sent it
  std::string application_protocol;     // agreed on by ALPN
  std::vector<std::string> peer_names;  // subject alternative names of the peer's certificate, if
                                        // it was verified: DNS names and URIs
  std::string peer_subject;             // of the same certificate, RFC 2253
  bool peer_verified = false;
  bool resumed = false;
};

}  // namespace weir::net
