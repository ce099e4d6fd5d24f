#pragma once

// Requests that ask for a tunnel: CONNECT (RFC 9110 9.3.6), an Upgrade of HTTP/1 (RFC 9110 7.8),
// and HTTP/2's extended CONNECT, which is the same as an Upgrade in another form (RFC 8441). Pure;
// any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/http/header_map.h"

namespace weir::http {

// The detail of StreamDecoder::onReset() for an extended CONNECT to a server that has not said that
// it takes any (RFC 8441 3). It was not sent.
inline constexpr std::string_view NoExtendedConnect = "h2_no_extended_connect";

enum class TunnelForm : uint8_t {
  None,             // an ordinary request
  Connect,          // CONNECT, to an authority
  Upgrade,          // a request with the field Upgrade
  ExtendedConnect,  // CONNECT with :protocol
};
TunnelForm tunnelFormOf(const HeaderMap& request);

// The response of that status opens the tunnel that the request asked for.
bool opensTunnel(TunnelForm form, unsigned status);

// The names that rules about upgrades have for what a request asks for: in lower case, without a
// version; "connect" for a CONNECT. Several if an Upgrade offers several protocols.
std::vector<std::string> upgradeTypesOf(const HeaderMap& request);
// Takes the protocols out of an Upgrade whose types (as upgradeTypesOf() has them) are not among
// those that are kept. Requires: at least one is kept.
void keepUpgrades(const std::vector<std::string>& kept, HeaderMap& request);

// The same request in the other form, into `to`, which is empty. Of an Upgrade, the first protocol
// that it offers; the key of WebSocket's handshake is left out, as HTTP/2 has no use for it (RFC
// 8441 5).
void toExtendedConnect(const HeaderMap& upgrade, HeaderMap& to);
// `key`: for WebSocket's handshake, from webSocketKey().
void toUpgrade(const HeaderMap& extended_connect, std::string_view key, HeaderMap& to);

// What became of a request that was passed on in the other form.
enum class UpgradeAnswer : uint8_t {
  Tunnel,      // accepted, and the response was changed to say so in the client's form
  Passed,      // refused by a response that the client understands as it is
  Refused,     // refused by one that would tell the client that it was accepted
  Broken,      // accepted by a server that does not know WebSocket's handshake (RFC 6455 4.1)
  NotOffered,  // a 101 to something else than was asked for (RFC 9110 7.8)
};
// False: a 101 to an Upgrade, passed on as it is, that says nothing of what was offered.
bool answersOffer(const HeaderMap& request, const HeaderMap& response);
// The answer to toExtendedConnect(): 2xx becomes 101. `request`: the client's.
UpgradeAnswer answerUpgrade(const HeaderMap& request, HeaderMap& response);
// The answer to toUpgrade(), with its key: 101 becomes 200.
UpgradeAnswer answerExtendedConnect(const HeaderMap& request, std::string_view key,
                                    HeaderMap& response);

// 16 random bytes, in base64 (RFC 6455 4.1), and what answers them (4.2.2).
std::string webSocketKey(uint64_t random_high, uint64_t random_low);
std::string webSocketAccept(std::string_view key);

}  // namespace weir::http
