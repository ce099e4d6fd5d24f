#pragma once

// The part of an explanation that is behind the choice of a chain: what its filters would do with
// the connection, and with the request if one is described.

#include "source/config/settings.h"
#include "source/filter/connection_info.h"
#include "source/server/explain.h"

namespace weir::server {

// `info`: of which only the facts that are known were given, and whether the destination is the
// listener itself. Fills what is about filters and the request, and remarks.
void explainChosen(const config::BootstrapSettings& settings,
                   const config::FilterChainSettings& chain, const ExplainRequest& request,
                   const filter::ConnectionInfo& info, Explanation& out);

}  // namespace weir::server
