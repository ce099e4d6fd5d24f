#pragma once

// Finds addresses that stand for whole ranges: in a range, an address that lies in none of the
// narrower prefixes of a set matches the fewest chains, so that if it is taken from a chain, all of
// the range is. Where narrower prefixes cover the range between them, there is one such address for
// each of them, and so on down. Used while chains are checked.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "source/match/prefix_table.h"
#include "source/net/address.h"

namespace weir::match {

class AddressSpace {
 public:
  // More than this many addresses are not collected: the result is then incomplete.
  static constexpr size_t MostAddresses = 16;

  // Which of the addresses that will do: so that two spaces do not choose the same one.
  enum class Choose : uint8_t { First, Last };

  // Every prefix that is distinguished, in any order, repeats allowed.
  AddressSpace(std::vector<net::IpPrefix> prefixes, Choose choose);

  // Appends to `out` the addresses that stand for the part of `range` for which `within` holds:
  // where it fails for a prefix, what lies inside is left out. `range` is one of the prefixes, or
  // all of a family ("0.0.0.0/0", "::/0"), named or not. False if there were too many.
  bool represent(const net::IpPrefix& range,
                 const std::function<bool(const net::IpPrefix&)>& within,
                 std::vector<net::IpAddress>& out) const;

 private:
  struct Node {
    net::IpPrefix prefix;
    uint32_t end = 0;                     // the first node that is not inside this one
    std::optional<net::IpAddress> alone;  // an address in none of the narrower prefixes
  };

  void link();
  void findAlone(Node& node, uint32_t index) const;
  bool collect(uint32_t index, const std::function<bool(const net::IpPrefix&)>& within,
               std::vector<net::IpAddress>& out) const;

  const Choose choose_;
  std::vector<Node> nodes_;  // sorted; a prefix comes before what lies inside it
};

}  // namespace weir::match
