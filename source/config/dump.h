#pragma once

// A configuration as people see it again: for /config_dump. Pure function, any thread.

#include <string>

#include "api/weir/config/v1/bootstrap.pb.h"

namespace weir::config {

// Private keys are left out ("[redacted]"). JSON in one line, in a form that can be read as a
// configuration file: the fields that are set, under their names in the .proto, with each
// typed_config as its message. A field without presence that has its zero value, or the first of an
// enum's, counts as not set. The same for the same configuration, whatever its format was.
std::string dumpBootstrap(const v1::Bootstrap& bootstrap);

}  // namespace weir::config
