#pragma once

// The entry of http_conn_manager in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::extensions {

std::unique_ptr<config::NetworkFilterConfigFactory> makeHttpConnManagerConfigFactory();

}  // namespace weir::extensions
