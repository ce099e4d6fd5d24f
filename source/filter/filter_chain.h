#pragma once

// Runs the network filters of one connection. Each byte passes each filter once: what a filter does
// not pass on waits in front of it, bounded by the connection's limit.
//
// Loop and lifetime: owned by the connection's record, on its loop; the connection, the info and
// the owner outlive it.

#include <memory>
#include <span>
#include <vector>

#include "source/event/loop.h"
#include "source/filter/connection_info.h"
#include "source/filter/network_filter.h"
#include "source/filter/worker.h"
#include "source/net/connection.h"

namespace weir::filter {

class FilterChain;

// How a connection is ended.
enum class Close : uint8_t {
  Flush,  // what was written goes out, then FIN; what the client still sends is read and dropped
          // for a short time
  Now,    // at once
  Reset,  // at once, and the client is told that it failed (RST)
};

// What a filter can do. One for each filter of a chain.
class FilterContext final : public net::Stream {
 public:
  FilterContext(FilterChain& chain, size_t index) : chain_(chain), index_(index) {}

  // Stream: towards the client, through the write filters before this one.
  void write(buffer::Buffer& data, bool end_stream) override;
  bool writeBlocked() const override;
  void pauseReading(net::Pause why) override;
  void resumeReading(net::Pause why) override;

  // After StopIteration: what waits in front of this filter goes on to the next one.
  void continueReading();
  // Shows what waits in front of this filter, and the end if it came, to it once more, in a later
  // turn: for a filter that could not take it when it was shown.
  void redeliver();
  // Ends the connection. `reason` has static storage; the first one is kept.
  void close(Close how, std::string_view reason);

  Worker& worker();
  ConnectionInfo& info();
  // If this filter is alone in its chain: the connection itself, so that bytes can be moved in the
  // kernel. From then on the filter hears of it by `events` and not by its own hooks. Else null.
  net::Connection* takeOver(net::ConnectionEvents& events);
  // The upstream connection that was opened before the chain was chosen, if it is to that cluster;
  // else null.
  std::unique_ptr<upstream::EarlyConnection> takeEarly(const upstream::Cluster& cluster);

 private:
  FilterChain& chain_;
  const size_t index_;
};

// The chain's owner.
class ChainOwner {
 public:
  virtual ~ChainOwner() = default;
  // The connection has ended: retire it. Called once, from the loop.
  virtual void onChainClosed() = 0;
};

class FilterChain final : public net::ConnectionEvents, private FilterAdder {
 public:
  using Factories = std::span<const std::shared_ptr<const NetworkFilterFactory>>;

  FilterChain(Worker& worker, net::Connection& connection, ConnectionInfo& info, ChainOwner& owner);
  ~FilterChain() override;

  // Makes the filters and starts them; once. `early` may be null.
  void start(Factories factories, std::unique_ptr<upstream::EarlyConnection> early);

  // Ends it from outside (drain, stop): as a filter's close().
  void close(Close how, std::string_view reason);

 private:
  friend class FilterContext;
  struct Slot {
    Slot(FilterChain& chain, size_t index, buffer::SlicePool& pool)
        : context(chain, index), read_waiting(pool), write_waiting(pool) {}
    FilterContext context;
    std::unique_ptr<ReadFilter> read;
    std::unique_ptr<WriteFilter> write;
    WriteFilter* writer = nullptr;  // `write`, or `read` if that is both
    buffer::Buffer
        read_waiting;  // in front of it, from the client; the first uses the connection's buffer
    buffer::Buffer write_waiting;  // in front of it, from the upstream
    size_t seen = 0;               // bytes at its front that onData() was shown and left
    bool started = false;          // onNewConnection() was called
    bool read_end = false;         // the client's end is in front of it
    bool end_seen = false;         // and it was told so
    bool go_on = false;            // it asked for continueReading()
    bool show_again = false;       // it asked for redeliver()
    bool holding = false;          // it holds those behind it back since onNewConnection()
  };

  // ConnectionEvents
  void onData(buffer::Buffer& data, bool end_stream) override;
  void onWriteReady() override;
  void onFault(const Error& error) override;

  // FilterAdder
  FilterContext& context() override;
  void addRead(std::unique_ptr<ReadFilter> filter) override;
  void addWrite(std::unique_ptr<WriteFilter> filter) override;
  void addBoth(std::unique_ptr<ReadFilter> filter, WriteFilter& write) override;

  buffer::Buffer& input(size_t i) {
    return i == 0 ? connection_.readBuffer() : slots_[i]->read_waiting;
  }
  void startFrom(size_t i);
  void runRead(size_t i);
  void passOn(size_t i);
  void continueFrom(size_t i);
  void showAgain(size_t i);
  void boundWaiting();
  void passWrite(size_t from, buffer::Buffer& data, bool end_stream);
  void onTask();
  void advanceFlush();
  void finish();

  // Running -> Flushing -> Closing -> Closed; each may be left out, none comes again.
  enum class State : uint8_t { Running, Flushing, Closing, Closed };

  Worker& worker_;
  net::Connection& connection_;
  ConnectionInfo& info_;
  ChainOwner& owner_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::unique_ptr<upstream::EarlyConnection> early_;
  event::Task task_;
  std::unique_ptr<event::Timer> linger_;
  uint64_t flushed_bytes_ = 0;  // written when the linger timer was armed
  State state_ = State::Running;
  bool reset_ = false;
  bool lingering_ = false;  // our end is out, and the time for the client's runs
};

}  // namespace weir::filter
