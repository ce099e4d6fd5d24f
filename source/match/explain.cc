// Explaining a choice, chain by chain and predicate by predicate. Written plainly from the
// configuration's values, and apart from the compiled matcher, so that what a user is told does not
// depend on what it is meant to explain.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "source/match/level.h"
#include "source/match/matcher.h"

namespace weir::match {
namespace {

using filter::Fact;
using filter::Facts;
using Outcome = PredicateResult::Outcome;

constexpr const char* NotKnown = "(not known)";
constexpr const char* Nothing = "(none)";

std::string textOf(const std::string& value) { return value; }
std::string textOf(uint16_t value) { return std::to_string(value); }
std::string textOf(const net::IpPrefix& value) { return value.toString(); }
std::string textOf(const net::IpAddress& ip) {
  return ip.family == net::Family::None ? "(Unix socket)" : ip.toString();
}
std::string textOf(SourceType type) {
  return type == SourceType::External ? "EXTERNAL" : "SAME_IP_OR_LOOPBACK";
}

template <class Value>
std::string join(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) text += (text.empty() ? "" : ", ") + textOf(value);
  return text;
}

std::string orNothing(std::string text) { return text.empty() ? Nothing : std::move(text); }

// One chain's predicates against the facts, and the rank that it has if they hold.
class Explanation {
 public:
  Explanation(const ChainMatch& match, const Facts& facts) : match_(match), facts_(facts) {
    destinationPorts();
    prefixes(Level::DestinationPrefix, "prefix_ranges", match.destination_prefixes,
             Fact::Destination, facts.destination.ip);
    serverNames();
    transportProtocol();
    applicationProtocols();
    prefixes(Level::DirectSource, "direct_source_prefix_ranges", match.direct_source_prefixes,
             Fact::DirectSource, facts.direct_source);
    sourceType();
    prefixes(Level::SourcePrefix, "source_prefix_ranges", match.source_prefixes, Fact::Source,
             facts.source.ip);
    sourcePorts();
  }

  Rank rank() const { return rank_; }
  std::vector<PredicateResult>& results() { return results_; }
  bool has(Outcome outcome) const {
    return std::any_of(results_.begin(), results_.end(),
                       [outcome](const auto& r) { return r.outcome == outcome; });
  }

 private:
  bool known(Fact fact) const { return facts_.known.has(fact); }

  // A predicate that holds with `specificity` (0: it fails). Where it fails or is not known, the
  // chain is ranked with `at_best`, as if the most specific of its values held.
  void add(Level level, const char* field, std::string expected, bool is_known, std::string actual,
           uint32_t specificity, uint32_t at_best) {
    const Outcome if_known = specificity != 0 ? Outcome::Holds : Outcome::Fails;
    const Outcome outcome = is_known ? if_known : Outcome::Unknown;
    rank_ += rankOf(level, outcome == Outcome::Holds ? specificity : at_best);
    results_.push_back(
        {field, std::move(expected), is_known ? std::move(actual) : NotKnown, outcome});
  }

  void ports(Level level, const char* field, const std::vector<uint16_t>& ports, Fact fact,
             uint16_t actual) {
    if (ports.empty()) return;
    const bool holds = std::find(ports.begin(), ports.end(), actual) != ports.end();
    add(level, field, join(ports), known(fact), textOf(actual), holds ? 1 : 0, 1);
  }
  void destinationPorts() {
    ports(Level::DestinationPort, "destination_ports", match_.destination_ports, Fact::Destination,
          facts_.destination.port);
  }
  void sourcePorts() {
    ports(Level::SourcePort, "source_ports", match_.source_ports, Fact::Source, facts_.source.port);
  }

