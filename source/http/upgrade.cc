#include "source/http/upgrade.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "source/http/characters.h"
#include "source/http/sha1.h"

namespace weir::http {
namespace {

constexpr std::string_view WebSocket = "websocket";
constexpr std::string_view KeyField = "sec-websocket-key";
constexpr std::string_view AcceptField = "sec-websocket-accept";

// RFC 9110 7.8: protocol = protocol-name ["/" protocol-version].
std::string typeOf(std::string_view protocol) {
  return lowerCase(protocol.substr(0, protocol.find('/')));
}

// Whether a server that has got `offer` may go on with `protocol`; the version is its to leave out.
bool isOffered(std::string_view offer, std::string_view protocol) {
  const bool versioned = protocol.find('/') != std::string_view::npos;
  while (!offer.empty()) {
    const std::string_view one = takeElement(offer);
    if (equalIgnoringCase(one, protocol)) return true;
    if (!versioned && equalIgnoringCase(one.substr(0, one.find('/')), protocol)) return true;
  }
  return false;
}

// RFC 9110 7.8: a 101 names what follows, and that is among what was offered.
bool namesOffered(std::string_view offer, const HeaderMap& response) {
  bool any = false;
  for (const HeaderEntry& entry : response.entries()) {
    if (entry.id != HeaderId::Upgrade) continue;
    for (std::string_view list = entry.value; !list.empty();) {
      const std::string_view protocol = takeElement(list);
      if (protocol.empty()) continue;
      if (!isOffered(offer, protocol)) return false;
      any = true;
    }
  }
  return any;
}

std::string base64(std::span<const uint8_t> bytes) {
  constexpr std::string_view Digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = std::min<size_t>(bytes.size() - i, 3);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < left ? bytes[i + j] : 0U);
    for (size_t j = 0; j < 4; ++j) out += j <= left ? Digits[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

bool staysBehind(HeaderId id) {
  switch (id) {
    case HeaderId::Method:
    case HeaderId::Protocol:
    case HeaderId::Upgrade:
    case HeaderId::Connection:
    case HeaderId::ContentLength: return true;
    default: return false;
  }
}

void addFields(const HeaderMap& from, HeaderMap& to) {
  for (const HeaderEntry& entry : from.entries()) {
    if (staysBehind(entry.id) || entry.name == KeyField) continue;
    entry.id == HeaderId::Other ? to.add(entry.name, entry.value) : to.add(entry.id, entry.value);
  }
}

void dropHandshake(HeaderMap& response) {
  response.remove(HeaderId::Connection);
  response.remove(HeaderId::Upgrade);
  response.remove(AcceptField);
}

}  // namespace

TunnelForm tunnelFormOf(const HeaderMap& request) {
  if (request.get(HeaderId::Method) == "CONNECT") {
    return request.has(HeaderId::Protocol) ? TunnelForm::ExtendedConnect : TunnelForm::Connect;
  }
  return request.has(HeaderId::Upgrade) ? TunnelForm::Upgrade : TunnelForm::None;
}

bool opensTunnel(TunnelForm form, unsigned status) {
  switch (form) {
    case TunnelForm::None: return false;
    case TunnelForm::Upgrade: return status == 101;
    case TunnelForm::Connect:
    case TunnelForm::ExtendedConnect: break;
  }
  return status >= 200 && status < 300;
}

std::vector<std::string> upgradeTypesOf(const HeaderMap& request) {
  switch (tunnelFormOf(request)) {
    case TunnelForm::None: return {};
    case TunnelForm::Connect: return {"connect"};
    case TunnelForm::ExtendedConnect: return {typeOf(request.get(HeaderId::Protocol))};
    case TunnelForm::Upgrade: break;
  }
  std::vector<std::string> types;
  for (std::string_view list = request.get(HeaderId::Upgrade); !list.empty();) {
    std::string type = typeOf(takeElement(list));
    if (!type.empty()) types.push_back(std::move(type));
  }
  return types;
}

void keepUpgrades(const std::vector<std::string>& kept, HeaderMap& request) {
  if (tunnelFormOf(request) != TunnelForm::Upgrade) return;
  std::string left;
  for (std::string_view list = request.get(HeaderId::Upgrade); !list.empty();) {
    const std::string_view protocol = takeElement(list);
    if (std::find(kept.begin(), kept.end(), typeOf(protocol)) == kept.end()) continue;
    if (!left.empty()) left += ", ";
    left += protocol;
  }
  request.set(HeaderId::Upgrade, left);
}

void toExtendedConnect(const HeaderMap& upgrade, HeaderMap& to) {
  std::string_view list = upgrade.get(HeaderId::Upgrade);
  to.add(HeaderId::Method, "CONNECT");
  to.add(HeaderId::Protocol, takeElement(list));
  addFields(upgrade, to);
}

void toUpgrade(const HeaderMap& extended_connect, std::string_view key, HeaderMap& to) {
  const std::string_view protocol = extended_connect.get(HeaderId::Protocol);
  to.add(HeaderId::Method, "GET");
  addFields(extended_connect, to);
  to.add(HeaderId::Upgrade, protocol);
  if (typeOf(protocol) == WebSocket) to.add(KeyField, key);
}

bool answersOffer(const HeaderMap& request, const HeaderMap& response) {
  if (tunnelFormOf(request) != TunnelForm::Upgrade || statusOf(response) != 101) return true;
  return namesOffered(request.get(HeaderId::Upgrade), response);
}

UpgradeAnswer answerUpgrade(const HeaderMap& request, HeaderMap& response) {
  const unsigned status = statusOf(response);
  if (status < 200 || status >= 300) return UpgradeAnswer::Passed;
  std::string_view list = request.get(HeaderId::Upgrade);
  const std::string_view protocol = takeElement(list);
  dropHandshake(response);
  response.remove(HeaderId::ContentLength);
  setStatus(response, 101);
  response.add(HeaderId::Upgrade, protocol);
  if (typeOf(protocol) == WebSocket) {
    response.add(AcceptField, webSocketAccept(request.get(KeyField)));
  }
  return UpgradeAnswer::Tunnel;
}

UpgradeAnswer answerExtendedConnect(const HeaderMap& request, std::string_view key,
                                    HeaderMap& response) {
  const unsigned status = statusOf(response);
  if (status >= 200 && status < 300) return UpgradeAnswer::Refused;
  if (status != 101) return UpgradeAnswer::Passed;
  if (!namesOffered(request.get(HeaderId::Protocol), response)) return UpgradeAnswer::NotOffered;
  const bool web_socket = typeOf(request.get(HeaderId::Protocol)) == WebSocket;
  if (web_socket && response.get(AcceptField) != webSocketAccept(key)) {
    return UpgradeAnswer::Broken;
  }
  dropHandshake(response);
  setStatus(response, 200);
  return UpgradeAnswer::Tunnel;
}

std::string webSocketKey(uint64_t random_high, uint64_t random_low) {
  std::array<uint8_t, 16> bytes{};
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<uint8_t>(random_high >> (8 * i));
    bytes[8 + i] = static_cast<uint8_t>(random_low >> (8 * i));
  }
  return base64(bytes);
}

std::string webSocketAccept(std::string_view key) {
  return base64(sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

}  // namespace weir::http
