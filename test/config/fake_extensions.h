#pragma once

// Stand-ins for the extensions, under the names of the real message types, so that the
// configuration can be tested without them. They check what is needed to see that faults inside a
// typed_config are reported where they stand.

#include "source/config/extension_factory.h"

namespace weir::config {

// original_dst, tls_inspector and proto_detect; tcp_proxy, bypass, echo and direct_response.
Registry fakeRegistry();

}  // namespace weir::config
