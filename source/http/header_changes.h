#pragma once

// What a configuration changes in the fields of a message. Pure functions.

#include "source/http/header_map.h"
#include "source/http/route.h"

namespace weir::http {

// Removes first, then adds in order.
void apply(const HeaderChanges& changes, HeaderMap& headers);

// What has the effect of `first` and then `second`.
HeaderChanges combine(HeaderChanges first, const HeaderChanges& second);

}  // namespace weir::http
