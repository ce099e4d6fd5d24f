#pragma once

// The whole way from a file to settings, for main and for tests of whole configurations. No
// protobuf here. Main thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/extension_factory.h"
#include "source/config/format.h"
#include "source/config/located_error.h"
#include "source/config/settings.h"

namespace weir::config {

// Settings, or every error of the file.
struct LoadedSettings {
  std::optional<BootstrapSettings> settings;  // nothing if there are errors
  std::vector<LocatedError> errors;           // sorted by position; formatErrors() prints them
  // Of the bytes of the file and of `files`; 0 if the file could not be read.
  uint64_t content_hash = 0;
  std::vector<std::string> files;  // that it names, as far as it could be read
  std::string json;                // dumpBootstrap(); empty if there are errors
};

// `registry` must outlive the settings.
LoadedSettings loadSettings(const std::string& path, const Registry& registry);

// The same for text that is already in memory.
LoadedSettings parseSettings(std::string_view text, Format format, const Registry& registry);

// The hash that loadSettings() would give for a file that names `files`; nothing if the file itself
// cannot be read.
std::optional<uint64_t> contentHash(const std::string& path, const std::vector<std::string>& files);

}  // namespace weir::config
