#pragma once

// The entry of tls_inspector in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::extensions {

std::unique_ptr<config::ListenerFilterConfigFactory> makeTlsInspectorConfigFactory();

}  // namespace weir::extensions
