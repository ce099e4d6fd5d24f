#pragma once

// What an HTTP filter can do: its way to the stream, the chain and the worker. The hooks by which
// it is called are in filter.h.
//
// Loop and lifetime: one for each filter of a stream, on the connection's loop; outlives the
// filter. A filter uses its own, and no other's, from its constructor on: inside its hooks, and in
// the timers and tasks that it has as members, which end with it.
//
// Nothing here calls the filter back: continueDecoding(), continueEncoding() and sendLocalReply()
// are recorded, and applied when the hook returns, or in a later turn if there is no hook around
// them. After the stream is over nothing more is done.

#include <cstddef>
#include <memory>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/filter/worker.h"
#include "source/http/codec.h"
#include "source/http/header_map.h"
#include "source/http/local_reply.h"
#include "source/http/stream_info.h"

namespace weir::upstream {
class Cluster;
class EarlyConnection;
}  // namespace weir::upstream

namespace weir::http {

class FilterManager;
struct PathResult;

class FilterContext final {
 public:
  FilterContext(FilterManager& manager, size_t index) : manager_(manager), index_(index) {}

  // After StopIteration or StopAllIteration: what this filter holds goes on, the head included.
  void continueDecoding();
  void continueEncoding();

  // Answers in the place of the upstream. The reply passes the filters as a response; of the
  // request nothing more is shown to any of them. If a response is on its way already, the stream
  // is reset. Of several replies the first one holds.
  void sendLocalReply(LocalReply reply);
  // Gives the stream up: the client is told by a reset, and nothing more passes. onStreamComplete()
  // comes behind the hooks that are on the stack; outside of hooks, before it returns. `why`: for
  // log and metrics; static storage, in snake_case.
  void resetStream(ResetReason reason, std::string_view why);

  // The loop for timers, the slices for buffers, clusters, counters, and what a factory's filters
  // share on this worker (`local`).
  filter::Worker& worker();
  // The client's connection: facts and times.
  filter::ConnectionInfo& connection();
  StreamInfo& info();
  // The head of the request, as changed by the filters so far. Valid for the stream's life.
  HeaderMap& requestHeaders();
  // The route that the request takes, chosen when it is asked for first; null if there is none.
  const Route* route();
  // Chooses anew when it is asked for next, after the head was changed.
  void clearRoute();

  // Whether the connection manager lets an upgrade pass of which the route says nothing: a token of
  // Upgrade in lower case, or "connect".
  bool upgradeAllowed(std::string_view token) const;
  // A path that the route has rewritten is normalised as the one of the request was; but "." and
  // ".." segments that the rewrite has made are refused.
  PathResult normalizeRewritten(std::string_view path) const;

  // For the terminal filter: a connection to that cluster that was opened before it was known what
  // the client speaks, and has sent and received nothing; once, else null. It is retired in the
  // same turn, whether it was used or not (cancel()).
  std::unique_ptr<upstream::EarlyConnection> takeEarly(const upstream::Cluster& cluster);

  // How much of a body this filter may hold: per_connection_buffer_limit_bytes, unless it asks for
  // another bound.
  size_t bufferLimit() const;
  void setBufferLimit(size_t bytes);

  // Only inside encodeTrailers(): what this filter holds of the body of the response, mostly
  // nothing. What is added there goes on before the trailers.
  buffer::Buffer& heldResponseBody();

  // For the terminal filter, which has the response sent.
  // Where it, or the codec of the upstream, puts the head and the trailers.
  HeaderMap& responseHeaders();
  HeaderMap& responseTrailers();
  // What is in responseHeaders() goes to the client, through the filters. First any number of
  // informational ones (1xx but 101), after each of which the map is cleared.
  void encodeHeaders(bool end_stream);
  // Takes all of `data`.
  void encodeData(buffer::Buffer& data, bool end_stream);
  void encodeTrailers();
  // As much as the limit waits on the way to the client: stop until onResponseWriteReady().
  bool writeBlocked() const;
  // The upstream does not take more of the request: no decodeData() while it is paused.
  void pauseRequest(bool paused);

 private:
  FilterManager& manager_;
  const size_t index_;
};

}  // namespace weir::http
