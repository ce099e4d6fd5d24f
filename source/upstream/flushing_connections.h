#pragma once

// Connections to upstreams that nobody uses any more, and that have not sent all that was written
// to them: kept until they have, or until the upstream takes nothing for too long.
//
// Loop: that of its connections. Outlived by their clusters.

#include <cstddef>
#include <memory>
#include <vector>

#include "source/event/loop.h"
#include "source/net/connection.h"
#include "source/upstream/cluster.h"

namespace weir::upstream {

class FlushingConnections {
 public:
  // The loop outlives it.
  explicit FlushingConnections(event::Loop& loop);
  ~FlushingConnections();
  FlushingConnections(const FlushingConnections&) = delete;
  FlushingConnections& operator=(const FlushingConnections&) = delete;

  // Requires: its end was written. May be called inside the connection's events.
  void add(std::unique_ptr<net::Connection> connection, Place place);
  size_t size() const { return members_.size(); }

 private:
  class Member;
  void drop(Member& member);

  event::Loop& loop_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace weir::upstream
