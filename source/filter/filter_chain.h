#pragma once

// Runs the network filters of one connection. Each byte passes each filter once: what a filter does
// not pass on waits in front of it, bounded by the connection's limit.
//
// Loop and lifetime: owned by the connection's record, on its loop; the connection, the info and
// the owner outlive it.

#include <memory>
#include <span>
#include <utility>

#include "source/base/fixed_array.h"
#include "source/event/loop.h"
#include "source/filter/connection_info.h"
#include "source/filter/filter_context.h"
#include "source/filter/network_filter.h"
#include "source/filter/worker.h"
#include "source/net/connection.h"

namespace weir::filter {

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

  // Ends it from outside (drain, stop): as a close() of a filter behind all others.
  void close(Close how, std::string_view reason) { closeFrom(slots_.size(), how, reason); }
  // It was closed, by whomever; what was written may still go out.
  bool ending() const { return state_ != State::Running; }

 private:
  friend class FilterContext;
  // What waits in front of a filter, in one direction.
  struct Waiting {
    bool empty() const { return bytes == nullptr || bytes->empty(); }
    size_t size() const { return bytes == nullptr ? 0 : bytes->size(); }
    // Once something waits. Of the first filter, from the client: the connection's buffer instead.
    std::unique_ptr<buffer::Buffer> bytes;
    bool end = false;       // the end is in front of it
    bool end_seen = false;  // and it was told so
    bool go_on = false;     // it asked for continueReading() or continueWriting()
  };
  struct Slot {
    Slot(FilterChain& chain, size_t index) : context(chain, index) {}
    FilterContext context;
    std::unique_ptr<ReadFilter> read;
    std::unique_ptr<WriteFilter> write;
    std::unique_ptr<Grant> grant;   // until the filter takes it
    WriteFilter* writer = nullptr;  // `write`, or `read` if that is both
    Waiting from_client;
    Waiting to_client;
    uint32_t seen = 0;        // bytes at the front of from_client that onData() was shown and left
    bool sees_bytes = true;   // NetworkFilterFactory::seesBytes()
    bool started = false;     // onNewConnection() was called
    bool holding = false;     // it holds those behind it back since onNewConnection()
    bool show_again = false;  // it asked for redeliver()
    bool ended = false;       // the end has gone past it, to the client
    bool full = false;        // as much as the limit waits in to_client
  };

  // Waits for the client while a flush lasts.
  struct Lingering {
    Lingering(event::Loop& loop, event::Callback callback) : timer(loop, std::move(callback)) {}
    event::Timer timer;
    uint64_t written = 0;  // when the timer was armed
    uint64_t read = 0;     // when the flush began
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

  buffer::Buffer& bytesOf(Waiting& waiting);
  buffer::Buffer& input(size_t i) {
    return i == 0 ? connection_.readBuffer() : bytesOf(slots_[i].from_client);
  }
  bool mayTakeOver(size_t index) const;
  void startFrom(size_t i);
  void closeFrom(size_t i, Close how, std::string_view reason);
  void runRead(size_t i);
  void passOn(size_t i);
  void continueReadingFrom(size_t i);
  void boundWaiting();
  void write(size_t from, buffer::Buffer& data, bool end_stream);
  void passWrite(size_t from, buffer::Buffer& data, bool end_stream);
  bool runWrite(Slot& slot);
  void continueWritingFrom(size_t i);
  void noteFull(Slot& slot);
  bool writeBlocked(size_t from) const;
  bool mayWrite(size_t i) const;
  void tellWriteReady();
  void onTask();
  void advanceFlush();
  bool passEnd();
  bool hasWriters() const;
  bool holdsWritten() const;
  void linger();
  void finish();

  // Running -> Flushing -> Closing -> Closed; each may be left out, none comes again.
  enum class State : uint8_t { Running, Flushing, Closing, Closed };

  Worker& worker_;
  net::Connection& connection_;
  ConnectionInfo& info_;
  ChainOwner& owner_;
  FixedArray<Slot> slots_;
  std::unique_ptr<upstream::EarlyConnection> early_;
  event::Task task_;
  std::unique_ptr<Lingering> linger_;
  uint32_t closer_ = 0;  // who closed: what those in front of it hold was written before
  State state_ = State::Running;
  bool reset_ = false;
  bool await_client_ = false;  // of a flush: the client's end is awaited
  bool lingering_ = false;     // our end is out, and the time for the client's runs
  bool end_passed_ = false;    // the end of a flush was written
  bool tell_ready_ = false;    // a write filter has passed on what blocked the writers behind it
};

}  // namespace weir::filter
