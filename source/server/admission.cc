#include "source/server/admission.h"

#include <algorithm>

namespace weir::server {
namespace {

// Pipes of a worker's pool, its loop, and what is opened now and then.
constexpr uint64_t DescriptorsOfWorker = 2 * 64 + 8;
constexpr uint64_t DescriptorsOfProcess = 64;
constexpr unsigned HalfOfIpv6 = 8;  // bytes of a /64

}  // namespace

SourceCounts::Shard& SourceCounts::shardOf(const net::IpAddress& source) {
  return shards_[net::AddressHash{}(source) % shards_.size()];
}

bool SourceCounts::enter(const net::IpAddress& source, uint64_t limit) {
  Shard& shard = shardOf(source);
  const std::lock_guard lock(shard.mutex);
  uint64_t& count = shard.counts[source];
  if (count >= limit) return false;
  ++count;
  return true;
}

void SourceCounts::leave(const net::IpAddress& source) {
  Shard& shard = shardOf(source);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.counts.find(source);
  if (it != shard.counts.end() && --it->second == 0) shard.counts.erase(it);
}

size_t SourceCounts::sources() const {
  size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.counts.size();
  }
  return sum;
}

net::IpAddress sourceOf(const net::IpAddress& peer) {
  net::IpAddress source = peer;
  if (peer.family == net::Family::V6)
    std::fill(source.bytes.begin() + HalfOfIpv6, source.bytes.end(), uint8_t{0});
  return source;
}

std::optional<uint64_t> sourceLimit(const config::ListenerSettings& listener,
                                    const net::IpAddress& peer) {
  if (listener.max_connections_per_source) return listener.max_connections_per_source;
  if (peer.family == net::Family::None || peer.isLoopback()) return std::nullopt;
  return std::max<uint64_t>(1, listener.max_connections / 2);
}

std::optional<Refusal> admit(ProcessLoad& process, ListenerLoad& load,
                             const config::ListenerSettings& listener, const net::IpAddress& peer) {
  if (process.out_of_memory.load(std::memory_order_relaxed)) return Refusal::Memory;
  if (process.out_of_descriptors.load(std::memory_order_relaxed)) return Refusal::Descriptors;
  if (!process.connections.tryEnter(process.max_connections.load(std::memory_order_relaxed)))
    return Refusal::Process;
  if (!load.connections.tryEnter(listener.max_connections)) {
    process.connections.leave();
    return Refusal::Listener;
  }
  const auto limit = sourceLimit(listener, peer);
  if (!limit || load.sources.enter(sourceOf(peer), *limit)) return std::nullopt;
  load.connections.leave();
  process.connections.leave();
  return Refusal::Source;
}

bool changeSource(ListenerLoad& load, const config::ListenerSettings& listener,
                  const net::IpAddress& from, const net::IpAddress& to) {
  if (from == to) return true;
  // The old one goes first: both may be of one /64.
  const bool counted = sourceLimit(listener, from).has_value();
  if (counted) load.sources.leave(sourceOf(from));
  const auto limit = sourceLimit(listener, to);
  if (!limit || load.sources.enter(sourceOf(to), *limit)) return true;
  if (counted) load.sources.enter(sourceOf(from), UINT64_MAX);
  return false;
}

void release(ProcessLoad& process, ListenerLoad& load, const config::ListenerSettings& listener,
             const net::IpAddress& peer) {
  process.connections.leave();
  load.connections.leave();
  if (sourceLimit(listener, peer)) load.sources.leave(sourceOf(peer));
}

uint64_t defaultMaxConnections(uint64_t descriptor_limit, unsigned workers, size_t listeners) {
  const uint64_t needed = DescriptorsOfProcess + workers * (DescriptorsOfWorker + listeners);
  // An eighth, so that this limit is met before that of the overload monitor. Where there are few
  // descriptors the pipes go short: bytes are copied, then.
  const uint64_t reserve = std::clamp(needed, descriptor_limit / 8, descriptor_limit / 2);
  return std::max<uint64_t>(1, (descriptor_limit - reserve) / 2);
}

}  // namespace weir::server
