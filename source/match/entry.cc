#include "source/match/entry.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace weir::match {
namespace {

// A chain may have this many times as many entries as it names values.
constexpr size_t MostEntriesPerValue = 4;

// The distinct values of one chain, level by level, ascending.
using Lists = std::array<std::vector<uint32_t>, LevelCount>;

template <class Values, class Intern>
void setList(std::vector<uint32_t>& list, const Values& values, Intern intern) {
  list.clear();
  for (const auto& value : values) list.push_back(intern(value));
  if (list.size() < 2) return;
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

void setOne(std::vector<uint32_t>& list, uint32_t id) {
  list.clear();
  if (id != 0) list.push_back(id);
}

uint32_t idOf(SourceType type) {
  if (type == SourceType::Any) return 0;
  return type == SourceType::External ? ExternalId : SameIpOrLoopbackId;
}

uint32_t idOf(Transport transport) {
  if (transport == Transport::Any) return 0;
  return transport == Transport::Tls ? TlsId : RawBufferId;
}

void setLists(const ChainMatch& match, ValueTables& tables, Lists& lists) {
  const auto in = [](auto& table) { return [&table](const auto& v) { return table.intern(v); }; };
  const auto port = [](uint16_t p) { return static_cast<uint32_t>(p); };
  const auto protocol = [&tables](const std::string& p) { return tables.protocols.intern(p, 0); };
  const auto at = [&lists](Level level) -> auto& { return lists[indexOf(level)]; };
  setList(at(Level::DirectSource), match.direct_source_prefixes, in(tables.direct_sources));
  setList(at(Level::SourcePrefix), match.source_prefixes, in(tables.sources));
  setList(at(Level::SourcePort), match.source_ports, port);
  setOne(at(Level::SourceType), idOf(match.source_type));
  setList(at(Level::DestinationPort), match.destination_ports, port);
  setList(at(Level::DestinationPrefix), match.destination_prefixes, in(tables.destinations));
  setList(at(Level::ServerName), match.server_names, in(tables.names));
  setOne(at(Level::Transport), idOf(match.transport));
  setList(at(Level::ApplicationProtocol), match.application_protocols, protocol);
}

bool fits(const Lists& lists) {
  size_t product = 1;
  size_t sum = 0;
  for (const auto& list : lists) {
    product *= std::max<size_t>(list.size(), 1);
    sum += list.size();
    // No list is longer than the configuration; stop before the product overflows.
    if (product > UINT32_MAX) return false;
  }
  return product <= std::max<size_t>(MostEntriesPerValue * sum, 1);
}

// The product of the lists, as entries.
void append(const Lists& lists, uint32_t chain, std::vector<Entry>& entries) {
  const size_t first = entries.size();
  entries.push_back({});
  entries.back().chain = chain;
  for (int level = 0; level < LevelCount; ++level) {
    const std::vector<uint32_t>& list = lists[level];
    if (list.empty()) continue;
    const size_t last = entries.size();
    for (size_t i = 1; i < list.size(); ++i) {
      for (size_t e = first; e < last; ++e) {
        entries.push_back(entries[e]);
        entries.back().ids[level] = list[i];
      }
    }
    for (size_t e = first; e < last; ++e) entries[e].ids[level] = list[0];
  }
}

// Chains whose product is too large. A list that becomes a group costs a lookup one probe for each
// other group that has the same value, so of two lists the one is grouped whose values fewer lists
// share.
class Grouping {
 public:
  explicit Grouping(ValueTables& tables) : tables_(tables) {}

  void count(const Lists& lists) {
    for (int level = 0; level < LevelCount; ++level) {
      if (lists[level].size() < 2) continue;
      for (const uint32_t value : lists[level]) ++popularity_[key(level, value)];
    }
  }

  void group(Lists& lists) {
    while (!fits(lists)) {
      const int level = levelToGroup(lists);
      uint32_t specificity = 0;
      for (const uint32_t id : lists[level]) {
        specificity = std::max(specificity, specificityOf(level, id));
      }
      lists[level] = {tables_.groups[level].intern(lists[level], specificity)};
    }
  }

 private:
  static uint64_t key(int level, uint32_t value) {
    return static_cast<uint64_t>(level) << 32 | value;
  }

  uint32_t specificityOf(int level, uint32_t id) const {
    if (level == indexOf(Level::ServerName)) return tables_.names.words()[id + 1];
    if (level == indexOf(Level::DirectSource)) return tables_.direct_sources.words()[id + 1];
    if (level == indexOf(Level::SourcePrefix)) return tables_.sources.words()[id + 1];
    if (level == indexOf(Level::DestinationPrefix)) return tables_.destinations.words()[id + 1];
    return 1;
  }

  int levelToGroup(const Lists& lists) const {
    int best = -1;
    std::pair<size_t, size_t> best_cost;
    for (int level = 0; level < LevelCount; ++level) {
      if (lists[level].size() < 2) continue;
      size_t shared = 0;
      for (const uint32_t value : lists[level]) {
        shared = std::max(shared, popularity_.at(key(level, value)));
      }
      // Of two that are shared alike, the longer one.
      const std::pair<size_t, size_t> cost{shared, SIZE_MAX - lists[level].size()};
      if (best >= 0 && best_cost <= cost) continue;
      best = level;
      best_cost = cost;
    }
    return best;
  }

  ValueTables& tables_;
  std::unordered_map<uint64_t, size_t> popularity_;
};

}  // namespace

std::vector<Entry> expand(const std::vector<ChainSpec>& chains, ValueTables& tables) {
  std::vector<Entry> entries;
  entries.reserve(chains.size());
  Lists lists;
  std::vector<uint32_t> large;
  Grouping grouping(tables);
  for (uint32_t chain = 0; chain < chains.size(); ++chain) {
    setLists(chains[chain].match, tables, lists);
    if (fits(lists)) {
      append(lists, chain, entries);
    } else {
      large.push_back(chain);
      grouping.count(lists);
    }
  }
  for (const uint32_t chain : large) {
    setLists(chains[chain].match, tables, lists);
    grouping.group(lists);
    append(lists, chain, entries);
  }
  tables.link();
  return entries;
}

}  // namespace weir::match
