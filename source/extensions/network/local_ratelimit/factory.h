#pragma once

// The entry of local_ratelimit in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::extensions {

std::unique_ptr<config::NetworkFilterConfigFactory> makeLocalRateLimitConfigFactory();

}  // namespace weir::extensions
