#pragma once

// The entry of health_check in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::http_filters {

std::unique_ptr<config::HttpFilterConfigFactory> makeHealthCheckConfigFactory();

}  // namespace weir::http_filters
