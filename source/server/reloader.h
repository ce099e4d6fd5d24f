#pragma once

// Reads the configuration file again, and gives it to the server if it is right. A file that is
// wrong changes nothing: all its errors are logged, and counted. Main thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/config/extension_factory.h"
#include "source/server/config_watch.h"
#include "source/server/server.h"
#include "source/server/service_manager.h"
#include "source/stats/stats.h"

namespace weir::server {

class Reloader {
 public:
  // The file as it was read for the start.
  struct First {
    uint64_t content_hash = 0;
    std::string json;
    std::vector<std::string> files;  // LoadedSettings::files
  };

  // All outlive it.
  Reloader(Server& server, std::string path, const config::Registry& registry,
           const ServiceManager& manager, First first);

  // SIGHUP: the file is read and taken, also if it has not changed.
  void reload() { request(Wish::Always); }
  // Reloads whenever the file, or one that it names, changes, from now on. Errors are logged: then
  // only SIGHUP is left.
  void watch();
  // The file may have changed: it is taken if its content has.
  void reloadIfChanged() { request(Wish::IfChanged); }

 private:
  enum class Wish : uint8_t { None, IfChanged, Always };

  void watchFile(const std::string& path);
  void follow(std::vector<std::string> files);
  void request(Wish wish);
  void begin();
  void reject(std::string_view outcome, std::vector<std::string> errors);
  void onDone(uint64_t hash, std::string json, const Result<void>& result);
  void finish(std::string_view outcome);
  stats::Value& reloads(std::string_view outcome);
  void noteSuccess(uint64_t hash, std::string json);

  Server& server_;
  const std::string path_;
  const config::Registry& registry_;
  const ServiceManager& manager_;
  std::vector<std::string> files_;  // that it names
  std::map<std::string, std::unique_ptr<ConfigWatch>> watches_;
  bool watching_ = false;
  event::Task forget_;  // the watches of files that are not named any more
  uint64_t seen_hash_;  // of the content that was read last, right or wrong
  bool under_way_ = false;
  Wish next_ = Wish::None;  // asked for while one is under way
  stats::Value& generation_;
  stats::Value& hash_;
  stats::Value& last_success_;
};

}  // namespace weir::server
