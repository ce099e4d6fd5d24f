#pragma once

// The extensions that are built in. A program of one's own calls this and then adds its own
// factories.

#include "source/config/extension_factory.h"

namespace weir {

void registerBuiltins(config::Registry& registry);

}  // namespace weir
