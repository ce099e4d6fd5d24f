#pragma once

// Short ways to write down chains and facts for tests. What cannot be parsed fails the test that
// has it.

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/diagnostics.h"
#include "source/filter/facts.h"
#include "source/match/matcher.h"

namespace weir::match::test {

// A chain's match; the fields have the order of ranks.
struct Match {
  std::vector<uint16_t> ports = {};
  std::vector<std::string> prefixes = {};
  std::vector<std::string> names = {};
  Transport transport = Transport::Any;
  std::vector<std::string> alpn = {};
  std::vector<std::string> direct = {};
  SourceType type = SourceType::Any;
  std::vector<std::string> sources = {};
  std::vector<uint16_t> source_ports = {};
};

// Facts; what is left out is not known. Addresses are "IP:PORT", or "unix".
struct Known {
  std::optional<std::string> dst = {};
  std::optional<std::string> src = {};
  std::optional<std::string> direct = {};
  std::optional<bool> tls = {};
  std::optional<std::string> sni = {};
  std::optional<std::vector<std::string>> alpn = {};
};

inline std::vector<net::IpPrefix> prefixesOf(const std::vector<std::string>& texts) {
  std::vector<net::IpPrefix> prefixes;
  for (const std::string& text : texts) {
    const auto prefix = net::IpPrefix::parse(text);
    EXPECT_TRUE(prefix) << text;
    prefixes.push_back(prefix.value_or(net::IpPrefix{}));
  }
  return prefixes;
}

inline net::IpPort ipPort(const std::string& text) {
  if (text == "unix") return {};
  const auto parsed = net::IpPort::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(net::IpPort{});
}

// The chain's path is "chains.NAME".
inline ChainSpec chain(const std::string& name, const Match& m) {
  ChainSpec spec;
  spec.name = name;
  spec.path = "chains." + name;
  spec.match.destination_ports = m.ports;
  spec.match.destination_prefixes = prefixesOf(m.prefixes);
  spec.match.server_names = m.names;
  spec.match.transport = m.transport;
  spec.match.application_protocols = m.alpn;
  spec.match.direct_source_prefixes = prefixesOf(m.direct);
  spec.match.source_type = m.type;
  spec.match.source_prefixes = prefixesOf(m.sources);
  spec.match.source_ports = m.source_ports;
  return spec;
}

inline filter::Facts facts(const Known& k) {
  using filter::Fact;
  filter::Facts facts;
  const auto know = [&facts](Fact fact) { facts.known = facts.known | fact; };
  if (k.dst) know(Fact::Destination), facts.destination = ipPort(*k.dst);
  if (k.src) know(Fact::Source), facts.source = ipPort(*k.src);
  if (k.direct) know(Fact::DirectSource), facts.direct_source = ipPort(*k.direct).ip;
  if (k.tls) know(Fact::TransportProtocol), facts.tls = *k.tls;
  if (k.sni) know(Fact::ServerName), facts.server_name = *k.sni;
  if (k.alpn) know(Fact::ApplicationProtocols), facts.application_protocols = *k.alpn;
  return facts;
}

// The same with everything known: what is left out is empty, or a plain TCP connection between two
// hosts.
inline filter::Facts allFacts(const Known& k) {
  Known full = k;
  if (!full.dst) full.dst = "192.0.2.1:80";
  if (!full.src) full.src = "198.51.100.1:40000";
  if (!full.direct) full.direct = full.src;
  if (!full.tls) full.tls = false;
  if (!full.sni) full.sni = "";
  if (!full.alpn) full.alpn.emplace();
  return facts(full);
}

// Compiles chains that must be right.
inline std::unique_ptr<const Matcher> compileGood(const std::vector<ChainSpec>& chains,
                                                  const ListenerConstants& constants = {}) {
  Diagnostics diagnostics;
  auto matcher = Matcher::compile(chains, constants, diagnostics);
  for (const Diagnostic& error : diagnostics.errors())
    ADD_FAILURE() << error.path << ": " << error.message;
  return matcher;
}

// "NAME", "(none)", or "? fact fact".
inline std::string show(const std::vector<ChainSpec>& chains, const Choice& choice) {
  if (choice.kind == Choice::Kind::Chosen) return chains.at(choice.chain).name;
  if (choice.kind == Choice::Kind::NoChain) return "(none)";
  std::string text = "?";
  for (int i = 0; i < filter::FactCount; ++i) {
    const auto fact = static_cast<filter::Fact>(i);
    if (choice.needed.has(fact)) text += " " + std::string(filter::toString(fact));
  }
  return text;
}

}  // namespace weir::match::test
