#include "source/server/access_logs.h"

#include <set>
#include <string_view>
#include <utility>

#include "source/base/log.h"

namespace weir::server {
namespace {

using log::Component;

void addFiles(const config::FilterChainSettings& chain, std::set<std::string_view>& paths) {
  for (const auto& factory : chain.filters) {
    for (const std::string_view path : factory->logFiles()) paths.insert(path);
  }
}

// That filters name.
std::set<std::string_view> filesOf(const config::BootstrapSettings& settings) {
  std::set<std::string_view> paths;
  for (const config::ListenerSettings& listener : settings.listeners) {
    for (const auto& chain : listener.chains) addFiles(chain, paths);
    if (listener.default_chain) addFiles(*listener.default_chain, paths);
  }
  return paths;
}

}  // namespace

Result<LogSet> AccessLogs::openAll(const config::BootstrapSettings& settings) {
  auto connections = open(settings.access_log);
  if (!connections.ok()) return connections.error();
  LogSet set{std::move(connections).value()};
  for (const std::string_view path : filesOf(settings)) {
    config::AccessLogSettings one;
    one.path = path;
    one.json = settings.access_log.json;
    auto opened = open(one);
    if (!opened.ok()) return opened.error();
    set.named.emplace(path, std::move(opened).value());
  }
  return set;
}

Result<std::shared_ptr<AccessLog>> AccessLogs::open(const config::AccessLogSettings& settings) {
  if (!settings.enabled) return std::shared_ptr<AccessLog>();
  auto file = openFile(settings.path);
  if (!file.ok()) return file.error();
  return std::make_shared<AccessLog>(std::move(file).value(), settings);
}

Result<std::shared_ptr<LogFile>> AccessLogs::openFile(const std::string& path) {
  std::erase_if(open_, [](const auto& one) { return one.second.expired(); });
  if (const auto it = open_.find(path); it != open_.end()) return it->second.lock();
  auto opened = LogFile::open(path, dropped_);
  if (!opened.ok()) return opened.error();
  std::shared_ptr<LogFile> file(std::move(opened).value().release(),
                                [this](LogFile* unused) { end(std::unique_ptr<LogFile>(unused)); });
  open_.emplace(path, file);
  return file;
}

// Its reader may be slow: its thread tells when it is through, and does not keep us then.
void AccessLogs::end(std::unique_ptr<LogFile> file) {
  LogFile* const one = file.get();
  ending_.push_back(std::move(file));
  one->finish([this, one] {
    loop_.post([this, one] {
      std::erase_if(ending_, [one](const auto& each) { return each.get() == one; });
    });
  });
}

void AccessLogs::reopen() {
  for (const auto& [path, one] : open_) {
    const std::shared_ptr<LogFile> file = one.lock();
    if (file == nullptr) continue;
    if (auto reopened = file->reopen(); !reopened.ok()) {
      log::error(Component::Main, "{}; the old file stays in use", reopened.error().detail);
    } else {
      log::info(Component::Main, "access log {} reopened", path);
    }
  }
}

}  // namespace weir::server
