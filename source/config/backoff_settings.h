#pragma once

// The Backoff message, which several messages have. Main thread, while a configuration is built.

#include "source/base/backoff.h"
#include "source/base/diagnostics.h"

namespace weir::config {

namespace v1 {
class Backoff;
}

// `absent` if `value` is null.
BackoffSettings checkBackoff(const FieldScope& scope, const v1::Backoff* value,
                             const BackoffSettings& absent);

}  // namespace weir::config
