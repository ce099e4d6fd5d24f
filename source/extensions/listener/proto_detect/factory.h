#pragma once

// The entry of proto_detect in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::extensions {

std::unique_ptr<config::ListenerFilterConfigFactory> makeProtoDetectConfigFactory();

}  // namespace weir::extensions
