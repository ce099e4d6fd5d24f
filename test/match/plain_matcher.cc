#include "test/match/plain_matcher.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>

namespace weir::match::test {
namespace {

using filter::Fact;
using filter::Facts;
using filter::FactSet;

// How specific each predicate of a chain is, in rank order; 0 where it has none.
using Specificity = std::array<long, 9>;

struct Fared {
  Specificity rank{};
  FactSet open;  // unknown facts that it depends on
};

struct Predicate {
  FactSet needs;                            // facts that must be known before it can be told
  std::function<long(bool known)> measure;  // how specific; 0: does not hold. Not known: at best
};

long portRank(const std::vector<uint16_t>& ports, uint16_t port, bool known) {
  return !known || std::find(ports.begin(), ports.end(), port) != ports.end() ? 1 : 0;
}

long prefixRank(const std::vector<net::IpPrefix>& prefixes, const net::IpAddress& ip, bool known) {
  long best = 0;
  for (const net::IpPrefix& prefix : prefixes) {
    if (!known || prefix.contains(ip)) best = std::max(best, prefix.length + 1L);
  }
  return best;
}

long nameRank(const std::vector<std::string>& names, const std::string& sni, bool known) {
  long best = 0;
  for (const std::string& name : names) {
    const bool wildcard = name[0] == '*';
    const std::string_view suffix = std::string_view(name).substr(1);
    const bool holds = wildcard ? std::string_view(sni).ends_with(suffix) : sni == name;
    const long specificity = wildcard ? static_cast<long>(suffix.size()) : 1000000L;
    if (!known || holds) best = std::max(best, specificity);
  }
  return best;
}

long protocolRank(const std::vector<std::string>& protocols, const Facts& facts, bool known) {
  const std::vector<std::string>& offered = facts.application_protocols;
  if (!known) return 1000000L;
  for (size_t i = 0; i < offered.size(); ++i) {
    if (std::find(protocols.begin(), protocols.end(), offered[i]) != protocols.end()) {
      return 1000000L - static_cast<long>(i);
    }
  }
  return 0;
}

bool isLocal(const net::IpAddress& source, const net::IpAddress& destination) {
  return source.family == net::Family::None || source.isLoopback() || source == destination;
}

long typeRank(SourceType type, const Facts& facts, bool known) {
  const bool local = isLocal(facts.source.ip, facts.destination.ip);
  return !known || local == (type == SourceType::SameIpOrLoopback) ? 1 : 0;
}

FactSet needsOfType(const Facts& facts) {
  // A loopback source, or a Unix socket, is local whatever the destination.
  const bool settled = facts.known.has(Fact::Source) && isLocal(facts.source.ip, net::IpAddress{});
  return settled ? FactSet(Fact::Source) : Fact::Source | Fact::Destination;
}

// The chain's predicates in rank order; nothing where it has none.
std::array<std::optional<Predicate>, 9> predicatesOf(const ChainMatch& m, const Facts& f) {
  std::array<std::optional<Predicate>, 9> all;
  const auto set = [&](size_t at, bool present, FactSet needs, std::function<long(bool)> measure) {
    if (present) all[at] = Predicate{needs, std::move(measure)};
  };
  set(0, !m.destination_ports.empty(), Fact::Destination,
      [&](bool known) { return portRank(m.destination_ports, f.destination.port, known); });
  set(1, !m.destination_prefixes.empty(), Fact::Destination,
      [&](bool known) { return prefixRank(m.destination_prefixes, f.destination.ip, known); });
  set(2, !m.server_names.empty(), Fact::ServerName,
      [&](bool known) { return nameRank(m.server_names, f.server_name, known); });
  set(3, m.transport != Transport::Any, Fact::TransportProtocol,
      [&](bool known) { return !known || f.tls == (m.transport == Transport::Tls) ? 1L : 0L; });
  set(4, !m.application_protocols.empty(), Fact::ApplicationProtocols,
      [&](bool known) { return protocolRank(m.application_protocols, f, known); });
  set(5, !m.direct_source_prefixes.empty(), Fact::DirectSource,
      [&](bool known) { return prefixRank(m.direct_source_prefixes, f.direct_source, known); });
  set(6, m.source_type != SourceType::Any, needsOfType(f),
      [&](bool known) { return typeRank(m.source_type, f, known); });
  set(7, !m.source_prefixes.empty(), Fact::Source,
      [&](bool known) { return prefixRank(m.source_prefixes, f.source.ip, known); });
  set(8, !m.source_ports.empty(), Fact::Source,
      [&](bool known) { return portRank(m.source_ports, f.source.port, known); });
  return all;
}

// Nothing if a known fact rules the chain out.
std::optional<Fared> fare(const ChainMatch& match, const Facts& facts) {
  Fared fared;
  const auto predicates = predicatesOf(match, facts);
  for (size_t i = 0; i < predicates.size(); ++i) {
    if (!predicates[i]) continue;
    const FactSet open = predicates[i]->needs.without(facts.known);
    fared.rank[i] = predicates[i]->measure(open.empty());
    if (fared.rank[i] == 0) return std::nullopt;
    fared.open = fared.open | open;
  }
  return fared;
}

bool intersects(const auto& a, const auto& b) {
  if (a.empty() && b.empty()) return true;
  return std::any_of(a.begin(), a.end(),
                     [&b](const auto& v) { return std::find(b.begin(), b.end(), v) != b.end(); });
}

}  // namespace

Choice plainChoose(const std::vector<ChainSpec>& chains, const Facts& facts) {
  Choice choice;
  Specificity best;
  for (size_t i = 0; i < chains.size(); ++i) {
    const std::optional<Fared> fared = fare(chains[i].match, facts);
    if (!fared || !fared->open.empty()) continue;
    if (choice.kind == Choice::Kind::Chosen && fared->rank <= best) continue;
    choice = {Choice::Kind::Chosen, i, {}};
    best = fared->rank;
  }
  FactSet needed;
  for (const ChainSpec& chain : chains) {
    const std::optional<Fared> fared = fare(chain.match, facts);
    if (!fared || fared->open.empty()) continue;
    if (choice.kind != Choice::Kind::Chosen || fared->rank > best) needed = needed | fared->open;
  }
  if (!needed.empty()) return {Choice::Kind::NeedFacts, 0, needed};
  return choice;
}

Choice plainChooseIfRestEmpty(const std::vector<ChainSpec>& chains, const Facts& facts) {
  Facts complete;
  complete.known = FactSet::all();
  if (facts.known.has(Fact::Destination)) complete.destination = facts.destination;
  if (facts.known.has(Fact::Source)) complete.source = facts.source;
  if (facts.known.has(Fact::DirectSource)) complete.direct_source = facts.direct_source;
  if (facts.known.has(Fact::TransportProtocol)) complete.tls = facts.tls;
  if (facts.known.has(Fact::ServerName)) complete.server_name = facts.server_name;
  if (facts.known.has(Fact::ApplicationProtocols)) {
    complete.application_protocols = facts.application_protocols;
  }
  return plainChoose(chains, complete);
}

bool plainDuplicates(const ChainMatch& a, const ChainMatch& b) {
  return a.transport == b.transport && a.source_type == b.source_type &&
         intersects(a.destination_ports, b.destination_ports) &&
         intersects(a.destination_prefixes, b.destination_prefixes) &&
         intersects(a.server_names, b.server_names) &&
         intersects(a.application_protocols, b.application_protocols) &&
         intersects(a.direct_source_prefixes, b.direct_source_prefixes) &&
         intersects(a.source_prefixes, b.source_prefixes) &&
         intersects(a.source_ports, b.source_ports);
}

}  // namespace weir::match::test
