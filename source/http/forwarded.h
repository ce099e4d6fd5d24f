#pragma once

// What a proxy tells the upstream about the client, and how far it believes what the client says of
// itself: x-forwarded-for, x-forwarded-proto, x-request-id, via, and the address that the request
// is taken to come from. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "source/http/header_map.h"
#include "source/net/address.h"

namespace weir::http {

struct ForwardedSettings {
  // Nobody but the proxies that are trusted stands between the clients and us, and all that clients
  // say of themselves is replaced. False: what connects is such a proxy, or another one of us.
  bool use_remote_address = true;
  // Proxies in front of us whose x-forwarded-for is believed.
  uint32_t xff_num_trusted_hops = 0;
  bool skip_xff_append = false;
  bool generate_request_id = true;
  // With use_remote_address: one that came with the request stays.
  bool preserve_external_request_id = false;
  std::string via = {};  // empty: nothing is added
};

// What is known of the connection of the client.
struct ForwardedPeer {
  net::IpAddress address;            // family None if it is not known
  std::string_view text;             // the same; empty if it is not known
  std::string_view scheme = "http";  // static storage
  // HTTP/2: a request says its scheme. Of HTTP/1 only one with an absolute target does; the codec
  // has "http" for the others.
  bool requests_say_scheme = true;
};

// A field by which proxies speak to each other: of ours (weir-), or of Envoy's kind (x-envoy-). At
// an edge no client may say it. `name`: in lower case.
bool isBetweenProxies(std::string_view name);

// What came within TLS has the scheme https, if it does not say its scheme itself.
void applyScheme(const ForwardedPeer& peer, HeaderMap& request);

// Changes the head of a request, its scheme among it. Returns the address that the client is
// trusted to have. `random_high`, `random_low`: for the identifier.
net::IpAddress applyForwarded(const ForwardedSettings& settings, const ForwardedPeer& peer,
                              uint64_t random_high, uint64_t random_low, HeaderMap& request);

// A UUID of version 4 (RFC 9562 5.4), 36 characters to `out`.
void writeUuid(uint64_t random_high, uint64_t random_low, char* out);

}  // namespace weir::http
