#pragma once

// What the connections of one http_conn_manager share on one worker: its settings, streams that are
// used again, and the handles of its counters.
//
// Loop: the worker's; lives in filter::Worker::local.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/random.h"
#include "source/base/time.h"
#include "source/extensions/network/http_conn_manager/http_stats.h"
#include "source/extensions/network/http_conn_manager/settings.h"
#include "source/filter/worker.h"
#include "source/http/request_format.h"

namespace weir::extensions {

class ActiveStream;

class ManagerOnWorker {
 public:
  // Both outlive it.
  ManagerOnWorker(const HttpConnManagerSettings& settings, filter::Worker& worker);
  ManagerOnWorker(ManagerOnWorker&&) noexcept;
  ~ManagerOnWorker();

  const HttpConnManagerSettings& settings() const { return settings_; }
  filter::Worker& worker() { return worker_; }
  HttpStats& stats() { return stats_; }
  bool logsRequests() const { return log_ != nullptr; }
  // Requires: logsRequests().
  void log(const http::RequestRecord& record);

  Random& random() { return random_; }
  // The value of the field date for that time (RFC 9110 5.6.7). Valid until the next call.
  std::string_view dateOf(WallTime now);

  // `buffer_limit`: of its body, in bytes.
  std::unique_ptr<ActiveStream> takeStream(size_t buffer_limit);
  void giveBack(std::unique_ptr<ActiveStream> stream);

 private:
  static constexpr size_t MaxFree = 256;
  const HttpConnManagerSettings& settings_;
  filter::Worker& worker_;
  HttpStats stats_;
  Random random_;
  std::string date_;
  int64_t date_second_ = -1;         // since 1970
  filter::LineSink* log_ = nullptr;  // null: no lines about requests
  std::shared_ptr<const http::RequestLine> log_line_;
  std::string line_;
  std::vector<std::unique_ptr<ActiveStream>> free_;
};

}  // namespace weir::extensions
