#include "source/server/access_logs.h"

#include <utility>

#include "source/base/log.h"

namespace weir::server {

using log::Component;

Result<std::shared_ptr<AccessLog>> AccessLogs::open(const config::AccessLogSettings& settings) {
  if (!settings.enabled) return std::shared_ptr<AccessLog>();
  auto opened = AccessLog::open(settings, dropped_);
  if (!opened.ok()) return opened.error();
  std::shared_ptr<AccessLog> log(std::move(opened).value().release(), [this](AccessLog* unused) {
    end(std::unique_ptr<AccessLog>(unused));
  });
  std::erase_if(open_, [](const auto& one) { return one.expired(); });
  open_.push_back(log);
  return log;
}

// Its reader may be slow: its thread tells when it is through, and does not keep us then.
void AccessLogs::end(std::unique_ptr<AccessLog> log) {
  AccessLog* const one = log.get();
  ending_.push_back(std::move(log));
  one->finish([this, one] {
    loop_.post([this, one] {
      std::erase_if(ending_, [one](const auto& each) { return each.get() == one; });
    });
  });
}

void AccessLogs::reopen() {
  for (const auto& one : open_) {
    const std::shared_ptr<AccessLog> log = one.lock();
    if (log == nullptr) continue;
    if (auto reopened = log->reopen(); !reopened.ok()) {
      log::error(Component::Main, "{}; the old file stays in use", reopened.error().detail);
    } else {
      log::info(Component::Main, "access log {} reopened", log->path());
    }
  }
}

}  // namespace weir::server
