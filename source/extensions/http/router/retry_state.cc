#include "source/extensions/http/router/retry_state.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::http_filters {
namespace {

using http::RetryOn;
using Kind = UpstreamFailure::Kind;

struct GrpcWord {
  std::string_view status;
  RetryOn on;
};

constexpr std::array GrpcWords = {
    GrpcWord{"1", RetryOn::GrpcCancelled},         GrpcWord{"4", RetryOn::GrpcDeadlineExceeded},
    GrpcWord{"8", RetryOn::GrpcResourceExhausted}, GrpcWord{"13", RetryOn::GrpcInternal},
    GrpcWord{"14", RetryOn::GrpcUnavailable},
};

}  // namespace

RetryState::RetryState(const http::RetryPolicy& policy, upstream::Cluster& cluster)
    : policy_(policy), cluster_(cluster), left_(policy.num_retries) {}

RetryState::Verdict RetryState::take(Verdict verdict) {
  attemptEnded();
  used_up_ = left_ == 0;
  refused_by_budget_ = !used_up_ && !cluster_.tryRetry();
  if (used_up_ || refused_by_budget_) return Verdict::No;
  in_budget_ = true;
  --left_;
  ++made_;
  return verdict;
}

void RetryState::attemptEnded() {
  if (in_budget_) cluster_.leaveRetry();
  in_budget_ = false;
}

Duration RetryState::nextWait() { return backoff(policy_.backoff, made_, cluster_.random()); }

RetryState::Verdict RetryState::onResponse(const http::HeaderMap& headers) {
  return wants(headers) ? take(Verdict::AfterWait) : Verdict::No;
}

RetryState::Verdict RetryState::onFailure(const UpstreamFailure& failure, bool head_sent) {
  if (!wants(failure, head_sent)) return Verdict::No;
  // The server has not looked at it: another one may at once.
  return take(failure.kind == Kind::Refused ? Verdict::AtOnce : Verdict::AfterWait);
}

RetryState::Verdict RetryState::onTryTimeout() {
  const bool wanted = policy_.has(RetryOn::ServerErrors) || policy_.has(RetryOn::GatewayErrors);
  return wanted ? take(Verdict::AfterWait) : Verdict::No;
}

bool RetryState::wants(const http::HeaderMap& headers) const {
  const unsigned status = http::statusOf(headers);
  if (policy_.has(RetryOn::ServerErrors) && status >= 500) return true;
  if (policy_.has(RetryOn::GatewayErrors) && status >= 502 && status <= 504) return true;
  if (policy_.has(RetryOn::Retriable4xx) && status == 409) return true;
  if (policy_.has(RetryOn::RetriableStatus) &&
      std::find(policy_.statuses.begin(), policy_.statuses.end(), status) !=
          policy_.statuses.end()) {
    return true;
  }
  return wantsGrpc(headers.get(http::HeaderId::GrpcStatus));
}

// A response of trailers alone: those that come behind a body come too late.
bool RetryState::wantsGrpc(std::string_view status) const {
  return std::any_of(GrpcWords.begin(), GrpcWords.end(), [&](const GrpcWord& word) {
    return word.status == status && policy_.has(word.on);
  });
}

bool RetryState::wants(const UpstreamFailure& failure, bool head_sent) const {
  // It would be a loop, or refused, again; and where a limit is reached or no host is left, more
  // tries are the last thing that helps.
  if (failure.unsent()) return false;
  switch (failure.kind) {
    case Kind::Loop:
    case Kind::BadAuthority: return false;
    case Kind::NoConnection:
      return policy_.has(RetryOn::ServerErrors) || policy_.has(RetryOn::ConnectFailure) ||
             policy_.has(RetryOn::GatewayErrors);
    case Kind::Unsupported: return policy_.has(RetryOn::ServerErrors);
    case Kind::Refused:
      if (policy_.has(RetryOn::RefusedStream)) return true;
      [[fallthrough]];
    case Kind::Reset:
    case Kind::NotHttp2:
    case Kind::SilentOnHttp2:
    case Kind::ProtocolError: break;
  }
  if (policy_.has(RetryOn::ServerErrors) || policy_.has(RetryOn::GatewayErrors) ||
      policy_.has(RetryOn::Reset)) {
    return true;
  }
  return policy_.has(RetryOn::ResetBeforeRequest) && !head_sent;
}

}  // namespace weir::http_filters
