#pragma once

// The filters of this program beside Weir's own.

#include "source/config/extension_factory.h"

namespace custom {

void registerExtensions(weir::config::Registry& registry);

}  // namespace custom
