#include "source/server/learned_servers.h"

#include <string_view>

namespace weir::server {

size_t LearnedServers::Hash::operator()(const net::IpPort& d) const {
  const std::string_view ip(reinterpret_cast<const char*>(d.ip.bytes.data()), d.ip.bytes.size());
  return std::hash<std::string_view>{}(ip)*31 + d.port;
}

bool LearnedServers::expects(const net::IpPort& destination, MonotonicTime now) {
  const auto it = by_destination_.find(destination);
  if (it == by_destination_.end()) return false;
  if (it->second->expires > now) return true;
  entries_.erase(it->second);
  by_destination_.erase(it);
  return false;
}

bool LearnedServers::learn(const net::IpPort& destination, MonotonicTime now) {
  if (max_entries_ == 0) return false;
  const auto it = by_destination_.find(destination);
  if (it != by_destination_.end()) {
    it->second->expires = now + ttl_;
    entries_.splice(entries_.begin(), entries_, it->second);
    return false;
  }
  if (entries_.size() >= max_entries_) {
    by_destination_.erase(entries_.back().destination);
    entries_.pop_back();
  }
  entries_.push_front({destination, now + ttl_});
  by_destination_.emplace(destination, entries_.begin());
  return true;
}

bool LearnedServers::forget(const net::IpPort& destination) {
  const auto it = by_destination_.find(destination);
  if (it == by_destination_.end()) return false;
  entries_.erase(it->second);
  by_destination_.erase(it);
  return true;
}

}  // namespace weir::server
