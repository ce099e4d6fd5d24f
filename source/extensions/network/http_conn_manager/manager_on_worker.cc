#include "source/extensions/network/http_conn_manager/manager_on_worker.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "source/extensions/network/http_conn_manager/active_stream.h"

namespace weir::extensions {
namespace {

// Where its lines about requests go; null: there are none.
filter::LineSink* logOf(const HttpConnManagerSettings& settings, const filter::Worker& worker) {
  if (!settings.log_requests) return nullptr;
  if (settings.log_path.empty()) return worker.log;
  const auto it = worker.logs.find(settings.log_path);
  return it == worker.logs.end() ? nullptr : it->second;
}

}  // namespace

ManagerOnWorker::ManagerOnWorker(const HttpConnManagerSettings& settings, filter::Worker& worker)
    : settings_(settings),
      worker_(worker),
      stats_(settings.stat_prefix, worker.stats),
      random_(randomSeed()),
      log_(logOf(settings, worker)),
      log_line_(settings.log_line) {
  if (log_ == nullptr || log_line_ != nullptr) return;
  log_line_ =
      log_->wantsJson() ? http::RequestLine::defaultJson() : http::RequestLine::defaultText();
}

ManagerOnWorker::ManagerOnWorker(ManagerOnWorker&&) noexcept = default;

ManagerOnWorker::~ManagerOnWorker() = default;

std::string_view ManagerOnWorker::dateOf(WallTime now) {
  static constexpr std::array Days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array Months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t second = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  if (second == date_second_) return date_;
  std::tm parts{};
  gmtime_r(&second, &parts);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 Days[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
                                 Months[static_cast<size_t>(parts.tm_mon)], parts.tm_year + 1900,
                                 parts.tm_hour, parts.tm_min, parts.tm_sec);
  date_.assign(text.data(), static_cast<size_t>(size));
  date_second_ = second;
  return date_;
}

std::unique_ptr<ActiveStream> ManagerOnWorker::takeStream(size_t buffer_limit) {
  if (free_.empty()) return std::make_unique<ActiveStream>(*this, buffer_limit);
  std::unique_ptr<ActiveStream> stream = std::move(free_.back());
  free_.pop_back();
  return stream;
}

void ManagerOnWorker::log(const http::RequestRecord& record) {
  line_.clear();
  log_line_->append(record, line_);
  log_->write(line_);
}

void ManagerOnWorker::giveBack(std::unique_ptr<ActiveStream> stream) {
  if (free_.size() < MaxFree) free_.push_back(std::move(stream));
}

}  // namespace weir::extensions
