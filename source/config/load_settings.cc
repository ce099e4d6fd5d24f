#include "source/config/load_settings.h"

#include <algorithm>
#include <utility>

#include "source/config/build.h"
#include "source/config/dump.h"
#include "source/config/load.h"

namespace weir::config {
namespace {

LoadedSettings build(const LoadedConfig& loaded, const Registry& registry) {
  Diagnostics diagnostics;
  BootstrapSettings settings =
      buildSettings(loaded.bootstrap, registry, loaded.broken, diagnostics);
  LoadedSettings out;
  out.content_hash = loaded.content_hash;
  out.errors = allErrors(loaded, diagnostics);
  std::stable_sort(
      out.errors.begin(), out.errors.end(),
      [](const LocatedError& a, const LocatedError& b) { return a.position < b.position; });
  if (!out.errors.empty()) return out;
  out.settings = std::move(settings);
  out.json = dumpBootstrap(loaded.bootstrap);
  return out;
}

}  // namespace

LoadedSettings loadSettings(const std::string& path, const Registry& registry) {
  return build(loadBootstrap(path, registry), registry);
}

std::optional<uint64_t> contentHash(const std::string& path) { return hashFile(path); }

LoadedSettings parseSettings(std::string_view text, Format format, const Registry& registry) {
  return build(parseBootstrap(text, format, registry), registry);
}

}  // namespace weir::config
