#pragma once

// A copy of a request on its way to another cluster, whose answer is dropped (http::Mirror). It
// neither slows nor fails the original: what the other cluster does not take in time is given up. A
// part of the router, and lives on without it until the answer has come.
//
// Loop: its stream's. Owned by the MirrorSet of its worker. Order of calls: start(), the body, then
// release() at the end of the original.

#include <memory>
#include <string_view>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/extensions/http/router/upstream_request.h"
#include "source/filter/worker.h"
#include "source/http/header_map.h"

namespace weir::http_filters {

class MirrorSet;

class MirrorRequest final : public event::Retirable, private UpstreamRequestEvents {
 public:
  // All outlive it. `limit`: how much of the body may wait, in bytes.
  MirrorRequest(MirrorSet& owner, upstream::Cluster& cluster, size_t limit);

  // Begins, with a copy of `request` whose authority has "-shadow" behind its host. `timeout`: from
  // the end of the request until that of the answer.
  void start(const UpstreamRequest::Plan& plan, const http::HeaderMap& request, bool end_stream,
             Duration timeout);
  void encodeData(const buffer::Buffer& data, bool end_stream);
  void encodeTrailers(const http::HeaderMap& trailers);
  // The original has ended: nothing more comes. It may be gone.
  void release();

  size_t index = 0;  // where its owner keeps it

 private:
  void onUpstreamHeaders(bool end_stream) override;
  void onUpstreamData(buffer::Buffer& data, bool end_stream) override;
  void onUpstreamTrailers() override { finish("answered"); }
  void onUpstreamFailure(const UpstreamFailure&) override { finish("failed"); }
  void onUpstreamWriteReady() override { waiting_ = 0; }
  void requestEnded();
  void onTimeout();
  void finish(std::string_view outcome);

  MirrorSet& owner_;
  upstream::Cluster& cluster_;
  const size_t limit_;
  http::HeaderMap request_;
  http::HeaderMap trailers_;
  http::HeaderMap response_;
  http::HeaderMap response_trailers_;
  UpstreamRequest upstream_;
  event::Timer timer_;
  Duration timeout_ = Duration::zero();
  size_t waiting_ = 0;  // of the body, since it was blocked
  bool request_ended_ = false;
  bool over_ = false;
  bool released_ = false;
};

// Those of one worker. In filter::Worker::local.
class MirrorSet {
 public:
  explicit MirrorSet(filter::Worker& worker) : worker_(worker) {}
  static MirrorSet& of(filter::Worker& worker);

  // Valid until it is released.
  MirrorRequest& add(upstream::Cluster& cluster, size_t limit);
  filter::Worker& worker() { return worker_; }

 private:
  friend class MirrorRequest;
  void drop(MirrorRequest& request);

  filter::Worker& worker_;
  std::vector<std::unique_ptr<MirrorRequest>> requests_;
};

}  // namespace weir::http_filters
