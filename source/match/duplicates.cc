#include "source/match/duplicates.h"

#include <algorithm>
#include <unordered_set>

namespace weir::match {
namespace {

// Entries without groups meet in a leaf of the trie. An entry with a group is walked through the
// trie, along all edges that have a value in common with it.
class GroupOverlaps {
 public:
  GroupOverlaps(const Trie& trie, const ValueTables& tables) : trie_(trie), tables_(tables) {}

  void walk(const Entry& entry, std::vector<ChainPair>& pairs) {
    entry_ = &entry;
    pairs_ = &pairs;
    visit(trie_.root(), 0);
  }

 private:
  void visit(TrieRef ref, int level) {
    if (ref == Nowhere) return;
    const int until = isLeaf(ref) ? LevelCount : indexOf(trie_.node(ref).level);
    // Where the chains below have no predicate, the entry may not have one either.
    for (; level < until; ++level) {
      if (entry_->ids[level] != 0) return;
    }
    if (isLeaf(ref)) {
      const uint32_t other = chainOf(ref);
      if (other != entry_->chain) pairs_->push_back(std::minmax(other, entry_->chain));
      return;
    }
    const Trie::Node& node = trie_.node(ref);
    if (entry_->ids[level] == 0) return visit(node.none, level + 1);
    for (const TrieRef to : edgesInCommon(node, entry_->ids[level])) visit(to, level + 1);
  }

  // Looks up the entry's values among the edges, or the edges among the values, whichever are
  // fewer.
  std::vector<TrieRef> edgesInCommon(const Trie::Node& node, uint32_t id) const {
    std::vector<TrieRef> result;
    const auto add = [&](uint32_t edge) {
      if (const TrieRef to = trie_.find(node, edge); to != Nowhere) result.push_back(to);
    };
    const auto addValue = [&](uint32_t value) {
      add(value);
      for (const auto& member : tables_.groupsOf(node.level, value)) add(member.group);
    };
    if ((id & GroupBit) == 0) {
      addValue(id);
    } else if (const auto& values = valuesOf(node.level, id);
               values.size() < trie_.edges(node).size()) {
      for (const uint32_t value : values) addValue(value);
    } else {
      for (const Trie::Edge& edge : trie_.edges(node)) {
        if (edge.id != 0 && meet(node.level, edge.id, values)) result.push_back(edge.to);
      }
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
  }

  const std::vector<uint32_t>& valuesOf(Level level, uint32_t group) const {
    return tables_.groups[indexOf(level)].values(group);
  }

  bool meet(Level level, uint32_t id, const std::vector<uint32_t>& values) const {
    const auto has = [&values](uint32_t v) {
      return std::binary_search(values.begin(), values.end(), v);
    };
    if ((id & GroupBit) == 0) return has(id);
    const std::vector<uint32_t>& others = valuesOf(level, id);
    return std::any_of(others.begin(), others.end(), has);
  }

  const Trie& trie_;
  const ValueTables& tables_;
  const Entry* entry_ = nullptr;
  std::vector<ChainPair>* pairs_ = nullptr;
};

bool hasGroup(const Entry& entry) {
  return std::any_of(entry.ids.begin(), entry.ids.end(),
                     [](uint32_t id) { return (id & GroupBit) != 0; });
}

std::string textOf(const std::string& value) { return value; }
std::string textOf(uint16_t value) { return std::to_string(value); }
std::string textOf(const net::IpPrefix& value) { return value.toString(); }

template <class Value>
void addCommon(std::string& text, const char* field, const std::vector<Value>& a,
               const std::vector<Value>& b) {
  // Texts are compared because a prefix has no hash; this is for a message.
  std::unordered_set<std::string> in_a;
  for (const Value& value : a) in_a.insert(textOf(value));
  const auto at =
      std::find_if(b.begin(), b.end(), [&](const Value& v) { return in_a.contains(textOf(v)); });
  if (at == b.end()) return;
  if (!text.empty()) text += ", ";
  text += std::string(field) + " " + textOf(*at);
}

}  // namespace

std::vector<ChainPair> findDuplicates(const Trie& trie, const ValueTables& tables,
                                      const std::vector<Entry>& entries) {
  std::vector<ChainPair> pairs = trie.collisions();
  if (tables.grouped == 0) return pairs;
  GroupOverlaps overlaps(trie, tables);
  for (const Entry& entry : entries) {
    if (hasGroup(entry)) overlaps.walk(entry, pairs);
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return pairs;
}

std::string commonValues(const ChainMatch& a, const ChainMatch& b) {
  std::string text;
  addCommon(text, "destination_ports", a.destination_ports, b.destination_ports);
  addCommon(text, "prefix_ranges", a.destination_prefixes, b.destination_prefixes);
  addCommon(text, "server_names", a.server_names, b.server_names);
  if (a.transport != Transport::Any && a.transport == b.transport) {
    addCommon<std::string>(text, "transport_protocol",
                           {a.transport == Transport::Tls ? "tls" : "raw_buffer"},
                           {b.transport == Transport::Tls ? "tls" : "raw_buffer"});
  }
  addCommon(text, "application_protocols", a.application_protocols, b.application_protocols);
  addCommon(text, "direct_source_prefix_ranges", a.direct_source_prefixes,
            b.direct_source_prefixes);
  if (a.source_type != SourceType::Any && a.source_type == b.source_type) {
    const std::string type =
        a.source_type == SourceType::External ? "EXTERNAL" : "SAME_IP_OR_LOOPBACK";
    addCommon<std::string>(text, "source_type", {type}, {type});
  }
  addCommon(text, "source_prefix_ranges", a.source_prefixes, b.source_prefixes);
  addCommon(text, "source_ports", a.source_ports, b.source_ports);
  return text;
}

}  // namespace weir::match
