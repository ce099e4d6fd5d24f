#include "source/config/field_checks.h"

#include <google/protobuf/duration.pb.h>

#include "source/config/duration_text.h"
#include "source/config/node.h"

namespace weir::config {
namespace {

// Protobuf's range is far wider than ours; what does not fit is out of every range anyway.
Duration toDuration(const google::protobuf::Duration& value) {
  constexpr int64_t MaxSeconds = 9'000'000'000;
  if (value.seconds() > MaxSeconds) return Duration::max();
  if (value.seconds() < -MaxSeconds) return Duration::min();
  return std::chrono::seconds(value.seconds()) + Duration(value.nanos());
}

}  // namespace

Duration checkDuration(const FieldScope& field, const google::protobuf::Duration* value,
                       Duration absent, const DurationRange& range) {
  if (value == nullptr) return absent;
  const Duration duration = toDuration(*value);
  if (range.zero_allowed && duration == Duration::zero()) return duration;
  if (duration >= range.least && duration <= range.most) return duration;
  field.error(formatDuration(duration) + " is out of range: from " + formatDuration(range.least) +
              " to " + formatDuration(range.most) + " is allowed" +
              (range.zero_allowed ? ", or 0s" : ""));
  return absent;
}

uint64_t checkInteger(const FieldScope& field, std::optional<uint64_t> value, uint64_t absent,
                      const IntegerRange& range) {
  if (!value) return absent;
  if (*value >= range.least && *value <= range.most) return *value;
  field.error(std::to_string(*value) + " is out of range: from " + std::to_string(range.least) +
              " to " + std::to_string(range.most) + " is allowed");
  return absent;
}

bool checkRequired(const FieldScope& field, std::string_view value, std::string_view what_for) {
  if (!value.empty()) return true;
  field.error("is required: " + std::string(what_for));
  return false;
}

}  // namespace weir::config
