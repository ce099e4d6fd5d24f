#include "source/match/reachability.h"

#include <algorithm>

#include "source/match/impossible.h"
#include "source/match/level.h"

namespace weir::match {
namespace {

using net::Family;
using net::IpAddress;
using net::IpPrefix;
using Prefixes = std::vector<IpPrefix>;

constexpr size_t MostEndpoints = 256;
constexpr uint64_t MostTries = 4096;

bool anything(const IpPrefix&) { return true; }
bool notLoopback(const IpPrefix& prefix) { return !isWithin(prefix, loopback(prefix.base.family)); }

const IpPrefix& all(Family family) {
  static const IpPrefix V4 = *IpPrefix::parse("0.0.0.0/0");
  static const IpPrefix V6 = *IpPrefix::parse("::/0");
  return family == Family::V4 ? V4 : V6;
}

// What to put where a list is empty, else the list.
template <class Value>
void setList(std::vector<Value>& list, const std::vector<Value>& values, Value if_empty) {
  list = values;
  if (list.empty()) list.push_back(if_empty);
}

void setTexts(std::vector<const std::string*>& list, const std::vector<std::string>& texts) {
  list.clear();
  for (const std::string& text : texts) list.push_back(&text);
  if (list.empty()) list.push_back(nullptr);
}

// The prefixes, or null for "no predicate".
std::vector<const IpPrefix*> rangesOf(const Prefixes& prefixes) {
  std::vector<const IpPrefix*> ranges;
  for (const IpPrefix& prefix : prefixes) ranges.push_back(&prefix);
  if (ranges.empty()) ranges.push_back(nullptr);
  return ranges;
}

}  // namespace

Reachability::Reachability(const std::vector<ChainSpec>& chains, const ListenerLimits& limits,
                           const Matcher& matcher)
    : chains_(chains), limits_(limits), matcher_(matcher) {
  size_t longest = 0;
  for (const ChainSpec& chain : chains) {
    for (const std::string& name : chain.match.server_names)
      longest = std::max(longest, name.size());
  }
  new_label_.assign(longest + 1, 'x');
  facts_.known = filter::FactSet::all();
}

std::vector<size_t> Reachability::takenBy(size_t chain) {
  const ChainMatch& match = chains_[chain].match;
  std::vector<size_t> takers;
  setOptions(match);
  for (const bool local : {true, false}) {
    if (match.source_type == (local ? SourceType::External : SourceType::SameIpOrLoopback))
      continue;
    setEndpoints(match, local);
    if (isGivenOne(chain, takers)) return {};
  }
  if (incomplete_) return {};
  return takers;
}

bool Reachability::isGivenOne(size_t chain, std::vector<size_t>& takers) {
  for (uint64_t n = 0; setFacts(n); ++n) {
    const Choice choice = matcher_.choose(facts_);
    if (choice.kind != Choice::Kind::Chosen || choice.chain == chain) return true;
    if (std::find(takers.begin(), takers.end(), choice.chain) == takers.end())
      takers.push_back(choice.chain);
    if (n >= MostTries) {
      incomplete_ = true;
      return false;
    }
  }
  return false;
}

void Reachability::setOptions(const ChainMatch& match) {
  incomplete_ = false;
  // Nothing names port 0.
  setList<uint16_t>(options_.destination_ports, match.destination_ports, 0);
  if (limits_.port()) options_.destination_ports = {*limits_.port()};
  setList<uint16_t>(options_.source_ports, match.source_ports, 0);
  setTexts(options_.names, match.server_names);
  setTexts(options_.protocols, match.application_protocols);
  // Only TLS carries a name.
  options_.tls.clear();
  if (match.transport != Transport::Tls && match.server_names.empty())
    options_.tls.push_back(false);
  if (match.transport != Transport::RawBuffer) options_.tls.push_back(true);
  options_.direct_sources.clear();
  for (const IpPrefix* range : rangesOf(match.direct_source_prefixes)) {
    const Addresses some = addressesIn(direct_sources_, range);
    options_.direct_sources.insert(options_.direct_sources.end(), some.begin(), some.end());
  }
}

void Reachability::setEndpoints(const ChainMatch& match, bool local) {
  options_.endpoints.clear();
  for (const IpPrefix* destination : rangesOf(match.destination_prefixes)) {
    const Addresses destinations = destinationsIn(destination);
    for (const IpPrefix* source : rangesOf(match.source_prefixes)) {
      if (options_.endpoints.size() > MostEndpoints) {
        incomplete_ = true;
        return;
      }
      if (!local) {
        addExternal(destination, destinations, source);
        continue;
      }
      addLocal(destinations, source);
      if (source != nullptr) addSame(destination, *source);
    }
  }
}

void Reachability::addExternal(const IpPrefix* destination, const Addresses& destinations,
                               const IpPrefix* source) {
  Addresses sources;
  if (source != nullptr) {
    represent(sources_, *source, notLoopback, sources);
  } else {
    represent(sources_, all(Family::V4), notLoopback, sources);
    represent(sources_, all(Family::V6), notLoopback, sources);
  }
  const bool one_destination =
      limits_.ip() || (destination != nullptr && isOneAddress(*destination));
  const bool no_choice = one_destination && source != nullptr && isOneAddress(*source);
  for (const IpAddress& from : sources) {
    for (const IpAddress& to : destinations) {
      if (from != to) options_.endpoints.push_back({to, from});
      // Other addresses of the same ranges might do.
      if (from == to && !no_choice) incomplete_ = true;
    }
  }
}

void Reachability::addLocal(const Addresses& destinations, const IpPrefix* source) {
  Addresses sources;
  if (source == nullptr) {
    sources.push_back({});  // a Unix socket
  } else if (!notLoopback(*source)) {
    represent(sources_, *source, anything, sources);
  } else if (const IpPrefix& part = loopback(source->base.family); isWithin(part, *source)) {
    represent(sources_, part, anything, sources);
  }
  for (const IpAddress& from : sources) {
    for (const IpAddress& to : destinations) options_.endpoints.push_back({to, from});
  }
}

// Connections from an address to itself.
void Reachability::addSame(const IpPrefix* destination, const IpPrefix& source) {
  Addresses both;
  if (destination == nullptr || isWithin(source, *destination)) {
    represent(both_ends_, source, anything, both);
  } else if (isWithin(*destination, source)) {
    represent(both_ends_, *destination, anything, both);
  }
  if (limits_.ip()) {
    const bool holds = source.contains(*limits_.ip()) &&
                       (destination == nullptr || destination->contains(*limits_.ip()));
    both.assign(holds ? 1 : 0, *limits_.ip());
  }
  for (const IpAddress& ip : both) {
    if (limits_.mayBe(ip.family)) options_.endpoints.push_back({ip, ip});
  }
}

Reachability::Addresses Reachability::destinationsIn(const IpPrefix* range) {
  if (!limits_.ip()) return addressesIn(destinations_, range);
  if (range != nullptr && !range->contains(*limits_.ip())) return {};
  return {*limits_.ip()};
}

Reachability::Addresses Reachability::addressesIn(LazySpace& space, const IpPrefix* range) {
  Addresses result;
  if (range == nullptr && limits_.mayBe(Family::None)) return {IpAddress{}};
  for (const Family family : {Family::V4, Family::V6}) {
    if (!limits_.mayBe(family)) continue;
    if (range == nullptr) represent(space, all(family), anything, result);
    if (range != nullptr && range->base.family == family)
      represent(space, *range, anything, result);
  }
  return result;
}

void Reachability::represent(LazySpace& space, const IpPrefix& range, const Within& within,
                             Addresses& out) {
  if (!space.space) {
    Prefixes prefixes;
    for (const ChainSpec& chain : chains_) {
      for (const auto field : space.fields) {
        const Prefixes& of_chain = chain.match.*field;
        prefixes.insert(prefixes.end(), of_chain.begin(), of_chain.end());
      }
    }
    if (space.with_loopback)
      prefixes.insert(prefixes.end(), {loopback(Family::V4), loopback(Family::V6)});
    space.space.emplace(std::move(prefixes), space.choose);
  }
  if (!space.space->represent(range, within, out)) incomplete_ = true;
}

bool Reachability::setFacts(uint64_t n) {
  bool more = true;
  // The digits of n, in a system in which each place has as many digits as an option has values.
  const auto next = [&n, &more](const auto& values) -> size_t {
    more = more && !values.empty();
    const size_t digit = values.empty() ? 0 : n % values.size();
    n = values.empty() ? 0 : n / values.size();
    return digit;
  };
  const size_t endpoints = next(options_.endpoints);
  const size_t tls = next(options_.tls);
  const size_t name = next(options_.names);
  const size_t port = next(options_.destination_ports);
  const size_t protocol = next(options_.protocols);
  const size_t direct_source = next(options_.direct_sources);
  const size_t source_port = next(options_.source_ports);
  if (!more || n != 0) return false;
  facts_.destination = {options_.endpoints[endpoints].destination,
                        options_.destination_ports[port]};
  facts_.source = {options_.endpoints[endpoints].source, options_.source_ports[source_port]};
  facts_.direct_source = options_.direct_sources[direct_source];
  facts_.tls = options_.tls[tls];
  setServerName(options_.names[name]);
  facts_.application_protocols.clear();
  if (options_.protocols[protocol] != nullptr)
    facts_.application_protocols.push_back(*options_.protocols[protocol]);
  return true;
}

void Reachability::setServerName(const std::string* name) {
  if (name == nullptr) {
    facts_.server_name.clear();
  } else if (isWildcard(*name)) {
    facts_.server_name.assign(new_label_).append(suffixOf(*name));
  } else {
    facts_.server_name = *name;
  }
}

}  // namespace weir::match
