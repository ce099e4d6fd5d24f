#pragma once

// A bootstrap message into settings. Main thread.

#include "api/weir/config/v1/bootstrap.pb.h"
#include "source/base/diagnostics.h"
#include "source/config/broken_fields.h"
#include "source/config/extension_factory.h"
#include "source/config/settings.h"

namespace weir::config {

// Checks everything and reports every fault to `diagnostics`; with a report, the result must not be
// used. `broken` has the fields that could not be read (load.h); for a message that was not read
// from a file it is empty.
BootstrapSettings buildSettings(const v1::Bootstrap& bootstrap, const Registry& registry,
                                const BrokenFields& broken, Diagnostics& diagnostics);

}  // namespace weir::config
