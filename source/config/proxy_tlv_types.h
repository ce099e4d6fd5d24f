#pragma once

// Reads which fields of a PROXY header are kept or passed on. Main thread.

#include "source/base/diagnostics.h"
#include "source/net/proxy_protocol.h"

namespace weir::config::v1 {
class ProxyProtocolPassThroughTlvs;
}

namespace weir::config {

// Reports what is wrong, with what is allowed.
net::ProxyTlvTypes readProxyTlvTypes(const v1::ProxyProtocolPassThroughTlvs& message,
                                     const FieldScope& scope);

}  // namespace weir::config
