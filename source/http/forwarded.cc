#include "source/http/forwarded.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "source/http/characters.h"

namespace weir::http {
namespace {

constexpr std::string_view Separator = ", ";
constexpr size_t UuidSize = 36;

// The one at that place from the right, from 1 on; nothing if there are fewer, or it is no address.
std::optional<net::IpAddress> fromRight(const HeaderMap& request, uint32_t place) {
  const auto entries = request.entries();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->id != HeaderId::XForwardedFor) continue;
    for (std::string_view list = entry->value; !list.empty();) {
      const size_t comma = list.rfind(',');
      const bool last = comma == std::string_view::npos;
      const std::string_view one = trimmed(last ? list : list.substr(comma + 1));
      if (--place == 0) return net::IpAddress::parse(one);
      list = last ? std::string_view{} : list.substr(0, comma);
    }
  }
  return std::nullopt;
}

net::IpAddress trustedClient(const ForwardedSettings& settings, const ForwardedPeer& peer,
                             const HeaderMap& request) {
  // What stands rightmost was added by whoever connects, and names the one in front of it.
  const uint32_t hops = settings.xff_num_trusted_hops;
  const uint64_t place = settings.use_remote_address ? uint64_t{hops} : uint64_t{hops} + 1;
  if (place == 0 || place > UINT32_MAX) return peer.address;
  return fromRight(request, static_cast<uint32_t>(place)).value_or(peer.address);
}

// Behind what is there, as one field.
void appendTo(HeaderId id, std::string_view value, HeaderMap& request) {
  const size_t count = request.count(id);
  if (count == 0) return request.add(id, value);
  if (count > 1) {
    return request.set(id,
                       request.joined(nameOf(id)) + std::string(Separator) + std::string(value));
  }
  const std::string_view before = request.get(id);
  const size_t size = before.size() + Separator.size() + value.size();
  char* const all = request.room(size);
  char* end = std::copy(before.begin(), before.end(), all);
  end = std::copy(Separator.begin(), Separator.end(), end);
  std::copy(value.begin(), value.end(), end);
  request.setView(id, {all, size});
}

void setProto(const ForwardedSettings& settings, const ForwardedPeer& peer, HeaderMap& request) {
  const bool believed = !settings.use_remote_address || settings.xff_num_trusted_hops > 0;
  const std::string_view said = request.get(HeaderId::XForwardedProto);
  if (believed && (said == "http" || said == "https")) {
    if (!peer.requests_say_scheme && request.has(HeaderId::Scheme))
      request.setView(HeaderId::Scheme, said == "https" ? "https" : "http");
    return;
  }
  if (believed) {
    applyScheme(peer, request);
  } else if (request.has(HeaderId::Scheme)) {
    // What a client says of itself is no word on the connection that it has with us; and redirects
    // and routes go by it.
    request.set(HeaderId::Scheme, peer.scheme);
  }
  request.set(HeaderId::XForwardedProto, peer.scheme);
}

void setRequestId(const ForwardedSettings& settings, uint64_t high, uint64_t low,
                  HeaderMap& request) {
  const bool external = settings.use_remote_address && !settings.preserve_external_request_id;
  if (request.has(HeaderId::XRequestId)) {
    if (!external) return;
    request.remove(HeaderId::XRequestId);
  }
  if (!settings.generate_request_id) return;
  char* const id = request.room(UuidSize);
  writeUuid(high, low, id);
  request.addView(HeaderId::XRequestId, nameOf(HeaderId::XRequestId), {id, UuidSize});
}

// Eight digits at a time, one in each byte of a word.
void writeHex(uint32_t value, char* out) {
  uint64_t x = __builtin_bswap32(value);  // the first digits' byte is the lowest one
  x = (x | x << 16) & 0x0000ffff0000ffff;
  x = (x | x << 8) & 0x00ff00ff00ff00ff;
  x = (x >> 4 & 0x000f000f000f000f) | (x & 0x000f000f000f000f) << 8;
  const uint64_t letters = (x + 0x0606060606060606) >> 4 & 0x0101010101010101;  // above 9
  x += 0x3030303030303030 + letters * ('a' - '0' - 10);
  std::memcpy(out, &x, sizeof x);
}

}  // namespace

bool isBetweenProxies(std::string_view name) {
  return name.starts_with("weir-") || name.starts_with("x-envoy-");
}

void writeUuid(uint64_t random_high, uint64_t random_low, char* out) {
  random_high = (random_high & ~uint64_t{0xf000}) | 0x4000;                // version 4
  random_low = (random_low & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);  // variant
  std::array<char, 32> digits;
  writeHex(static_cast<uint32_t>(random_high >> 32), &digits[0]);
  writeHex(static_cast<uint32_t>(random_high), &digits[8]);
  writeHex(static_cast<uint32_t>(random_low >> 32), &digits[16]);
  writeHex(static_cast<uint32_t>(random_low), &digits[24]);
  size_t at = 0;
  for (const size_t size : {8, 4, 4, 4, 12}) {
    if (at > 0) *out++ = '-';
    out = std::copy_n(&digits[at], size, out);
    at += size;
  }
}

void applyScheme(const ForwardedPeer& peer, HeaderMap& request) {
  const bool hidden = !peer.requests_say_scheme && peer.scheme == "https";
  if (hidden && request.has(HeaderId::Scheme)) request.setView(HeaderId::Scheme, peer.scheme);
}

net::IpAddress applyForwarded(const ForwardedSettings& settings, const ForwardedPeer& peer,
                              uint64_t random_high, uint64_t random_low, HeaderMap& request) {
  const net::IpAddress client = trustedClient(settings, peer, request);
  if (settings.use_remote_address) {
    request.removeIf([](const HeaderEntry& entry) { return isBetweenProxies(entry.name); });
    if (!settings.skip_xff_append && !peer.text.empty()) {
      appendTo(HeaderId::XForwardedFor, peer.text, request);
    }
  }
  setProto(settings, peer, request);
  setRequestId(settings, random_high, random_low, request);
  if (!settings.via.empty()) appendTo(HeaderId::Via, settings.via, request);
  return client;
}

}  // namespace weir::http
