#pragma once

// The conditions on texts and fields that routes and HTTP filters are configured with, and parts of
// a whole. Each reports what is wrong, and returns something that can be gone on with. Main thread,
// while a configuration is built.

#include <cstdint>
#include <memory>

#include "source/base/diagnostics.h"
#include "source/http/regex.h"
#include "source/http/route_match.h"
#include "source/http/text_match.h"

namespace weir::config {

namespace v1 {
class FractionalPercent;
class HeaderMatcher;
class RegexMatcher;
class StringMatcher;
}  // namespace v1

http::TextMatch parseStringMatcher(const v1::StringMatcher& matcher, const FieldScope& scope);
http::HeaderMatch parseHeaderMatcher(const v1::HeaderMatcher& matcher, const FieldScope& scope);
// Null, and an error, if it is none.
std::shared_ptr<const http::Regex> checkRegex(const v1::RegexMatcher& matcher,
                                              const FieldScope& scope);
// In millionths.
uint32_t parseFraction(const v1::FractionalPercent& fraction, const FieldScope& scope);

}  // namespace weir::config
