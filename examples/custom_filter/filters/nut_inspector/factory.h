#pragma once

// The entry of nut_inspector in the list of extensions (proxy/extensions.cc).

#include <memory>

#include "source/config/extension_factory.h"

namespace custom {

std::unique_ptr<weir::config::ListenerFilterConfigFactory> makeNutInspectorConfigFactory();

}  // namespace custom
