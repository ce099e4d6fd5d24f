#pragma once

// What a network filter can do: its way to the connection, the chain and the worker. The hooks by
// which it is called are in network_filter.h.
//
// Loop and lifetime: one for each filter of a chain, on the connection's loop; outlives the filter.
// A filter uses its own, and no other's, from its constructor on: inside its hooks, and in the
// timers and tasks that it has as members (`event::Timer(context.worker().loop, ...)`), which end
// with it.
//
// Nothing here calls the filter back: continueReading(), continueWriting(), redeliver() and close()
// are recorded, and applied when the hook returns, or in a later turn if there is no hook around
// them. write() passes the bytes on at once. After close() nothing more is done for this filter,
// and its next hook is its last.

#include <memory>
#include <string_view>

#include "source/filter/connection_info.h"
#include "source/filter/worker.h"
#include "source/net/connection.h"

namespace weir::upstream {
class Cluster;
class EarlyConnection;
}  // namespace weir::upstream

namespace weir::filter {

class FilterChain;

// How a connection is ended.
enum class Close : uint8_t {
  FlushWrite,  // what was written goes out, the end behind it through the write filters, then it
               // is closed: for a client that has said that it sends no more
  Flush,       // the same, but what the client still sends is read and dropped for a short time
  Now,         // at once
  Reset,       // at once, and the client is told that it failed (RST)
};

class FilterContext final : public net::Stream {
 public:
  FilterContext(FilterChain& chain, size_t index) : chain_(chain), index_(index) {}

  // Stream, towards the client: through the write filters before this one, ahead of what waits in
  // front of this one. Takes all of `data`. After the end, and after close(), it is dropped.
  void write(buffer::Buffer& data, bool end_stream) override;
  // As much as the limit waits on the way to the client, in the connection or in front of a write
  // filter: stop writing until onWriteReady().
  bool writeBlocked() const override;
  // Stops and starts the client, for all filters, by a reason of the filter's own choice: usually
  // Backpressure (what it writes to does not take more) or NotReady. Pausing twice is once.
  void pauseReading(net::Pause why) override;
  void resumeReading(net::Pause why) override;
  void expectNothing(bool nothing) override;
  // What the client has sent by the end of this turn is read then, without a wait: for a filter
  // whose clients speak first. In onNewConnection(), if this is the first filter; else nothing.
  void readSoon();

  // After StopIteration from onNewConnection() or onData(): what waits in front of this filter, and
  // the end if it came, goes on to the next one.
  void continueReading();
  // After StopIteration from onWrite(): the same towards the client.
  void continueWriting();
  // Shows what waits in front of this filter, and the end if it came, to onData() once more: for a
  // filter that could not take it when it was shown.
  void redeliver();

  // Ends the connection. `reason`, for the access log and the metrics, has static storage, in
  // snake_case; of several closes the first one's is kept, and the strongest one's way.
  void close(Close how, std::string_view reason);

  // The loop for timers, the slices for buffers, clusters, counters, and what a factory's filters
  // share on this worker (`local`).
  Worker& worker();
  // Facts and times of the connection. A filter may set `protocol` (static storage), which is a
  // label in log and metrics; facts are final by now.
  ConnectionInfo& info();
  // per_connection_buffer_limit_bytes. No more than this is shown to a filter at once, whatever it
  // waits for: one that has to see more takes the bytes into a buffer of its own, with a bound.
  size_t bufferLimit() const;

  // If this is the last filter of its chain and none before it looks at bytes
  // (NetworkFilterFactory::seesBytes()): the connection itself, so that bytes can be moved in the
  // kernel. From then on the filter hears of it by `events` and not by its own hooks. Else null.
  net::Connection* takeOver(net::ConnectionEvents& events);
  // What this filter's factory took for the connection before its chain was chosen
  // (NetworkFilterFactory::takeEarly()), once; else null. From onNewConnection() on.
  std::unique_ptr<Grant> takeGrant();
  // The upstream connection that was opened before the chain was chosen, if it is to that cluster;
  // else null.
  std::unique_ptr<upstream::EarlyConnection> takeEarly(const upstream::Cluster& cluster);
  // The same, wherever it leads to.
  std::unique_ptr<upstream::EarlyConnection> takeEarly();

 private:
  FilterChain& chain_;
  const size_t index_;
};

}  // namespace weir::filter
