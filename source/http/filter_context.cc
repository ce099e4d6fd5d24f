#include "source/http/filter_context.h"

#include <utility>

#include "source/http/filter_manager.h"
#include "source/upstream/early_connection.h"

namespace weir::http {

void FilterContext::continueDecoding() {
  if (manager_.over_) return;
  manager_.decode_.askToGoOn(index_);
  if (manager_.hooks_ == 0) manager_.task_.schedule();
}

void FilterContext::continueEncoding() {
  if (manager_.over_) return;
  manager_.encode_.askToGoOn(manager_.mirror(index_));
  if (manager_.hooks_ == 0) manager_.task_.schedule();
}

void FilterContext::sendLocalReply(LocalReply reply) { manager_.sendLocalReply(std::move(reply)); }

void FilterContext::resetStream(ResetReason reason, std::string_view why) {
  manager_.resetStream(reason, why);
}

filter::Worker& FilterContext::worker() { return manager_.worker_; }
filter::ConnectionInfo& FilterContext::connection() { return *manager_.connection_; }
StreamInfo& FilterContext::info() { return manager_.info_; }
HeaderMap& FilterContext::requestHeaders() { return manager_.request_headers_; }
HeaderMap& FilterContext::responseHeaders() { return manager_.response_headers_; }
buffer::Buffer& FilterContext::heldResponseBody() {
  return manager_.encode_.held(manager_.mirror(index_));
}

HeaderMap& FilterContext::responseTrailers() { return manager_.response_trailers_; }

const Route* FilterContext::route() {
  if (!manager_.route_) {
    manager_.route_ = manager_.ends_.chooseRoute(manager_.request_headers_);
    manager_.info_.route = *manager_.route_;
  }
  return *manager_.route_;
}

void FilterContext::clearRoute() {
  manager_.route_.reset();
  manager_.info_.route = nullptr;
}

bool FilterContext::upgradeAllowed(std::string_view token) const {
  return manager_.ends_.upgradeAllowed(token);
}

PathResult FilterContext::normalizeRewritten(std::string_view path) const {
  return manager_.ends_.normalizeRewritten(path);
}

std::unique_ptr<upstream::EarlyConnection> FilterContext::takeEarly(
    const upstream::Cluster& cluster) {
  return manager_.ends_.takeEarly(cluster);
}

size_t FilterContext::bufferLimit() const { return manager_.limitOf(index_); }
void FilterContext::setBufferLimit(size_t bytes) { manager_.slots_[index_].limit = bytes; }

void FilterContext::encodeHeaders(bool end_stream) {
  if (manager_.stopped() || manager_.request_dropped_) return;
  const unsigned status = statusOf(manager_.response_headers_);
  if (!end_stream && status >= 100 && status < 200 && status != 101) {
    const bool again = status == 100 && manager_.continued_;
    if (!again) manager_.ends_.sendHeaders(manager_.response_headers_, false);
    return manager_.response_headers_.clear();
  }
  manager_.arriveResponse({true, nullptr, end_stream ? Passage::End::Body : Passage::End::None});
}

void FilterContext::encodeData(buffer::Buffer& data, bool end_stream) {
  if (manager_.stopped() || manager_.request_dropped_) return data.clear();
  manager_.arriveResponse({false, &data, end_stream ? Passage::End::Body : Passage::End::None});
}

void FilterContext::encodeTrailers() {
  if (manager_.stopped() || manager_.request_dropped_) return;
  manager_.arriveResponse({false, nullptr, Passage::End::Trailers});
}

bool FilterContext::writeBlocked() const {
  return manager_.ends_.sendBlocked() || manager_.encode_.full();
}

void FilterContext::pauseRequest(bool paused) {
  manager_.upstream_full_ = paused;
  if (manager_.hooks_ == 0) manager_.updatePause();
}

}  // namespace weir::http
