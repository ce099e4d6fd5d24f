#include "source/server/reloader.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "source/base/log.h"
#include "source/config/load_settings.h"

namespace weir::server {

using log::Component;

namespace {

// As much of a hash as a double holds exactly, which is what a scrape makes of it.
constexpr uint64_t HashMask = (uint64_t{1} << 48) - 1;

}  // namespace

Reloader::Reloader(Server& server, std::string path, const config::Registry& registry,
                   const ServiceManager& manager, First first)
    : server_(server),
      path_(std::move(path)),
      registry_(registry),
      manager_(manager),
      files_(std::move(first.files)),
      forget_(server.loop(),
              [this] {
                std::erase_if(watches_, [this](const auto& one) {
                  return one.first != path_ &&
                         std::find(files_.begin(), files_.end(), one.first) == files_.end();
                });
              }),
      seen_hash_(first.content_hash),
      generation_(server.mainStats().gauge("weir_config_generation",
                                           "Configurations taken so far; 1 after the start.", {})),
      hash_(server.mainStats().gauge("weir_config_hash",
                                     "A hash of the configuration file that is in use.", {})),
      last_success_(server.mainStats().gauge(
          "weir_config_last_reload_success_timestamp_seconds",
          "When the configuration in use was taken, in seconds since 1970.", {})) {
  noteSuccess(first.content_hash, std::move(first.json));
  for (const std::string_view outcome : {"success", "invalid", "refused"}) reloads(outcome);
}

void Reloader::watch() {
  watching_ = true;
  watchFile(path_);
  for (const std::string& file : files_) watchFile(file);
}

void Reloader::watchFile(const std::string& path) {
  auto& watch = watches_[path];
  if (watch != nullptr) return;
  watch = std::make_unique<ConfigWatch>(server_.loop(), path, [this] { reloadIfChanged(); });
  if (auto started = watch->start(); !started.ok())
    log::warn(Component::Config, "changes of {} are not seen, SIGHUP is: {}", path,
              started.error().detail);
}

// Called from a watch's own callback, too: one that goes on to be wanted is left as it is, and the
// others go in a later turn.
void Reloader::follow(std::vector<std::string> files) {
  files_ = std::move(files);
  if (!watching_) return;
  forget_.schedule();
  for (const std::string& file : files_) watchFile(file);
}

void Reloader::request(Wish wish) {
  if (server_.draining()) return;
  next_ = std::max(next_, wish);
  if (!under_way_) begin();
}

void Reloader::begin() {
  const Wish wish = std::exchange(next_, Wish::None);
  if (wish == Wish::IfChanged) {
    const auto hash = config::contentHash(path_, files_);
    if (hash && *hash == seen_hash_) return;
    // One that is not there for the moment is about to be replaced; one that is there and cannot be
    // read is an error like any other.
    if (!hash && ::access(path_.c_str(), F_OK) != 0) return;
  }
  under_way_ = true;
  manager_.reloading(server_.loop().clock().monotonicNow());
  config::LoadedSettings loaded = config::loadSettings(path_, registry_);
  seen_hash_ = loaded.content_hash;
  follow(std::move(loaded.files));
  if (!loaded.settings) {
    std::vector<std::string> errors;
    for (const config::LocatedError& error : loaded.errors)
      errors.push_back(config::formatError(path_, error));
    return reject("invalid", std::move(errors));
  }
  server_.reload(
      std::make_shared<const config::BootstrapSettings>(std::move(*loaded.settings)),
      [this, hash = loaded.content_hash, json = std::move(loaded.json)](
          const Result<void>& result) mutable { onDone(hash, std::move(json), result); });
}

void Reloader::reject(std::string_view outcome, std::vector<std::string> errors) {
  for (const std::string& error : errors) log::error(Component::Config, "{}", error);
  log::error(Component::Config, "{}: {} error(s); the configuration in use stays", path_,
             errors.size());
  server_.configHistory().noteRejected(outcome, seen_hash_ & HashMask, std::move(errors),
                                       server_.loop().wallNow());
  finish(outcome);
}

void Reloader::onDone(uint64_t hash, std::string json, const Result<void>& result) {
  if (!result.ok()) return reject("refused", {path_ + ": " + result.error().detail});
  noteSuccess(hash, std::move(json));
  log::info(Component::Config, "{}: reloaded, generation {}", path_, generation_.get());
  finish("success");
}

void Reloader::noteSuccess(uint64_t hash, std::string json) {
  ConfigHistory& history = server_.configHistory();
  const WallTime now = server_.loop().wallNow();
  history.noteTaken(path_, hash & HashMask, std::move(json), now);
  generation_.set(history.generation());
  hash_.set(hash & HashMask);
  const auto since_1970 = now.time_since_epoch();
  last_success_.set(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since_1970).count()));
}

stats::Value& Reloader::reloads(std::string_view outcome) {
  return server_.mainStats().counter("weir_config_reloads_total",
                                     "Attempts to take a configuration, by outcome.",
                                     {{"outcome", outcome}});
}

void Reloader::finish(std::string_view outcome) {
  reloads(outcome).add(1);
  if (!server_.draining())
    manager_.ready(outcome == "success" ? "serving" : "serving; the last reload failed");
  under_way_ = false;
  if (next_ != Wish::None) begin();
}

}  // namespace weir::server
