#pragma once

// The entry of rbac in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::extensions {

std::unique_ptr<config::NetworkFilterConfigFactory> makeRbacConfigFactory();

}  // namespace weir::extensions
