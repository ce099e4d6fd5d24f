#include "source/http/characters.h"

#include <algorithm>
#include <cstring>

namespace weir::http {
namespace {

constexpr bool isAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

constexpr bool isDigit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<char, 256> makeTokenLower() {
  std::array<char, 256> table{};
  for (int i = 0; i < 128; ++i) {
    const char c = static_cast<char>(i);
    if (isAlphanumeric(c)) table[i] = lowerCase(c);
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<uint8_t>(c)] = c;
  return table;
}

constexpr std::array<bool, 256> makeHost(std::string_view others) {
  std::array<bool, 256> table{};
  for (int i = 0; i < 128; ++i) table[i] = isAlphanumeric(static_cast<char>(i));
  for (const char c : others) table[static_cast<uint8_t>(c)] = true;
  return table;
}

constexpr std::array<bool, 256> RegName = makeHost("-._~!$&'()*+,;=%");
constexpr std::array<bool, 256> IpLiteral = makeHost("-._~!$&'()*+,;=:");

bool allIn(const std::array<bool, 256>& table, std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [&](char c) { return table[static_cast<uint8_t>(c)]; });
}

// Behind the host: nothing, or a colon and a port. An empty port is one that was left out.
bool isPortPart(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != ':' || text.size() > 6) return false;
  unsigned port = 0;
  for (const char c : text.substr(1)) {
    if (!isDigit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

// The length of the host, with its brackets.
size_t hostSize(std::string_view authority) {
  if (authority.empty() || authority.front() != '[') {
    return std::min(authority.find(':'), authority.size());
  }
  const size_t close = authority.find(']');
  return close == std::string_view::npos ? authority.size() : close + 1;
}

// Eight bytes at a time, without a branch for each. Both tell whether there is one, and not which.
constexpr uint64_t Ones = 0x0101010101010101;
constexpr uint64_t Highs = 0x8080808080808080;

constexpr uint64_t anyBelow(uint64_t bytes, uint8_t bound) {
  return (bytes - Ones * bound) & ~bytes & Highs;
}
constexpr uint64_t anyIs(uint64_t bytes, uint8_t wanted) {
  return anyBelow(bytes ^ (Ones * wanted), 1);
}

uint64_t eightBytes(const char* from) {
  uint64_t bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  return bytes;
}

// `found` of some eight bytes of `text` is not 0. What a shorter text lacks is 'x'.
template <class Found>
bool anyFound(std::string_view text, Found found) {
  if (text.size() < 8) {
    uint64_t bytes = Ones * 'x';
    for (const char c : text) bytes = bytes << 8 | static_cast<uint8_t>(c);
    return found(bytes) != 0;
  }
  const char* const last = text.data() + text.size() - 8;
  uint64_t any = found(eightBytes(last));
  for (const char* at = text.data(); at < last; at += 8) any |= found(eightBytes(at));
  return any != 0;
}

}  // namespace

const std::array<char, 256> TokenLower = makeTokenLower();

bool isToken(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return tokenLower(c) != 0; });
}

bool isFieldValue(std::string_view text) {
  const auto control = [](uint64_t bytes) { return anyBelow(bytes, 0x20) | anyIs(bytes, 0x7f); };
  if (!anyFound(text, control)) return true;
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool isTarget(std::string_view text) {
  const auto misplaced = [](uint64_t bytes) {
    return anyBelow(bytes, 0x21) | anyIs(bytes, 0x7f) | anyIs(bytes, '#');
  };
  return !text.empty() && !anyFound(text, misplaced);
}

bool isAuthority(std::string_view text) {
  const std::string_view host = text.substr(0, hostSize(text));
  if (!isPortPart(text.substr(host.size()))) return false;
  if (host.empty() || host.front() != '[') return allIn(RegName, host);
  return host.size() > 2 && host.back() == ']' && allIn(IpLiteral, host.substr(1, host.size() - 2));
}

bool hasPort(std::string_view authority) { return authority.size() > hostSize(authority) + 1; }

std::string_view trimmed(std::string_view text) {
  const auto isSpace = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view takeElement(std::string_view& list) {
  const size_t comma = std::min(list.find(','), list.size());
  const std::string_view element = trimmed(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return element;
}

}  // namespace weir::http
