#pragma once

// The entry of proxy_protocol in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::extensions {

std::unique_ptr<config::ListenerFilterConfigFactory> makeProxyProtocolConfigFactory();

}  // namespace weir::extensions
