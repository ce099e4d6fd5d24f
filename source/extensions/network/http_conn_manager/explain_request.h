#pragma once

// Where a request would go, for `weir explain`. Any thread.

#include "source/extensions/network/http_conn_manager/settings.h"
#include "source/filter/connection_info.h"
#include "source/filter/request_explanation.h"

namespace weir::extensions {

filter::RequestExplanation explainRequest(const HttpConnManagerSettings& settings,
                                          const filter::RequestDescription& described,
                                          const filter::ConnectionInfo& connection);

}  // namespace weir::extensions
