#pragma once

// All pools of one worker and one configuration: for each host of a cluster one for each version of
// HTTP that is spoken to it, made when it is asked for first, gone when it is empty.
//
// Loop: the worker's. Lives in filter::Worker::local, so longer than every stream.

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "source/filter/worker.h"
#include "source/http/pool/connection_pool.h"
#include "source/upstream/flushing_connections.h"

namespace weir::http {

class PoolSet {
 public:
  explicit PoolSet(filter::Worker& worker) : worker_(worker), flushing_(worker.loop) {}

  // The one of this worker.
  static PoolSet& of(filter::Worker& worker);

  // `owner`: the client's connection, if its upstream connections are for it alone (they begin with
  // a PROXY header that says whose they are); else 0. Valid until it is used and the turn ends.
  ConnectionPool& pool(upstream::Cluster& cluster, const std::shared_ptr<upstream::Host>& host,
                       Version version, uint64_t owner);
  // That client's connection has ended: its upstream connections end as soon as they are idle.
  void ownerGone(uint64_t owner);
  size_t size() const { return pools_.size(); }
  // Where connections end that have still something to send.
  upstream::FlushingConnections& flushing() { return flushing_; }

 private:
  struct Key {
    const upstream::Cluster* cluster;
    const upstream::Host* host;
    uint64_t owner;
    bool http2;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const;
  };
  void dropIfEmpty(const Key& key);

  filter::Worker& worker_;
  upstream::FlushingConnections flushing_;
  std::unordered_map<Key, std::unique_ptr<ConnectionPool>, Hash> pools_;
  std::unordered_map<uint64_t, std::vector<Key>> owned_;  // by owner: the pools of each
};

}  // namespace weir::http
