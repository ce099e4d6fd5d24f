#pragma once

// The entry of compressor in the list of extensions (main/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace weir::http_filters {

std::unique_ptr<config::HttpFilterConfigFactory> makeCompressorConfigFactory();

}  // namespace weir::http_filters
