#include "source/extensions/http/router/mirror_request.h"

#include <chrono>
#include <string>
#include <utility>

#include "source/extensions/http/router/copy_bytes.h"
#include "source/stats/stats.h"

namespace weir::http_filters {
namespace {

constexpr std::string_view Suffix = "-shadow";
// Where the route has no timeout.
constexpr Duration MostPatience = std::chrono::minutes(5);

// Behind the host, in front of the port; a literal of IPv6 stays.
std::string shadowOf(std::string_view authority) {
  std::string shadow(authority);
  if (authority.starts_with('[')) return shadow;
  const size_t colon = authority.rfind(':');
  shadow.insert(colon == std::string_view::npos ? authority.size() : colon, Suffix);
  return shadow;
}

}  // namespace

MirrorRequest::MirrorRequest(MirrorSet& owner, upstream::Cluster& cluster, size_t limit)
    : owner_(owner),
      cluster_(cluster),
      limit_(limit),
      upstream_(owner.worker(), {response_, response_trailers_}, *this),
      timer_(owner.worker().loop, [this] { onTimeout(); }) {}

void MirrorRequest::start(const UpstreamRequest::Plan& plan, const http::HeaderMap& request,
                          bool end_stream, Duration timeout) {
  timeout_ = timeout > Duration::zero() ? timeout : MostPatience;
  request_.copyFrom(request);
  request_.set(http::HeaderId::Authority, shadowOf(request_.get(http::HeaderId::Authority)));
  if (upstream_.start(plan, request_, end_stream)) return finish("failed");
  if (end_stream) requestEnded();
}

void MirrorRequest::encodeData(const buffer::Buffer& data, bool end_stream) {
  if (over_) return;
  if (upstream_.sendBlocked()) waiting_ += data.size();
  if (waiting_ > limit_) return finish("overflow");
  buffer::Buffer copy(owner_.worker().slices);
  if (!copyBytes(data, copy)) return finish("overflow");
  upstream_.encodeData(copy, end_stream);
  if (end_stream) requestEnded();
}

void MirrorRequest::encodeTrailers(const http::HeaderMap& trailers) {
  if (over_) return;
  trailers_.copyFrom(trailers);
  upstream_.encodeTrailers(trailers_);
  requestEnded();
}

void MirrorRequest::requestEnded() {
  request_ended_ = true;
  timer_.arm(timeout_);
}

void MirrorRequest::release() {
  released_ = true;
  if (over_) return owner_.drop(*this);
  if (!request_ended_) finish("cancelled");
}

void MirrorRequest::onTimeout() {
  cluster_.counters().happened(upstream::RequestEvent::TimedOut);
  upstream_.timeOut();
  finish("timeout");
}

void MirrorRequest::onUpstreamHeaders(bool end_stream) {
  if (end_stream) return finish("answered");
  response_.clear();
}

void MirrorRequest::onUpstreamData(buffer::Buffer& data, bool end_stream) {
  data.clear();
  if (end_stream) finish("answered");
}

void MirrorRequest::finish(std::string_view outcome) {
  if (std::exchange(over_, true)) return;
  timer_.disarm();
  upstream_.cancel(http::ResetReason::Cancel);
  owner_.worker()
      .stats
      .counter("weir_http_mirrored_requests_total", "Copies of requests, by how they ended.",
               {{"cluster", cluster_.settings().name}, {"outcome", outcome}})
      .add(1);
  if (released_) owner_.drop(*this);
}

MirrorSet& MirrorSet::of(filter::Worker& worker) {
  static constexpr char Key = 0;
  return worker.local.get<MirrorSet>(&Key, [&] { return MirrorSet(worker); });
}

MirrorRequest& MirrorSet::add(upstream::Cluster& cluster, size_t limit) {
  requests_.push_back(std::make_unique<MirrorRequest>(*this, cluster, limit));
  requests_.back()->index = requests_.size() - 1;
  return *requests_.back();
}

// It may be on the stack.
void MirrorSet::drop(MirrorRequest& request) {
  const size_t index = request.index;
  worker_.loop.retire(std::move(requests_[index]));
  if (index + 1 != requests_.size()) {
    requests_[index] = std::move(requests_.back());
    requests_[index]->index = index;
  }
  requests_.pop_back();
}

}  // namespace weir::http_filters
