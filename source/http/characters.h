#pragma once

// What the bytes of a message may be (RFC 9110 5.5, 5.6.2; RFC 3986 3.2). Any thread.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http {

// A character of a token in lower case; 0 if it cannot be in one.
extern const std::array<char, 256> TokenLower;

inline char tokenLower(char c) { return TokenLower[static_cast<uint8_t>(c)]; }

// A name of a field, a method: at least one character, of those that a token may have.
bool isToken(std::string_view text);
// No control byte but the tab; whatever is above ASCII passes.
bool isFieldValue(std::string_view text);
// What may follow a method: no space, no control byte, no fragment.
bool isTarget(std::string_view text);
// A host, and a port if there is one; no user information.
bool isAuthority(std::string_view text);
bool hasPort(std::string_view authority);
// Case is that of ASCII's letters.
constexpr char lowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
inline std::string lowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = lowerCase(c);
  return lower;
}
inline bool equalIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lowerCase(x) == lowerCase(y); });
}
// Without spaces and tabs on either side.
std::string_view trimmed(std::string_view text);
// Up to the next comma of `list`, trimmed; takes it off. A list of n elements gives n, some of them
// maybe empty.
std::string_view takeElement(std::string_view& list);

}  // namespace weir::http
