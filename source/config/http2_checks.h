#pragma once

// Http2ProtocolOptions, of a connection manager and of a cluster alike. Main thread, while a
// configuration is built.

#include "api/weir/config/v1/http2.pb.h"
#include "source/base/diagnostics.h"
#include "source/net/http_options.h"

namespace weir::config {

// What is not set, or wrong, stays as it is in `settings`. Not allow_connect, which both sides take
// differently.
void checkHttp2Options(const v1::Http2ProtocolOptions& proto, const FieldScope& scope,
                       net::Http2Options& settings);

}  // namespace weir::config
