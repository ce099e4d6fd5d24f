#pragma once

// A request that somebody describes, read as the codec of its connection reads one that comes. For
// explanations; any thread.

#include <optional>

#include "source/extensions/network/http_conn_manager/settings.h"
#include "source/filter/connection_info.h"
#include "source/filter/request_explanation.h"
#include "source/http/codec.h"
#include "source/http/header_map.h"

namespace weir::extensions {

// Of the codec that it comes to: Http2, or Http11, which reads HTTP/1.0, too.
http::Version versionOf(const filter::RequestDescription& described,
                        const HttpConnManagerSettings& settings,
                        const filter::ConnectionInfo& connection);

// Nothing: `headers` has it as the codec tells it. Else what it is refused for, with status 0 if
// that is not said to the client; of its head is there what the log has.
std::optional<http::BadMessage> readDescribed(const filter::RequestDescription& described,
                                              http::Version version,
                                              const HttpConnManagerSettings& settings,
                                              http::HeaderMap& headers);

}  // namespace weir::extensions
