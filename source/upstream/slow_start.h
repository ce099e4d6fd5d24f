#pragma once

// Which part of its share a host gets that was not used for a while, or never: less at first, all
// of it at the end of a window, so that it can warm up. Any thread.

#include "source/base/time.h"
#include "source/upstream/cluster_settings.h"
#include "source/upstream/host.h"

namespace weir::upstream {

// From more than 0 to 1. The window of a host begins when this is asked for it first, and anew when
// it may be used again after it was not (Host::restart()).
double slowStartFactor(Host& host, const SlowStartSettings& settings, MonotonicTime now);

}  // namespace weir::upstream
