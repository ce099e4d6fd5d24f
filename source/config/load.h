#pragma once

// A configuration file into a Bootstrap message with positions, and from there into settings, with
// all errors at once. Main thread; the files are read by blocking calls, at start only.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/weir/config/v1/bootstrap.pb.h"
#include "source/base/diagnostics.h"
#include "source/config/broken_fields.h"
#include "source/config/extension_factory.h"
#include "source/config/format.h"
#include "source/config/located_error.h"
#include "source/config/source_map.h"

namespace weir::config {

struct LoadedConfig {
  v1::Bootstrap bootstrap;  // what is right in the file; the whole of it if there are no errors
  SourceMap positions;
  std::vector<LocatedError> errors;  // syntax, fields, types
  BrokenFields broken;
  uint64_t content_hash = 0;  // hashText() of the file; 0 if it could not be read
};

// Tells contents apart, for people and for a look whether a file has changed; not for security.
uint64_t hashText(std::string_view text);
// That of a file; nothing if it cannot be read.
std::optional<uint64_t> hashFile(const std::string& path);

// Reads a file; its format follows from its ending. A file that cannot be read, is empty, too large
// (64 MiB), not UTF-8 text or nested too deep (64) is an error among `errors`. `registry` says
// which types a typed_config may have.
LoadedConfig loadBootstrap(const std::string& path, const Registry& registry);

// The same for text that is already in memory.
LoadedConfig parseBootstrap(std::string_view text, Format format, const Registry& registry);

// All errors of a load: those of reading, and those that building reported, which get their
// positions here. Places that a message names by field path get their line added. What only repeats
// an error of reading is left out.
std::vector<LocatedError> allErrors(const LoadedConfig& loaded, const Diagnostics& diagnostics);

}  // namespace weir::config
