#include "source/http/pool/pool_set.h"

#include "source/base/random.h"

namespace weir::http {

PoolSet& PoolSet::of(filter::Worker& worker) {
  static constexpr char Key = 0;
  return worker.local.get<PoolSet>(&Key, [&] { return PoolSet(worker); });
}

size_t PoolSet::Hash::operator()(const Key& key) const {
  const auto host = reinterpret_cast<uintptr_t>(key.host);
  const auto cluster = reinterpret_cast<uintptr_t>(key.cluster);
  return mixBits(host ^ (cluster << 1) ^ (key.owner << 20) ^ (key.http2 ? 1U : 0U));
}

ConnectionPool& PoolSet::pool(upstream::Cluster& cluster,
                              const std::shared_ptr<upstream::Host>& host, Version version,
                              uint64_t owner) {
  const Key key{&cluster, host.get(), owner, version == Version::Http2};
  std::unique_ptr<ConnectionPool>& pool = pools_[key];
  if (pool == nullptr) {
    pool = std::make_unique<ConnectionPool>(
        ConnectionPool::Parts{worker_.loop, worker_.slices, cluster, flushing_}, host,
        key.http2 ? Version::Http2 : Version::Http11, [this, key] { dropIfEmpty(key); });
    if (owner != 0) owned_[owner].push_back(key);
  }
  return *pool;
}

// It may be on the stack.
void PoolSet::dropIfEmpty(const Key& key) {
  const auto found = pools_.find(key);
  if (found == pools_.end() || !found->second->empty()) return;
  worker_.loop.retire(std::move(found->second));
  pools_.erase(found);
  const auto owned = owned_.find(key.owner);
  if (owned == owned_.end()) return;
  std::erase(owned->second, key);
  if (owned->second.empty()) owned_.erase(owned);
}

void PoolSet::ownerGone(uint64_t owner) {
  const auto owned = owned_.find(owner);
  if (owned == owned_.end()) return;
  for (const Key& key : owned->second) pools_.at(key)->abandon();
  owned_.erase(owned);
}

}  // namespace weir::http
