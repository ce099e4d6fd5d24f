#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "source/config/field_checks.h"
#include "source/config/node.h"
#include "source/config/parse.h"
#include "source/http/characters.h"

namespace weir::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr size_t MaxPayload = 65'536;

unsigned checkCount(const FieldScope& field, bool is_set, uint32_t value, unsigned absent,
                    const IntegerRange& range) {
  return static_cast<unsigned>(
      checkInteger(field, is_set ? std::optional<uint64_t>(value) : std::nullopt, absent, range));
}

std::string checkPayload(const FieldScope& field, const std::string& bytes) {
  if (bytes.size() <= MaxPayload) return bytes;
  field.error("has " + std::to_string(bytes.size()) + " bytes; at most " +
              std::to_string(MaxPayload) + " are allowed");
  return {};
}

upstream::HttpCheckSettings parseHttpCheck(const v1::HttpHealthCheck& check,
                                           const FieldScope& scope) {
  upstream::HttpCheckSettings settings;
  settings.path = check.path();
  const FieldScope path = scope.field("path");
  if (checkRequired(path, check.path(), "what is asked for") &&
      (check.path()[0] != '/' || !http::isTarget(check.path()))) {
    path.error(quote(check.path()) +
               " is not a path: it begins with \"/\", and has no space, no "
               "control byte and no fragment");
  }
  settings.host = check.host();
  if (!check.host().empty() && !http::isAuthority(check.host())) {
    scope.field("host").error(quote(check.host()) + " is not a host");
  }
  settings.method = v1::HttpHealthCheck::Method_Name(check.method());
  const FieldScope statuses = scope.field("expected_statuses");
  if (check.expected_statuses_size() > 0) settings.expected_statuses.clear();
  for (int i = 0; i < check.expected_statuses_size(); ++i) {
    const auto& range = check.expected_statuses(i);
    if (range.start() < 200 || range.end() <= range.start() || range.end() > 600) {
      statuses.index(static_cast<size_t>(i))
          .error("start must be from 200 to 599, and end above it and at most 600");
    }
    settings.expected_statuses.push_back(
        {static_cast<unsigned>(range.start()), static_cast<unsigned>(range.end())});
  }
  return settings;
}

void parseRequestOutliers(const v1::OutlierDetection& detection, const FieldScope& scope,
                          upstream::OutlierSettings& settings) {
  settings.consecutive_5xx =
      checkCount(scope.field("consecutive_5xx"), detection.has_consecutive_5xx(),
                 detection.consecutive_5xx(), settings.consecutive_5xx, {0, 1000});
  settings.consecutive_gateway_failure = checkCount(
      scope.field("consecutive_gateway_failure"), detection.has_consecutive_gateway_failure(),
      detection.consecutive_gateway_failure(), settings.consecutive_gateway_failure, {0, 1000});
  settings.interval = checkDuration(scope.field("interval"),
                                    detection.has_interval() ? &detection.interval() : nullptr,
                                    settings.interval, {milliseconds(1), hours(24)});
  settings.success_rate_minimum_hosts = checkCount(
      scope.field("success_rate_minimum_hosts"), detection.has_success_rate_minimum_hosts(),
      detection.success_rate_minimum_hosts(), settings.success_rate_minimum_hosts, {0, 1'000'000});
  settings.success_rate_request_volume = checkCount(
      scope.field("success_rate_request_volume"), detection.has_success_rate_request_volume(),
      detection.success_rate_request_volume(), settings.success_rate_request_volume,
      {1, 1'000'000});
  settings.success_rate_stdev_factor = checkCount(
      scope.field("success_rate_stdev_factor"), detection.has_success_rate_stdev_factor(),
      detection.success_rate_stdev_factor(), settings.success_rate_stdev_factor, {0, 100'000});
}

}  // namespace

upstream::HealthCheckSettings parseHealthCheck(const v1::HealthCheck& check,
                                               const FieldScope& scope) {
  using Check = v1::HealthCheck;
  upstream::HealthCheckSettings settings;
  settings.interval =
      checkDuration(scope.field("interval"), check.has_interval() ? &check.interval() : nullptr,
                    settings.interval, {milliseconds(10), hours(24)});
  settings.timeout =
      checkDuration(scope.field("timeout"), check.has_timeout() ? &check.timeout() : nullptr,
                    settings.timeout, {milliseconds(1), hours(1)});
  settings.interval_jitter =
      checkDuration(scope.field("interval_jitter"),
                    check.has_interval_jitter() ? &check.interval_jitter() : nullptr,
                    settings.interval_jitter, {Duration::zero(), hours(1)});
  settings.unhealthy_threshold =
      checkCount(scope.field("unhealthy_threshold"), check.has_unhealthy_threshold(),
                 check.unhealthy_threshold(), settings.unhealthy_threshold, {1, 1000});
  settings.healthy_threshold =
      checkCount(scope.field("healthy_threshold"), check.has_healthy_threshold(),
                 check.healthy_threshold(), settings.healthy_threshold, {1, 1000});
  settings.send = check.send_payload_case() == Check::kSendBytes
                      ? checkPayload(scope.field("send_bytes"), check.send_bytes())
                      : checkPayload(scope.field("send"), check.send());
  settings.receive = check.receive_payload_case() == Check::kReceiveBytes
                         ? checkPayload(scope.field("receive_bytes"), check.receive_bytes())
                         : checkPayload(scope.field("receive"), check.receive());
  if (!check.has_http_health_check()) return settings;
  const FieldScope http = scope.field("http_health_check");
  const bool payload = check.send_payload_case() != Check::SEND_PAYLOAD_NOT_SET ||
                       check.receive_payload_case() != Check::RECEIVE_PAYLOAD_NOT_SET;
  if (payload) http.error("must not be set with a payload");
  settings.http = parseHttpCheck(check.http_health_check(), http);
  return settings;
}

upstream::OutlierSettings parseOutlierDetection(const v1::OutlierDetection& detection,
                                                const FieldScope& scope) {
  upstream::OutlierSettings settings;
  settings.consecutive_local_origin_failure =
      checkCount(scope.field("consecutive_local_origin_failure"),
                 detection.has_consecutive_local_origin_failure(),
                 detection.consecutive_local_origin_failure(),
                 settings.consecutive_local_origin_failure, {1, 1000});
  settings.base_ejection_time =
      checkDuration(scope.field("base_ejection_time"),
                    detection.has_base_ejection_time() ? &detection.base_ejection_time() : nullptr,
                    settings.base_ejection_time, {milliseconds(1), hours(24)});
  settings.max_ejection_time =
      checkDuration(scope.field("max_ejection_time"),
                    detection.has_max_ejection_time() ? &detection.max_ejection_time() : nullptr,
                    std::max(settings.max_ejection_time, settings.base_ejection_time),
                    {settings.base_ejection_time, hours(24)});
  settings.max_ejection_time_jitter = checkDuration(
      scope.field("max_ejection_time_jitter"),
      detection.has_max_ejection_time_jitter() ? &detection.max_ejection_time_jitter() : nullptr,
      settings.max_ejection_time_jitter, {Duration::zero(), hours(24)});
  settings.max_ejection_percent =
      checkCount(scope.field("max_ejection_percent"), detection.has_max_ejection_percent(),
                 detection.max_ejection_percent(), settings.max_ejection_percent, {0, 100});
  parseRequestOutliers(detection, scope, settings);
  return settings;
}

}  // namespace weir::config
