#pragma once

// What the kernel knows of this process, as metrics under the names that Prometheus' own clients
// use. Any thread; reads /proc.

#include "source/stats/stats.h"

namespace weir::server {

// process_* and weir_build_info. What cannot be found out is left out.
void appendProcessMetrics(stats::PrometheusText& out);

}  // namespace weir::server