  void prefixes(Level level, const char* field, const std::vector<net::IpPrefix>& prefixes,
                Fact fact, const net::IpAddress& ip) {
    if (prefixes.empty()) return;
    uint32_t best = 0;
    uint32_t at_best = 0;
    for (const net::IpPrefix& prefix : prefixes) {
      at_best = std::max(at_best, specificityOfPrefix(prefix));
      if (prefix.contains(ip)) best = std::max(best, specificityOfPrefix(prefix));
    }
    add(level, field, join(prefixes), known(fact), textOf(ip), best, at_best);
  }

  void serverNames() {
    if (match_.server_names.empty()) return;
    uint32_t best = 0;
    uint32_t at_best = 0;
    for (const std::string& name : match_.server_names) {
      const bool wildcard = isWildcard(name);
      const uint32_t specificity =
          wildcard ? specificityOfWildcard(suffixOf(name).size()) : ExactName;
      const bool holds =
          wildcard ? facts_.server_name.ends_with(suffixOf(name)) : facts_.server_name == name;
      at_best = std::max(at_best, specificity);
      if (holds) best = std::max(best, specificity);
    }
    add(Level::ServerName, "server_names", join(match_.server_names), known(Fact::ServerName),
        orNothing(facts_.server_name), best, at_best);
  }

  void transportProtocol() {
    if (match_.transport == Transport::Any) return;
    const bool wants_tls = match_.transport == Transport::Tls;
    add(Level::Transport, "transport_protocol", wants_tls ? "tls" : "raw_buffer",
        known(Fact::TransportProtocol), std::string(facts_.transportProtocol()),
        facts_.tls == wants_tls ? 1 : 0, 1);
  }

  void applicationProtocols() {
    const std::vector<std::string>& wanted = match_.application_protocols;
    const std::vector<std::string>& offered = facts_.application_protocols;
    if (wanted.empty()) return;
    const auto isWanted = [&](const auto& p) {
      return std::find(wanted.begin(), wanted.end(), p) != wanted.end();
    };
    const auto at = std::find_if(offered.begin(), offered.end(), isWanted);
    const uint32_t specificity =
        at == offered.end() ? 0 : specificityOfProtocol(static_cast<size_t>(at - offered.begin()));
    add(Level::ApplicationProtocol, "application_protocols", join(wanted),
        known(Fact::ApplicationProtocols), orNothing(join(offered)), specificity, FirstProtocol);
  }

  void sourceType() {
    if (match_.source_type == SourceType::Any) return;
    // Some sources are local whatever the destination is.
    const bool is_local =
        known(Fact::Source) && isSameIpOrLoopback(facts_.source.ip, net::IpAddress{});
    const bool is_known = is_local || (known(Fact::Source) && known(Fact::Destination));
    const bool same = is_local || isSameIpOrLoopback(facts_.source.ip, facts_.destination.ip);
    const SourceType actual = same ? SourceType::SameIpOrLoopback : SourceType::External;
    add(Level::SourceType, "source_type", textOf(match_.source_type), is_known, textOf(actual),
        actual == match_.source_type ? 1 : 0, 1);
  }

  const ChainMatch& match_;
  const Facts& facts_;
  Rank rank_ = 0;
  std::vector<PredicateResult> results_;
};

}  // namespace

std::vector<ChainResult> explain(const std::vector<ChainSpec>& chains, const Facts& facts) {
  std::vector<Explanation> explanations;
  std::vector<size_t> order;
  for (const ChainSpec& chain : chains) {
    order.push_back(explanations.size());
    explanations.emplace_back(chain.match, facts);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return explanations[a].rank() > explanations[b].rank();
  });
  std::vector<ChainResult> results;
  bool open = true;  // no chain so far holds, or may hold once more is known
  for (const size_t chain : order) {
    Explanation& explanation = explanations[chain];
    const bool may_hold = !explanation.has(Outcome::Fails);
    const bool chosen = open && may_hold && !explanation.has(Outcome::Unknown);
    if (may_hold) open = false;
    results.push_back({chain, chosen, std::move(explanation.results())});
  }
  return results;
}

}  // namespace weir::match
