#include "source/server/learned_servers.h"

namespace weir::server {

void LearnedServers::setLimits(size_t max_entries, Duration ttl) {
  max_entries_ = max_entries;
  ttl_ = ttl;
  forgetDownTo(max_entries_);
}

void LearnedServers::forgetDownTo(size_t entries) {
  while (entries_.size() > entries) {
    by_destination_.erase(entries_.back().destination);
    entries_.pop_back();
  }
}

// The entry, unless it has expired.
std::list<LearnedServers::Entry>::iterator LearnedServers::find(const net::IpPort& destination,
                                                                MonotonicTime now) {
  const auto it = by_destination_.find(destination);
  if (it == by_destination_.end()) return entries_.end();
  if (it->second->expires > now) return it->second;
  entries_.erase(it->second);
  by_destination_.erase(it);
  return entries_.end();
}

bool LearnedServers::expects(const net::IpPort& destination, MonotonicTime now) {
  const auto entry = find(destination, now);
  return entry != entries_.end() && !entry->mixed;
}

bool LearnedServers::learn(const net::IpPort& destination, MonotonicTime now) {
  if (max_entries_ == 0) return false;
  if (const auto entry = find(destination, now); entry != entries_.end()) {
    if (entry->mixed) return false;
    entry->expires = now + ttl_;
    entries_.splice(entries_.begin(), entries_, entry);
    return false;
  }
  forgetDownTo(max_entries_ - 1);
  entries_.push_front({destination, now + ttl_});
  by_destination_.emplace(destination, entries_.begin());
  return true;
}

bool LearnedServers::contradict(const net::IpPort& destination, MonotonicTime now) {
  const auto entry = find(destination, now);
  if (entry == entries_.end() || entry->mixed) return false;
  entry->mixed = true;
  entry->expires = now + ttl_;
  return true;
}

void LearnedServers::forEach(MonotonicTime now,
                             const std::function<void(const Known&)>& visit) const {
  for (const Entry& entry : entries_) {
    if (entry.expires > now) visit({entry.destination, entry.expires - now, entry.mixed});
  }
}

size_t LearnedServers::forgetAll(MonotonicTime now) {
  size_t count = 0;
  forEach(now, [&](const Known&) { ++count; });
  forgetDownTo(0);
  return count;
}

}  // namespace weir::server
