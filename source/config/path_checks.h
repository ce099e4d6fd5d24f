#pragma once

// Checks of paths in route configurations. Main thread, while a configuration is built.

#include <string_view>

#include "source/base/diagnostics.h"
#include "source/http/route_match.h"

namespace weir::config {

// That it has no byte that a path cannot have; `what` names it: "a path". False, and an error, if
// it has.
bool checkPathBytes(const FieldScope& field, std::string_view text, std::string_view what);
// The same, and that it begins with a slash.
bool checkPathText(const FieldScope& field, std::string_view text, std::string_view what);
// That what a path is rewritten to has no query: that of the request follows it.
void checkNoQuery(const FieldScope& field, std::string_view text);
// That `match` says what a rewrite replaces.
void checkRewritable(const FieldScope& field, const http::PathMatch& match);

}  // namespace weir::config
