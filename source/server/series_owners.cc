#include "source/server/series_owners.h"

#include "source/base/check.h"

namespace weir::server {
namespace {

using stats::Registry;

void addChain(Registry::Owners& owners, const std::string& listener,
              const config::FilterChainSettings& chain) {
  // "-" stands for no chain: those series are the listener's, as long as it lives.
  if (chain.name != "-")
    owners.insert(Registry::ownerOf({{"listener", listener}, {"chain", chain.name}}));
  for (const auto& factory : chain.filters) {
    for (const std::string_view name : factory->statPrefixes())
      owners.insert(Registry::ownerOf({{"name", name}}));
  }
}

Registry::Owners ownersIn(const config::BootstrapSettings& settings) {
  Registry::Owners owners;
  for (const config::ListenerSettings& listener : settings.listeners) {
    owners.insert(Registry::ownerOf({{"listener", listener.name}}));
    for (const auto& chain : listener.chains) addChain(owners, listener.name, chain);
    if (listener.default_chain) addChain(owners, listener.name, *listener.default_chain);
  }
  for (const auto& cluster : settings.clusters)
    owners.insert(Registry::ownerOf({{"cluster", cluster.name}}));
  return owners;
}

}  // namespace

void SeriesOwners::add(const config::BootstrapSettings& settings, size_t users) {
  size_t& its_users = users_[&settings];
  if (its_users == 0) {
    for (const std::string& owner : ownersIn(settings)) ++configurations_[owner];
    std::erase_if(gone_, [&](const Gone& one) { return configurations_.contains(one.owner); });
  }
  its_users += users;
}

void SeriesOwners::release(const config::BootstrapSettings& settings, MonotonicTime now) {
  const auto it = users_.find(&settings);
  WEIR_CHECK(it != users_.end());
  if (--it->second > 0) return;
  users_.erase(it);
  for (const std::string& owner : ownersIn(settings)) {
    const auto named = configurations_.find(owner);
    if (--named->second > 0) continue;
    configurations_.erase(named);
    gone_.push_back({owner, now});
  }
}

Registry::Owners SeriesOwners::takeDue(MonotonicTime now) {
  Registry::Owners due;
  while (!gone_.empty() && (gone_.size() > MaxKept || gone_.front().since + KeepFor <= now)) {
    due.insert(std::move(gone_.front().owner));
    gone_.pop_front();
  }
  return due;
}

std::optional<MonotonicTime> SeriesOwners::nextDue() const {
  if (gone_.empty()) return std::nullopt;
  return gone_.front().since + KeepFor;
}

}  // namespace weir::server
