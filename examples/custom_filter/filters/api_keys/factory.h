#pragma once

// The entry of api_keys in the list of extensions (proxy/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace custom {

std::unique_ptr<weir::config::HttpFilterConfigFactory> makeApiKeysConfigFactory();

}  // namespace custom
