#pragma once

// The entry of connection_limit in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::extensions {

std::unique_ptr<config::NetworkFilterConfigFactory> makeConnectionLimitConfigFactory();

}  // namespace weir::extensions
