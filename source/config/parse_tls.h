#pragma once

// TLS contexts, as transports. Main thread, while a configuration is built.

#include <memory>
#include <string>
#include <vector>

#include "api/weir/config/v1/tls.pb.h"
#include "source/base/diagnostics.h"
#include "source/net/io.h"
#include "source/tls/transports.h"

namespace weir::config {

// Null, and errors at the fields, if something is wrong. `certificates`: the own ones are appended.
std::shared_ptr<const net::Transport> parseDownstreamTls(
    const v1::DownstreamTlsContext& context, const FieldScope& scope,
    std::vector<tls::CertificateInfo>& certificates);

}  // namespace weir::config
