#pragma once

// Further attempts at a request: whether there is one (RetryState has the policy), the wait before
// it, the body that it sends again, and the hosts that had their turn. A part of the router.
//
// Loop: its stream's. Order of calls: allow(), if the route has a policy; keep() for each piece of
// the body; of an attempt that failed, one of the on...(): if that is true the attempt was given
// up, and `again` is called when the wait is over, for the router to begin the next one and
// replay(). responseBegun() once there is no way back; end() with the stream.

#include <optional>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/extensions/http/router/retry_state.h"
#include "source/extensions/http/router/upstream_request.h"
#include "source/http/filter_context.h"

namespace weir::http_filters {

class Retries {
 public:
  // Both outlive it. `upstream`: the attempts.
  Retries(http::FilterContext& context, UpstreamRequest& upstream, event::Callback again);

  // By `policy`, which outlives it, as does `cluster`. `has_body`: it is kept.
  void allow(const http::RetryPolicy& policy, upstream::Cluster& cluster, bool has_body);
  // False: it is more than may be kept, and the next attempt, which was waited for, cannot be. Such
  // a body while there is no wait just ends the retries.
  [[nodiscard]] bool keep(const buffer::Buffer& data);

  // What an attempt came to: true if there will be another one.
  bool onResponse(const http::HeaderMap& headers);
  bool onFailure(const UpstreamFailure& failure);
  bool onTryTimeout();
  // Once, whatever the policy: the attempt may be made again at once, as if it had not been, over
  // another connection. `bodyless`: the request is whole, and a head alone.
  bool mayRepeat(const UpstreamFailure& failure, bool bodyless);

  bool waiting() const { return back_off_.armed(); }
  void stopWaiting() { back_off_.disarm(); }
  bool hasBody() const { return !body_.empty(); }
  // Into the attempt that has begun: what was kept, and the trailers, if there are any.
  void replay(bool request_ended, const http::HeaderMap* trailers);
  void responseBegun();
  void end();
  const std::vector<const upstream::Host*>& tried() const { return tried_; }

 private:
  bool goOn(RetryState::Verdict verdict);
  void noteRefusal();

  http::FilterContext& context_;
  UpstreamRequest& upstream_;
  upstream::Cluster* cluster_ = nullptr;
  std::optional<RetryState> state_;
  buffer::Buffer body_;
  std::vector<const upstream::Host*> tried_;
  event::Timer back_off_;
  bool keeps_body_ = false;
  bool repeated_ = false;
};

}  // namespace weir::http_filters
