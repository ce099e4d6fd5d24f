#pragma once

// Port lists as users write them: "25,587, 8000-8010,mysql,", or changes to another list:
// "+8080,-5432". Plain values and pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"

namespace weir::mesh {

// Both ends are in it. Requires: 1 <= first <= last.
struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;
  bool operator==(const PortRange&) const = default;
};

// Ports, each once. No range touches another one, so equal sets have equal ranges and one text.
class PortSet {
 public:
  PortSet() = default;
  PortSet(std::initializer_list<PortRange> ranges) {
    for (const PortRange& range : ranges) add(range);
  }

  void add(PortRange range);
  void add(const PortSet& other);
  void remove(PortRange range);
  void remove(const PortSet& other);

  bool contains(uint16_t port) const;
  bool empty() const { return ranges_.empty(); }
  // How many ports.
  size_t size() const;
  // In order.
  std::span<const PortRange> ranges() const { return ranges_; }
  // Calls visit(uint16_t) for each port, in order.
  template <class Visit>
  void forEachPort(Visit visit) const {
    for (const PortRange& range : ranges_) {
      for (uint32_t port = range.first; port <= range.last; ++port)
        visit(static_cast<uint16_t>(port));
    }
  }

  // The canonical list, "25,587,8000-8010", which parsePortList reads back; "" for no ports.
  std::string toString() const;

  bool operator==(const PortSet&) const = default;

 private:
  std::vector<PortRange> ranges_;
};

// A port of the object that a list is for, as a container or a service names it.
struct NamedPort {
  std::string name;
  uint16_t port = 0;
};

// What a list says: a set that replaces what holds without it, or changes to that.
class PortList {
 public:
  struct Change {
    bool add = true;
    PortSet ports;
  };

  explicit PortList(PortSet ports) : ports_(std::move(ports)) {}
  explicit PortList(std::vector<Change> changes) : changes_(std::move(changes)) {}

  bool replaces() const { return changes_.empty(); }
  // Requires: replaces().
  const PortSet& ports() const { return ports_; }
  // In the order in which they were written, in which they hold: "+8000-8010,-8005". None if the
  // list replaces.
  std::span<const Change> changes() const { return changes_; }
  // What holds where `lower` would without this list.
  PortSet over(const PortSet& lower) const;

 private:
  PortSet ports_;
  std::vector<Change> changes_;
};

// Entries, with commas between them and white space around: numbers from 1 to 65535, ranges with
// both ends, names of `names`; each with a sign, or none of them. A comma may stand behind the last
// entry. Nothing, or only white space, is the empty set. The error names every bad entry; whose
// list it is, the caller says.
Result<PortList> parsePortList(std::string_view text, std::span<const NamedPort> names);

}  // namespace weir::mesh
