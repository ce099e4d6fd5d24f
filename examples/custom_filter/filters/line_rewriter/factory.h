#pragma once

// The entry of line_rewriter in the list of extensions (proxy/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace custom {

std::unique_ptr<weir::config::NetworkFilterConfigFactory> makeLineRewriterConfigFactory();

}  // namespace custom
