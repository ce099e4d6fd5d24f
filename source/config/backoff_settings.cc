#include "source/config/backoff_settings.h"

#include <chrono>

#include "api/weir/config/v1/backoff.pb.h"
#include "source/config/field_checks.h"

namespace weir::config {

BackoffSettings checkBackoff(const FieldScope& scope, const v1::Backoff* value,
                             const BackoffSettings& absent) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  if (value == nullptr) return absent;
  const FieldScope base = scope.field("base_interval");
  if (!value->has_base_interval()) base.error("is required: how long to wait after a failure");
  BackoffSettings settings = absent;
  settings.base_interval =
      checkDuration(base, value->has_base_interval() ? &value->base_interval() : nullptr,
                    absent.base_interval, {milliseconds(1), hours(1)});
  settings.max_interval = checkDuration(
      scope.field("max_interval"), value->has_max_interval() ? &value->max_interval() : nullptr,
      settings.base_interval * 10, {settings.base_interval, hours(24)});
  return settings;
}

}  // namespace weir::config
