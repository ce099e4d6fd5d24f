#pragma once

// The entry of fault in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::http_filters {

std::unique_ptr<config::HttpFilterConfigFactory> makeFaultConfigFactory();

}  // namespace weir::http_filters
