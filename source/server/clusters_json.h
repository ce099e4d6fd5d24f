#pragma once

// The state of clusters for the admin port. Pure, any thread.

#include <span>
#include <string>

#include "source/upstream/cluster_report.h"

namespace weir::server {

// JSON: an array of clusters, each with its hosts and what is known of its names.
std::string clustersJson(std::span<const upstream::ClusterReport> clusters);

}  // namespace weir::server
