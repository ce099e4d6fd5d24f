#pragma once

// The connections that are open, for the admin port.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source/net/address.h"

namespace weir::server {

class Worker;

// Which of them are asked for; what is empty or nothing is any.
struct ConnectionQuery {
  std::string listener;
  std::string filter_chain;
  std::string cluster;
  std::optional<net::IpPrefix> source = {};
  std::optional<uint64_t> id = {};
  size_t limit = 1000;
};

// What one worker has.
struct ConnectionPart {
  struct Row {
    uint64_t id = 0;
    std::string json = {};  // an object
  };
  std::vector<Row> rows = {};  // at most the limit, the youngest first
  uint64_t open = 0;           // all, asked for or not
  bool more = false;           // than the limit
};

// On the worker's thread, in one turn of its loop. If all are asked for, it looks at no more than
// the limit of each listener, and writes no more than the limit in all.
ConnectionPart listConnections(Worker& worker, const ConnectionQuery& query);

// JSON, the youngest first. Any thread.
std::string connectionsJson(std::vector<ConnectionPart> of_workers, const ConnectionQuery& query);

}  // namespace weir::server
