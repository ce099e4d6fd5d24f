#include "source/extensions/network/http_conn_manager/manager_on_worker.h"

#include <utility>

#include "source/extensions/network/http_conn_manager/active_stream.h"

namespace weir::extensions {

ManagerOnWorker::ManagerOnWorker(const HttpConnManagerSettings& settings, filter::Worker& worker)
    : settings_(settings), worker_(worker), stats_(settings.stat_prefix, worker.stats) {}

ManagerOnWorker::ManagerOnWorker(ManagerOnWorker&&) noexcept = default;

ManagerOnWorker::~ManagerOnWorker() = default;

std::unique_ptr<ActiveStream> ManagerOnWorker::takeStream(size_t buffer_limit) {
  if (free_.empty()) return std::make_unique<ActiveStream>(*this, buffer_limit);
  std::unique_ptr<ActiveStream> stream = std::move(free_.back());
  free_.pop_back();
  return stream;
}

void ManagerOnWorker::giveBack(std::unique_ptr<ActiveStream> stream) {
  if (free_.size() < MaxFree) free_.push_back(std::move(stream));
}

}  // namespace weir::extensions
