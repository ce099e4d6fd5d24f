#include "source/http/request_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <span>

#include "source/http/characters.h"
#include "source/http/route_match.h"
#include "source/upstream/hash_ring.h"

namespace weir::http {
namespace {

uint64_t hashText(std::string_view text) {
  return upstream::hashBytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::optional<std::string_view> cookieIn(std::string_view pairs, std::string_view name) {
  while (!pairs.empty()) {
    const std::string_view pair = pairs.substr(0, pairs.find(';'));
    pairs.remove_prefix(std::min(pairs.size(), pair.size() + 1));
    const size_t sign = pair.find('=');
    if (sign == std::string_view::npos || trimmed(pair.substr(0, sign)) != name) continue;
    return trimmed(pair.substr(sign + 1));
  }
  return std::nullopt;
}

std::string newCookie(const HashPolicy& policy, std::string_view value) {
  std::string cookie = fmt::format("{}={}", policy.name, value);
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(*policy.cookie_ttl).count();
  if (age > 0) cookie += fmt::format("; Max-Age={}", age);
  if (!policy.cookie_path.empty()) cookie += "; Path=" + policy.cookie_path;
  return cookie + "; HttpOnly";
}

std::optional<uint64_t> hashCookie(const HashPolicy& policy, const HeaderMap& request,
                                   uint64_t random, RequestHash& result) {
  if (const auto value = cookieOf(request, policy.name)) return hashText(*value);
  if (!policy.cookie_ttl) return std::nullopt;
  const std::string value = fmt::format("{:016x}", random);
  result.set_cookies.push_back(newCookie(policy, value));
  return hashText(value);
}

std::optional<uint64_t> hashHeader(const HeaderMap& request, const std::string& name) {
  const HeaderEntry* first = request.find(name);
  if (first == nullptr) return std::nullopt;
  const size_t count = static_cast<size_t>(
      std::count_if(request.entries().begin(), request.entries().end(),
                    [&](const HeaderEntry& entry) { return entry.name == name; }));
  return count == 1 ? hashText(first->value) : hashText(request.joined(name));
}

uint64_t hashAddress(const net::IpAddress& address) {
  return upstream::hashBytes(
      std::span(address.bytes).first(address.family == net::Family::V4 ? 4 : 16));
}

}  // namespace

std::optional<std::string_view> cookieOf(const HeaderMap& request, std::string_view name) {
  if (!request.has(HeaderId::Cookie)) return std::nullopt;
  for (const HeaderEntry& entry : request.entries()) {
    if (entry.id != HeaderId::Cookie) continue;
    if (const auto value = cookieIn(entry.value, name)) return value;
  }
  return std::nullopt;
}

RequestHash hashRequest(const std::vector<HashPolicy>& policies, const HeaderMap& request,
                        const net::IpAddress* source, uint64_t random) {
  RequestHash result;
  for (const HashPolicy& policy : policies) {
    std::optional<uint64_t> hash;
    switch (policy.kind) {
      case HashPolicy::Kind::Header: hash = hashHeader(request, policy.name); break;
      case HashPolicy::Kind::Cookie: hash = hashCookie(policy, request, random, result); break;
      case HashPolicy::Kind::SourceIp:
        if (source != nullptr) hash = hashAddress(*source);
        break;
      case HashPolicy::Kind::QueryParameter:
        if (const auto value = queryParameter(RequestView(request).query, policy.name)) {
          hash = hashText(*value);
        }
        break;
    }
    if (hash) result.hash = std::rotl(result.hash.value_or(0), 1) ^ *hash;
    if (policy.terminal && result.hash) break;
  }
  return result;
}

}  // namespace weir::http
