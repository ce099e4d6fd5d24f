#pragma once

// Names in application_protocols that no connection has. Any name may be a TLS client's ALPN, so
// only those are wrong that are a known one misspelt, that only servers' greetings have, or that
// contradict the transport_protocol.

#include "api/weir/config/v1/listener.pb.h"
#include "source/base/diagnostics.h"

namespace weir::config {

// Reports them at `scope`, which is that of `match`. Only for a listener whose protocols come from
// tls_inspector and proto_detect alone: another filter may give any name. Main thread, while a
// configuration is built.
void checkProtocolNames(const v1::FilterChainMatch& match, const FieldScope& scope);

}  // namespace weir::config
