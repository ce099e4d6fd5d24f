#include "source/match/query.h"

namespace weir::match {

using filter::Fact;
using filter::FactSet;

LevelMask Query::unknownLevels(const filter::Facts& facts) {
  LevelMask levels = 0;
  const auto add = [&](Fact fact, LevelMask of_fact) {
    if (!facts.known.has(fact)) levels |= of_fact;
  };
  add(Fact::DirectSource, bitOf(Level::DirectSource));
  add(Fact::Source,
      bitOf(Level::SourcePrefix) | bitOf(Level::SourcePort) | bitOf(Level::SourceType));
  add(Fact::Destination, bitOf(Level::DestinationPort) | bitOf(Level::DestinationPrefix));
  add(Fact::ServerName, bitOf(Level::ServerName));
  add(Fact::TransportProtocol, bitOf(Level::Transport));
  add(Fact::ApplicationProtocols, bitOf(Level::ApplicationProtocol));
  // A source that is local whatever the destination is has a type already.
  if (facts.known.has(Fact::Source) && !facts.known.has(Fact::Destination) &&
      !isSameIpOrLoopback(facts.source.ip, net::IpAddress{})) {
    levels |= bitOf(Level::SourceType);
  }
  return levels;
}

FactSet Query::missing(LevelMask levels) const {
  FactSet facts;
  const auto add = [&](LevelMask of_fact, FactSet fact) {
    if ((levels & of_fact) != 0) facts = facts | fact;
  };
  add(bitOf(Level::DirectSource), Fact::DirectSource);
  add(bitOf(Level::SourcePrefix) | bitOf(Level::SourcePort), Fact::Source);
  add(bitOf(Level::SourceType), Fact::Source | Fact::Destination);
  add(bitOf(Level::DestinationPort) | bitOf(Level::DestinationPrefix), Fact::Destination);
  add(bitOf(Level::ServerName), Fact::ServerName);
  add(bitOf(Level::Transport), Fact::TransportProtocol);
  add(bitOf(Level::ApplicationProtocol), Fact::ApplicationProtocols);
  return facts.without(facts_.known);
}

LevelMask Query::withSameFacts(LevelMask levels) {
  constexpr LevelMask Source = bitOf(Level::SourcePrefix) | bitOf(Level::SourcePort);
  constexpr LevelMask Destination = bitOf(Level::DestinationPort) | bitOf(Level::DestinationPrefix);
  if ((levels & Source) != 0) levels |= Source;
  if ((levels & Destination) != 0) levels |= Destination;
  if ((levels & Source) != 0 && (levels & Destination) != 0) levels |= bitOf(Level::SourceType);
  return levels;
}

uint32_t Query::resolveSourceType() const {
  static const net::IpAddress None;
  const net::IpAddress& source = knows(Fact::Source) ? facts_.source.ip : None;
  const net::IpAddress& destination = knows(Fact::Destination) ? facts_.destination.ip : None;
  return isSameIpOrLoopback(source, destination) ? SameIpOrLoopbackId : ExternalId;
}

void Query::resolve(Level level) {
  uint32_t id = 0;
  if (level == Level::DestinationPrefix) {
    id = resolvePrefix(tables_.destinations, Fact::Destination, facts_.destination.ip);
  } else if (level == Level::ServerName) {
    id = knows(Fact::ServerName) ? tables_.names.find(facts_.server_name) : 0;
  } else if (level == Level::SourcePrefix) {
    id = resolvePrefix(tables_.sources, Fact::Source, facts_.source.ip);
  } else if (level == Level::DirectSource) {
    id = resolvePrefix(tables_.direct_sources, Fact::DirectSource, facts_.direct_source);
  } else {
    id = resolveSourceType();
  }
  idAt(level) = id;
  resolved_ |= bitOf(level);
  if (id == 0) empty_ |= bitOf(level);
}

bool Query::isKept(uint32_t id) const {
  for (uint8_t i = 0; i < kept_count_; ++i) {
    if (kept_[i].id == id) return true;
  }
  return false;
}

void Query::keepProtocols() {
  if (!knows(Fact::ApplicationProtocols)) {
    empty_ |= bitOf(Level::ApplicationProtocol);
    return;
  }
  const auto& offered = facts_.application_protocols;
  for (; protocols_read_ < offered.size() && kept_count_ < MostKept; ++protocols_read_) {
    const uint32_t id = tables_.protocols.find(offered[protocols_read_], 0);
    if (id == 0 || isKept(id)) continue;
    kept_[kept_count_++] = {id, static_cast<uint32_t>(protocols_read_)};
  }
  if (kept_count_ == 0) empty_ |= bitOf(Level::ApplicationProtocol);
}

}  // namespace weir::match
