#include "source/config/load_settings.h"

#include <algorithm>
#include <utility>

#include "source/config/build.h"
#include "source/config/dump.h"
#include "source/config/load.h"

namespace weir::config {
namespace {

// One hash for several contents, in their order.
uint64_t combined(uint64_t hash, uint64_t next) { return hash * 0x100000001b3 ^ next; }

LoadedSettings build(const LoadedConfig& loaded, const Registry& registry) {
  Diagnostics diagnostics;
  BootstrapSettings settings =
      buildSettings(loaded.bootstrap, registry, loaded.broken, diagnostics);
  LoadedSettings out;
  out.content_hash = loaded.content_hash;
  for (const auto& file : diagnostics.files()) {
    out.content_hash = combined(out.content_hash, file.content_hash);
    out.files.push_back(file.path);
  }
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

std::optional<uint64_t> contentHash(const std::string& path,
                                    const std::vector<std::string>& files) {
  auto hash = hashFile(path);
  if (!hash) return std::nullopt;
  for (const std::string& file : files) hash = combined(*hash, hashFile(file).value_or(0));
  return hash;
}

LoadedSettings parseSettings(std::string_view text, Format format, const Registry& registry) {
  return build(parseBootstrap(text, format, registry), registry);
}

}  // namespace weir::config
