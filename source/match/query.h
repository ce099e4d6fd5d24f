#pragma once

// One connection's facts as the trie sees them: for each level the most specific value that some
// chain names and that holds, found when it is first asked for. Lives on the stack for one
// question; allocates nothing.

#include <array>
#include <cstdint>

#include "source/filter/facts.h"
#include "source/match/level.h"
#include "source/match/value_tables.h"

namespace weir::match {

class Query {
 public:
  // What to make of a fact that is not known.
  enum class Missing : uint8_t { IsUnknown, IsEmpty };

  Query(const ValueTables& tables, const filter::Facts& facts, Missing missing);

  // Levels whose predicates cannot be told yet.
  LevelMask unknown() const { return unknown_; }
  bool isUnknown(Level level) const { return (unknown_ & bitOf(level)) != 0; }
  // Levels known, so far, to have no value that any chain names: chains with a predicate there
  // fail.
  LevelMask empty() const { return empty_; }
  // The facts that would settle `levels`, out of those not known.
  filter::FactSet missing(LevelMask levels) const;
  // `levels`, and those that the same facts would settle.
  static LevelMask withSameFacts(LevelMask levels);

  // The most specific value that holds; 0 if none does. Not for unknown levels, nor for
  // ApplicationProtocol.
  uint32_t id(Level level) {
    if ((resolved_ & bitOf(level)) == 0) resolve(level);
    return idAt(level);
  }

  // Calls visit(id, specificity) for each protocol of the client that some chain names, in the
  // client's order, until it returns true.
  template <class Visit>
  bool untilProtocol(Visit visit);

 private:
  // A client may repeat itself without end: the first few distinct protocols are kept.
  static constexpr uint8_t MostKept = 8;
  struct Kept {
    uint32_t id;
    uint32_t place;
  };

  static LevelMask unknownLevels(const filter::Facts& facts);
  uint32_t& idAt(Level level) { return ids_[static_cast<size_t>(indexOf(level))]; }
  bool knows(filter::Fact fact) const { return facts_.known.has(fact); }
  uint32_t resolvePrefix(const PrefixTable& table, filter::Fact fact, const net::IpAddress& ip) {
    return knows(fact) ? table.find(ip) : 0;
  }
  uint32_t resolveSourceType() const;
  void resolve(Level level);
  // Reads on in the client's list, keeping what is new and named by a chain, until `kept_` is full.
  void keepProtocols();
  bool isKept(uint32_t id) const;

  const ValueTables& tables_;
  const filter::Facts& facts_;
  const LevelMask unknown_;
  LevelMask resolved_ = 0;
  LevelMask empty_ = 0;
  uint8_t kept_count_ = 0;
  size_t protocols_read_ = 0;
  std::array<uint32_t, LevelCount> ids_;
  std::array<Kept, MostKept> kept_;
};

inline Query::Query(const ValueTables& tables, const filter::Facts& facts, Missing missing)
    : tables_(tables),
      facts_(facts),
      unknown_(missing == Missing::IsEmpty || facts.known == filter::FactSet::all()
                   ? LevelMask{0}
                   : unknownLevels(facts)) {
  // What needs no looking up.
  resolved_ = bitOf(Level::SourcePort) | bitOf(Level::DestinationPort) | bitOf(Level::Transport);
  idAt(Level::SourcePort) = knows(filter::Fact::Source) ? facts.source.port : 0U;
  idAt(Level::DestinationPort) = knows(filter::Fact::Destination) ? facts.destination.port : 0U;
  idAt(Level::Transport) =
      knows(filter::Fact::TransportProtocol) && facts.tls ? TlsId : RawBufferId;
}

template <class Visit>
inline bool Query::untilProtocol(Visit visit) {
  keepProtocols();
  for (uint8_t i = 0; i < kept_count_; ++i) {
    if (visit(kept_[i].id, specificityOfProtocol(kept_[i].place))) return true;
  }
  if (!knows(filter::Fact::ApplicationProtocols)) return false;
  const auto& offered = facts_.application_protocols;
  for (size_t place = protocols_read_; place < offered.size(); ++place) {
    const uint32_t id = tables_.protocols.find(offered[place], 0);
    if (id != 0 && visit(id, specificityOfProtocol(place))) return true;
  }
  return false;
}

}  // namespace weir::match
