#pragma once

// Regular expressions and paths in route configurations. Main thread, while a configuration is
// built.

#include <memory>
#include <string_view>

#include "source/base/diagnostics.h"
#include "source/http/regex.h"
#include "source/http/route_match.h"

namespace weir::config {

namespace v1 {
class RegexMatcher;
}

// Null, and an error, if it is none.
std::shared_ptr<const http::Regex> checkRegex(const v1::RegexMatcher& matcher,
                                              const FieldScope& scope);
// That it has no byte that a path cannot have; `what` names it: "a path". False, and an error, if
// it has.
bool checkPathBytes(const FieldScope& field, std::string_view text, std::string_view what);
// The same, and that it begins with a slash.
bool checkPathText(const FieldScope& field, std::string_view text, std::string_view what);
// That `match` says what a rewrite replaces.
void checkRewritable(const FieldScope& field, const http::PathMatch& match);

}  // namespace weir::config
