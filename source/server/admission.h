#pragma once

// Whether a new connection is taken: the limits of the process, of its listener and of its source,
// and whether the process is out of memory or descriptors. Asked once for each connection, on the
// worker that accepted it; what is counted is shared by all workers.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "source/base/bounded_count.h"
#include "source/config/settings.h"
#include "source/net/address.h"

namespace weir::server {

// Why a connection was not taken.
enum class Refusal : uint8_t {
  Memory,       // overload: the process uses more than its threshold
  Descriptors,  // the same
  Process,      // max_connections of the process
  Listener,     // max_connections of the listener
  Source,       // max_connections_per_source
};
inline constexpr size_t RefusalCount = 5;

// Of all listeners together. Any thread.
struct ProcessLoad {
  BoundedCount connections;
  std::atomic<uint64_t> max_connections{UINT64_MAX};
  std::atomic<bool> out_of_memory{false};  // what the overload monitor has found
  std::atomic<bool> out_of_descriptors{false};
};

// How many connections there are of each source. Any thread.
class SourceCounts {
 public:
  // False, and nothing counted, if there are `limit` already.
  bool enter(const net::IpAddress& source, uint64_t limit);
  void leave(const net::IpAddress& source);
  // That have connections.
  size_t sources() const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<net::IpAddress, uint64_t, net::AddressHash> counts;
  };
  Shard& shardOf(const net::IpAddress& source);
  std::array<Shard, 16> shards_;
};

// The open connections of one listener, on all workers.
struct ListenerLoad {
  BoundedCount connections;
  SourceCounts sources;
};

// What a source is: an IPv4 address, or the /64 of an IPv6 address, all of which one client has.
net::IpAddress sourceOf(const net::IpAddress& peer);

// How many connections the source of `peer` may have; nothing if there is no limit. Where the
// configuration says nothing it is half of the listener's, and this machine itself has none.
std::optional<uint64_t> sourceLimit(const config::ListenerSettings& listener,
                                    const net::IpAddress& peer);

// Counts the connection in, or says why it is not taken. `peer` is the socket's.
std::optional<Refusal> admit(ProcessLoad& process, ListenerLoad& load,
                             const config::ListenerSettings& listener, const net::IpAddress& peer);
// A connection that was counted in for the source of `from` is one of `to`, which a header in front
// of its bytes says. False, and nothing changed, if that one has as many as it may.
bool changeSource(ListenerLoad& load, const config::ListenerSettings& listener,
                  const net::IpAddress& from, const net::IpAddress& to);
// The end of one that was counted in, with the same settings; `peer` as it was counted last.
void release(ProcessLoad& process, ListenerLoad& load, const config::ListenerSettings& listener,
             const net::IpAddress& peer);

// A limit for the process that leaves descriptors for the rest of it: a connection takes two, and
// each worker some for its listeners and for the pipes through which bulk is moved.
uint64_t defaultMaxConnections(uint64_t descriptor_limit, unsigned workers, size_t listeners);

}  // namespace weir::server
