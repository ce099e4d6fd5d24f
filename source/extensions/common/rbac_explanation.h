#pragma once

// What rules of rbac say of a described connection or request, for people. Not for the data path;
// any thread.

#include <optional>
#include <string_view>

#include "source/extensions/common/rbac_rules.h"
#include "source/filter/request_explanation.h"

namespace weir::extensions {

// `when_denied`: what is done then, such as "the connection is reset". Shadow rules change nothing
// but the sentence. Which certificate a client will have is not known, only that there will be TLS:
// a connection without has none. A fact that is not known was not given, and the verdict is only as
// certain.
filter::FilterExplanation explainRbac(const std::optional<RbacRules>& rules,
                                      const std::optional<RbacRules>& shadow_rules,
                                      const RbacSubject& described, std::string_view when_denied);

}  // namespace weir::extensions
