#pragma once

// Finds what in a route configuration cannot have been meant: what an earlier part of it leaves
// nothing to. While a configuration is read.

#include <vector>

#include "source/base/diagnostics.h"

namespace weir::http {

struct RouteSpec;
struct VirtualHostSpec;

// Domains that are twice among those of all hosts.
void checkDomains(const std::vector<VirtualHostSpec>& hosts, Diagnostics& diagnostics);

// Routes of one virtual host, each at most once, that have all conditions of an earlier one, or
// whose paths are all taken by an earlier one that has no other condition. There is no false
// accusation; of regular expressions not all are found.
void checkCoverage(const std::vector<RouteSpec>& routes, Diagnostics& diagnostics);

}  // namespace weir::http
