#pragma once

// Chooses the filter chain of a connection: the first, in rank order, all of whose predicates hold.
// Rank is Envoy's field order, most specific first: destination port, destination prefix (longer
// first), server name (exact, then the longest wildcard), transport protocol, application protocols
// (in the client's order), direct source prefix, source type, source prefix, source port. Unlike
// Envoy the choice is the best *matching* chain: a more specific chain that fails never hides a
// less specific one that holds. The order of chains in the file means nothing.
//
// A Matcher is compiled once per listener and configuration, is immutable, and may be read by any
// number of threads. Choosing allocates nothing.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "source/base/diagnostics.h"
#include "source/filter/facts.h"
#include "source/match/chain_match.h"

namespace weir::match {

// What the matcher needs to know of a chain. `name` is for messages; `path` is its field path in
// the configuration.
struct ChainSpec {
  std::string name;
  std::string path;
  ChainMatch match;
};

// What the listener says about every connection that it can ever see, for finding chains that
// cannot be chosen.
struct ListenerConstants {
  bool destination_is_fixed =
      false;  // no provider rewrites the destination, and the bound address is not a wildcard
  net::IpPort destination;  // then: the bound address. The port alone is fixed if only the IP is a
                            // wildcard.
  bool port_is_fixed =
      false;  // no provider rewrites the destination: the port is always destination.port
};

// The answer to one question.
struct Choice {
  enum class Kind : uint8_t {
    Chosen,    // `chain` is the index into the specs
    NoChain,   // nothing holds, whatever the unknown facts turn out to be: default chain, or close
    NeedFacts  // the choice hangs on the facts in `needed`; ask again when one of them is known
  };
  Kind kind = Kind::NoChain;
  size_t chain = 0;
  filter::FactSet needed;
};

class Matcher {
 public:
  // Compiles `chains`. Reports to `diagnostics`, each at its chain's path and naming both chains
  // with their paths: chains with the same predicates (also after lists are expanded: the value
  // that both name), and chains that can never be chosen (contradictory predicates, or every
  // connection that they match belongs to higher-ranked chains, or `constants` rule them out).
  // Never null; with errors reported it must not be used for choosing.
  static std::unique_ptr<const Matcher> compile(const std::vector<ChainSpec>& chains,
                                                const ListenerConstants& constants,
                                                Diagnostics& diagnostics);
  virtual ~Matcher() = default;

  // Facts that cost nothing (known ones) prune first. If no chain that could still win depends on
  // an unknown fact, the answer is final; else `needed` has every unknown fact on which a chain
  // that outranks the best certain one still depends.
  virtual Choice choose(const filter::Facts& facts) const = 0;

  // The chain that is chosen if all facts still missing stay empty (raw_buffer, no name, no
  // protocols): the TCP fallback. Never NeedFacts.
  virtual Choice chooseIfRestEmpty(const filter::Facts& facts) const = 0;
};

// One predicate of a chain, held against facts, for people.
struct PredicateResult {
  enum class Outcome : uint8_t { Holds, Fails, Unknown };
  std::string field;     // "destination_ports", as in the configuration
  std::string expected;  // "3306, 5432"
  std::string actual;    // "8080", or "(not known)"
  Outcome outcome = Outcome::Holds;
};

// How one chain fared.
struct ChainResult {
  size_t chain = 0;
  bool chosen = false;
  std::vector<PredicateResult>
      predicates;  // in rank order; those that a chain does not have are left out
};

// Every chain, best rank first, with each of its predicates held against `facts`. For `weir
// explain` and the admin port; not for the data path.
std::vector<ChainResult> explain(const std::vector<ChainSpec>& chains, const filter::Facts& facts);

}  // namespace weir::match
