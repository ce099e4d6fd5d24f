#pragma once

// Finds chains all of whose connections belong to higher-ranked chains. For each chain it makes up
// the connections that the fewest other chains match: addresses, names and protocols that no other
// chain names, wherever the chain leaves the choice. If none of these is given to the chain, none
// is. Where that would take too many connections, or where source and destination cannot be told
// apart, the chain counts as reachable: there is no false accusation.
//
// Used while chains are checked; one thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/filter/facts.h"
#include "source/match/address_space.h"
#include "source/match/listener_limits.h"
#include "source/match/matcher.h"

namespace weir::match {

class Reachability {
 public:
  // All outlive this. `matcher` was compiled from `chains`.
  Reachability(const std::vector<ChainSpec>& chains, const ListenerLimits& limits,
               const Matcher& matcher);

  // If `chain` can never be chosen, though connections match it: the chains that are chosen
  // instead. Else nothing.
  std::vector<size_t> takenBy(size_t chain);

 private:
  using Addresses = std::vector<net::IpAddress>;
  using Within = std::function<bool(const net::IpPrefix&)>;
  struct Endpoints {
    net::IpAddress destination;
    net::IpAddress source;
  };

  // The prefixes of some fields of all chains. Made when it is first needed: most configurations
  // need few.
  struct LazySpace {
    std::vector<std::vector<net::IpPrefix> ChainMatch::*> fields;
    bool with_loopback;  // whether an address is loopback makes a difference of its own
    AddressSpace::Choose choose;
    std::optional<AddressSpace> space = std::nullopt;
  };

  // The connections to try: one of each list. Null or empty texts: none.
  struct Options {
    std::vector<Endpoints> endpoints;
    std::vector<uint16_t> destination_ports;
    std::vector<const std::string*> names;
    std::vector<bool> tls;
    std::vector<const std::string*> protocols;
    Addresses direct_sources;
    std::vector<uint16_t> source_ports;
  };

  // Whether the chain gets one of the connections in options_; adds those who get them to `takers`.
  bool isGivenOne(size_t chain, std::vector<size_t>& takers);
  void setOptions(const ChainMatch& match);
  // Endpoints for the chain whose source is, or is not, SAME_IP_OR_LOOPBACK.
  void setEndpoints(const ChainMatch& match, bool local);
  void addExternal(const net::IpPrefix* destination, const Addresses& destinations,
                   const net::IpPrefix* source);
  void addLocal(const Addresses& destinations, const net::IpPrefix* source);
  void addSame(const net::IpPrefix* destination, const net::IpPrefix& source);
  Addresses destinationsIn(const net::IpPrefix* range);
  // `range` null: anything of the families that the listener may see; a Unix socket, if it may be
  // one.
  Addresses addressesIn(LazySpace& space, const net::IpPrefix* range);
  void represent(LazySpace& space, const net::IpPrefix& range, const Within& within,
                 Addresses& out);

  // Sets facts_ to the option whose number is `n`; false if there are no more.
  bool setFacts(uint64_t n);
  void setServerName(const std::string* name);

  const std::vector<ChainSpec>& chains_;
  const ListenerLimits& limits_;
  const Matcher& matcher_;
  LazySpace destinations_{{&ChainMatch::destination_prefixes}, false, AddressSpace::Choose::Last};
  LazySpace direct_sources_{
      {&ChainMatch::direct_source_prefixes}, false, AddressSpace::Choose::Last};
  LazySpace sources_{{&ChainMatch::source_prefixes}, true, AddressSpace::Choose::First};
  LazySpace both_ends_{{&ChainMatch::destination_prefixes, &ChainMatch::source_prefixes},
                       true,
                       AddressSpace::Choose::First};
  std::string new_label_;  // longer than any name, so no name has it
  Options options_;
  bool incomplete_ = false;  // options_ leave out connections that might be given to the chain
  filter::Facts facts_;
};

}  // namespace weir::match
