#pragma once

// Compiling chains that are wrong, and saying which.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/match/matcher.h"
#include "test/match/specs.h"

namespace weir::match::test {

inline constexpr SourceType Local = SourceType::SameIpOrLoopback;
inline constexpr SourceType External = SourceType::External;
inline constexpr Transport Tls = Transport::Tls;
inline constexpr Transport Raw = Transport::RawBuffer;

// A listener at `address`, an IP and port or "unix", without a filter that changes the destination.
inline ListenerConstants boundTo(const std::string& address) {
  ListenerConstants constants;
  constants.destination = ipPort(address);
  constants.port_is_fixed = true;
  constants.destination_is_fixed =
      constants.destination.ip.bytes != net::IpAddress{}.bytes || address == "unix";
  return constants;
}

inline std::vector<Diagnostic> errorsOf(const std::vector<ChainSpec>& chains,
                                        const ListenerConstants& constants = {}) {
  Diagnostics diagnostics;
  EXPECT_NE(Matcher::compile(chains, constants, diagnostics), nullptr);
  return diagnostics.errors();
}

// The names of the chains at which there are errors, in the order of the errors.
inline std::string wrong(const std::vector<ChainSpec>& chains,
                         const ListenerConstants& constants = {}) {
  std::string names;
  for (const Diagnostic& error : errorsOf(chains, constants)) {
    names += (names.empty() ? "" : " ") + error.path.substr(std::string("chains.").size());
  }
  return names;
}

}  // namespace weir::match::test
