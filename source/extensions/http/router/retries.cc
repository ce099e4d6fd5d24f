#include "source/extensions/http/router/retries.h"

#include <string_view>
#include <utility>

#include "source/extensions/http/router/copy_bytes.h"

namespace weir::http_filters {
namespace {

using upstream::RequestEvent;

// Such a request may be sent again though it may have been looked at (RFC 9110 9.2.2).
bool isIdempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" ||
         method == "DELETE" || method == "TRACE";
}

}  // namespace

Retries::Retries(http::FilterContext& context, UpstreamRequest& upstream, event::Callback again)
    : context_(context),
      upstream_(upstream),
      body_(context.worker().slices),
      back_off_(context.worker().loop, std::move(again)) {}

void Retries::allow(const http::RetryPolicy& policy, upstream::Cluster& cluster, bool has_body) {
  cluster_ = &cluster;
  state_.emplace(policy, cluster);
  keeps_body_ = has_body;
}

bool Retries::keep(const buffer::Buffer& data) {
  if (!keeps_body_) return true;
  if (body_.size() + data.size() <= context_.bufferLimit()) {
    copyBytes(data, body_);
    return true;
  }
  keeps_body_ = false;
  body_.clear();
  state_.reset();
  // The attempt that is waited for would have but a part of it.
  return !waiting();
}

bool Retries::onResponse(const http::HeaderMap& headers) {
  return state_ && goOn(state_->onResponse(headers));
}

bool Retries::onFailure(const UpstreamFailure& failure) {
  return state_ && goOn(state_->onFailure(failure, upstream_.headSent()));
}

bool Retries::onTryTimeout() { return state_ && goOn(state_->onTryTimeout()); }

bool Retries::goOn(RetryState::Verdict verdict) {
  if (verdict == RetryState::Verdict::No) {
    noteRefusal();
    return false;
  }
  ++context_.info().retries;
  cluster_->counters().happened(RequestEvent::Retried);
  upstream_.cancel(http::ResetReason::Cancel);
  context_.responseHeaders().clear();
  context_.responseTrailers().clear();
  if (upstream_.host() != nullptr) tried_.push_back(upstream_.host().get());
  const bool wait = verdict == RetryState::Verdict::AfterWait;
  back_off_.arm(wait ? state_->nextWait() : Duration::zero());
  context_.pauseRequest(true);
  return true;
}

void Retries::noteRefusal() {
  const bool used_up = state_->usedUp();
  context_.info().retries_used_up = used_up;
  if (used_up) cluster_->counters().happened(RequestEvent::RetriesUsedUp);
  if (state_->refusedByBudget()) cluster_->counters().happened(RequestEvent::RetryRefused);
  state_->attemptEnded();
}

bool Retries::mayRepeat(const UpstreamFailure& failure, bool bodyless) {
  if (repeated_ || !bodyless) return false;
  repeated_ =
      failure.unseen ||
      (failure.stale && isIdempotent(context_.requestHeaders().get(http::HeaderId::Method)));
  return repeated_;
}

void Retries::replay(bool request_ended, const http::HeaderMap* trailers) {
  if (!body_.empty()) {
    buffer::Buffer again(context_.worker().slices);
    copyBytes(body_, again);
    upstream_.encodeData(again, request_ended && trailers == nullptr);
  }
  if (trailers != nullptr) upstream_.encodeTrailers(*trailers);
}

void Retries::responseBegun() {
  keeps_body_ = false;
  body_.clear();
}

void Retries::end() {
  back_off_.disarm();
  if (state_) state_->attemptEnded();
}

}  // namespace weir::http_filters
