#pragma once

// What a filter finds on the worker that runs it. All of it belongs to one loop and outlives the
// worker's connections.

#include "source/filter/drain_list.h"
#include "source/filter/line_sink.h"
#include "source/filter/worker_local.h"
#include "source/net/connection.h"

namespace weir::net {
class PipePool;
}
namespace weir::stats {
class Registry;
}
namespace weir::upstream {
class ClusterSet;
}

namespace weir::filter {

struct Worker {
  event::Loop& loop;
  buffer::SlicePool& slices;
  net::PipePool& pipes;
  upstream::ClusterSet& clusters;
  stats::Registry& stats;
  WorkerLocal local = {};         // what filters keep on this worker
  DrainList drains = {};          // who wants to know that no further connections come
  LineSink* log = nullptr;        // the access log; null: there is none
  event::StepQueue costly{loop};  // of TLS
  LineSinks logs = {};  // the files that factories name (NetworkFilterFactory::logFiles())
};

}  // namespace weir::filter
