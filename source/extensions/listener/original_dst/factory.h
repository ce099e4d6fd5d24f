#pragma once

// The entry of original_dst in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::extensions {

std::unique_ptr<config::ListenerFilterConfigFactory> makeOriginalDstConfigFactory();

}  // namespace weir::extensions
