#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "api/weir/config/v1/route.pb.h"
#include "source/config/backoff_settings.h"
#include "source/config/field_checks.h"
#include "source/config/nearest_name.h"
#include "source/config/node.h"
#include "source/config/parse_route.h"

namespace weir::config {
namespace {

using http::RetryOn;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::array<std::pair<std::string_view, RetryOn>, 13> Words = {{
    {"5xx", RetryOn::ServerErrors},
    {"gateway-error", RetryOn::GatewayErrors},
    {"reset", RetryOn::Reset},
    {"reset-before-request", RetryOn::ResetBeforeRequest},
    {"connect-failure", RetryOn::ConnectFailure},
    {"refused-stream", RetryOn::RefusedStream},
    {"retriable-4xx", RetryOn::Retriable4xx},
    {"retriable-status-codes", RetryOn::RetriableStatus},
    {"cancelled", RetryOn::GrpcCancelled},
    {"deadline-exceeded", RetryOn::GrpcDeadlineExceeded},
    {"internal", RetryOn::GrpcInternal},
    {"resource-exhausted", RetryOn::GrpcResourceExhausted},
    {"unavailable", RetryOn::GrpcUnavailable},
}};

void addWord(std::string_view word, const FieldScope& field, uint32_t& on) {
  const auto known = std::find_if(Words.begin(), Words.end(),
                                  [&](const auto& entry) { return entry.first == word; });
  if (known == Words.end()) {
    std::vector<std::string> names;
    for (const auto& entry : Words) names.emplace_back(entry.first);
    field.error(quote(word) + " is not a condition" + suggestion(word, names, "known conditions"));
    return;
  }
  const auto bit = static_cast<uint32_t>(known->second);
  if ((on & bit) != 0) field.error(quote(word) + " stands twice in it");
  on |= bit;
}

uint32_t parseWords(std::string_view text, const FieldScope& field) {
  uint32_t on = 0;
  if (!checkRequired(field, text, "words such as \"connect-failure,5xx\"")) return on;
  while (true) {
    const size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    addWord(word, field, on);
    if (comma == std::string_view::npos) return on;
    text.remove_prefix(comma + 1);
  }
}

void parseStatuses(const v1::RetryPolicy& policy, const FieldScope& scope,
                   http::RetryPolicy& settings) {
  const FieldScope list = scope.field("retriable_status_codes");
  const bool wanted = settings.has(RetryOn::RetriableStatus);
  if (wanted && policy.retriable_status_codes_size() == 0) {
    list.error("is required with retriable-status-codes in retry_on");
  }
  if (!wanted && policy.retriable_status_codes_size() > 0) {
    list.error("does nothing without retriable-status-codes in retry_on");
  }
  for (int i = 0; i < policy.retriable_status_codes_size(); ++i) {
    const FieldScope field = list.index(static_cast<size_t>(i));
    const auto status = static_cast<unsigned>(
        checkInteger(field, policy.retriable_status_codes(i), 500, {100, 599}));
    auto& statuses = settings.statuses;
    if (std::find(statuses.begin(), statuses.end(), policy.retriable_status_codes(i)) !=
        statuses.end()) {
      field.error(std::to_string(status) + " stands twice in this list");
    }
    statuses.push_back(status);
  }
}

}  // namespace

http::RetryPolicy parseRetryPolicy(const v1::RetryPolicy& policy, const FieldScope& scope) {
  http::RetryPolicy settings;
  const DurationRange range{milliseconds(1), hours(24), true};
  settings.on = parseWords(policy.retry_on(), scope.field("retry_on"));
  settings.num_retries = static_cast<unsigned>(checkInteger(
      scope.field("num_retries"),
      policy.has_num_retries() ? std::optional<uint64_t>(policy.num_retries()) : std::nullopt,
      settings.num_retries, {1, 100}));
  settings.per_try_timeout =
      checkDuration(scope.field("per_try_timeout"),
                    policy.has_per_try_timeout() ? &policy.per_try_timeout() : nullptr,
                    settings.per_try_timeout, range);
  settings.per_try_idle_timeout =
      checkDuration(scope.field("per_try_idle_timeout"),
                    policy.has_per_try_idle_timeout() ? &policy.per_try_idle_timeout() : nullptr,
                    settings.per_try_idle_timeout, range);
  parseStatuses(policy, scope, settings);
  settings.backoff = checkBackoff(scope.field("retry_back_off"),
                                  policy.has_retry_back_off() ? &policy.retry_back_off() : nullptr,
                                  settings.backoff);
  return settings;
}

}  // namespace weir::config
