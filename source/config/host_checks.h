#pragma once

// Hosts in route configurations. Each function reports what is wrong at the field, and returns
// whether it is right. Main thread, while a configuration is built.

#include <string_view>

#include "source/base/diagnostics.h"

namespace weir::config {

// A host without a port: a name, or an IP address, of IPv6 in brackets.
bool checkHost(const FieldScope& field, std::string_view text);
// The same, perhaps with a port.
bool checkAuthority(const FieldScope& field, std::string_view text);
// A domain of a virtual host (http/domain_index.h).
bool checkDomain(const FieldScope& field, std::string_view text);

}  // namespace weir::config
