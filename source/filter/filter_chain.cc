#include "source/filter/filter_chain.h"

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/upstream/early_connection.h"

namespace weir::filter {
namespace {

// A client that takes nothing of what is left for it, or does not end its side after we ended ours,
// is given up.
constexpr Duration FlushStall = std::chrono::seconds(5);
constexpr Duration Linger = std::chrono::seconds(1);

}  // namespace

void FilterContext::write(buffer::Buffer& data, bool end_stream) {
  chain_.passWrite(index_, data, end_stream);
}
bool FilterContext::writeBlocked() const { return chain_.connection_.writeBlocked(); }
void FilterContext::pauseReading(net::Pause why) { chain_.connection_.pauseReading(why); }
void FilterContext::resumeReading(net::Pause why) { chain_.connection_.resumeReading(why); }
void FilterContext::continueReading() { chain_.continueFrom(index_); }
void FilterContext::redeliver() { chain_.showAgain(index_); }
void FilterContext::close(Close how, std::string_view reason) { chain_.close(how, reason); }
Worker& FilterContext::worker() { return chain_.worker_; }
ConnectionInfo& FilterContext::info() { return chain_.info_; }

net::Connection* FilterContext::takeOver(net::ConnectionEvents& events) {
  if (chain_.slots_.size() != 1 || chain_.state_ != FilterChain::State::Running) return nullptr;
  chain_.connection_.setEvents(events);
  return &chain_.connection_;
}

std::unique_ptr<upstream::EarlyConnection> FilterContext::takeEarly(
    const upstream::Cluster& cluster) {
  auto& early = chain_.early_;
  if (early == nullptr || &early->cluster() != &cluster) return nullptr;
  return std::move(early);
}

FilterChain::FilterChain(Worker& worker, net::Connection& connection, ConnectionInfo& info,
                         ChainOwner& owner)
    : worker_(worker),
      connection_(connection),
      info_(info),
      owner_(owner),
      task_(worker.loop, [this] { onTask(); }) {}

FilterChain::~FilterChain() = default;

FilterContext& FilterChain::context() { return slots_.back()->context; }

void FilterChain::addRead(std::unique_ptr<ReadFilter> filter) {
  slots_.back()->read = std::move(filter);
}

void FilterChain::addWrite(std::unique_ptr<WriteFilter> filter) {
  slots_.back()->writer = filter.get();
  slots_.back()->write = std::move(filter);
}

void FilterChain::addBoth(std::unique_ptr<ReadFilter> filter, WriteFilter& write) {
  slots_.back()->writer = &write;
  slots_.back()->read = std::move(filter);
}

void FilterChain::start(Factories factories, std::unique_ptr<upstream::EarlyConnection> early) {
  early_ = std::move(early);
  connection_.setEvents(*this);
  slots_.reserve(factories.size());
  for (const auto& factory : factories) {
    slots_.push_back(std::make_unique<Slot>(*this, slots_.size(), worker_.slices));
    factory->create(*this);
    WEIR_CHECK(slots_.back()->read != nullptr || slots_.back()->writer != nullptr);
  }
  startFrom(0);
  // Whatever no filter took was opened for nothing.
  if (early_ != nullptr) {
    early_->cancel();
    worker_.loop.retire(std::move(early_));
  }
  connection_.redeliver();
}

// As far as the first filter that holds the rest back, or closes.
void FilterChain::startFrom(size_t i) {
  for (; i < slots_.size(); ++i) {
    Slot& slot = *slots_[i];
    if (slot.holding) return;
    if (std::exchange(slot.started, true) || slot.read == nullptr) continue;
    const FilterStatus status = slot.read->onNewConnection();
    if (state_ != State::Running) return;
    slot.holding = status == FilterStatus::StopIteration && !slot.go_on;
    slot.go_on = false;
    if (slot.holding) return;
  }
}

void FilterChain::onData(buffer::Buffer& data, bool end_stream) {
  if (state_ != State::Running) {
    data.clear();
    if (state_ == State::Flushing) task_.schedule();
    return;
  }
  slots_[0]->read_end |= end_stream;
  runRead(0);
}

void FilterChain::runRead(size_t i) {
  for (; i < slots_.size(); ++i) {
    Slot& slot = *slots_[i];
    if (!slot.started) break;  // held back by a filter before it
    const bool end = slot.read_end && !std::exchange(slot.end_seen, slot.read_end);
    if (input(i).empty() && !end) break;
    const FilterStatus status =
        slot.read == nullptr ? FilterStatus::Continue : slot.read->onData(input(i), end);
    if (state_ != State::Running) return;
    if (i + 1 == slots_.size()) break;
    slot.seen = input(i).size();
    if (status == FilterStatus::StopIteration && !slot.go_on) break;
    slot.go_on = false;
    passOn(i);
  }
  boundWaiting();
}

// What the filter was shown and left. The first one's buffer may hold bytes that it was not shown
// yet (they were read before the chain was chosen): those wait for their delivery.
void FilterChain::passOn(size_t i) {
  Slot& slot = *slots_[i];
  Slot& next = *slots_[i + 1];
  next.read_waiting.take(input(i), std::min(std::exchange(slot.seen, 0), input(i).size()));
  next.read_end |= slot.end_seen;
}

// Recorded; the hook that asked for it looks when it returns, and the task does otherwise.
void FilterChain::continueFrom(size_t i) {
  slots_[i]->go_on = true;
  task_.schedule();
}

void FilterChain::showAgain(size_t i) {
  slots_[i]->show_again = true;
  task_.schedule();
}

// What waits in front of a filter is bounded as the connection's own buffer is.
void FilterChain::boundWaiting() {
  for (size_t i = 1; i < slots_.size(); ++i) {
    if (slots_[i]->read_waiting.size() >= connection_.limit())
      return connection_.pauseReading(net::Pause::Waiting);
  }
  connection_.resumeReading(net::Pause::Waiting);
}

void FilterChain::passWrite(size_t from, buffer::Buffer& data, bool end_stream) {
  if (state_ != State::Running) return data.clear();
  for (size_t i = from; i-- > 0;) {
    Slot& slot = *slots_[i];
    if (slot.writer == nullptr) continue;
    slot.write_waiting.take(data);
    const FilterStatus status = slot.writer->onWrite(slot.write_waiting, end_stream);
    // Closed from inside: a flush lets these bytes go out, anything else does not.
    if (state_ == State::Closing) return data.clear();
    if (status == FilterStatus::StopIteration) return;
    data.take(slot.write_waiting);
  }
  connection_.write(data, end_stream);
}

void FilterChain::onWriteReady() {
  if (state_ == State::Flushing) return advanceFlush();
  for (auto& slot : slots_) {
    if (slot->read != nullptr && state_ == State::Running) slot->read->onWriteReady();
  }
}

void FilterChain::onFault(const Error& error) {
  close(Close::Now, error.code == ErrorCode::Reset ? "client_reset" : "client_error");
}

void FilterChain::close(Close how, std::string_view reason) {
  if (state_ == State::Closing || state_ == State::Closed) return;
  if (info_.close_reason.empty()) info_.close_reason = reason;
  if (how == Close::Flush && state_ == State::Running) {
    connection_.setEvents(*this);
    state_ = State::Flushing;
  } else if (how != Close::Flush) {
    state_ = State::Closing;
    reset_ = how == Close::Reset;
  }
  task_.schedule();
}

void FilterChain::onTask() {
  if (state_ == State::Closing) return finish();
  if (state_ == State::Flushing) return advanceFlush();
  for (size_t i = 0; i < slots_.size() && state_ == State::Running; ++i) {
    Slot& slot = *slots_[i];
    if (std::exchange(slot.show_again, false)) {
      slot.end_seen = false;
      runRead(i);
      if (state_ != State::Running) break;
    }
    if (!std::exchange(slot.go_on, false) || i + 1 == slots_.size()) continue;
    slot.holding = false;
    passOn(i);
    if (i == 0) connection_.resumeReading(net::Pause::BufferFull);
    startFrom(i + 1);
    if (state_ == State::Running) runRead(i + 1);
  }
}

// Queues our end. Once it is out, the client's end is awaited: closing with bytes of the client
// unread would reset the connection, and the client could lose what was flushed.
void FilterChain::advanceFlush() {
  connection_.readBuffer().clear();
  if (!connection_.writeEnding()) {
    buffer::Buffer none(worker_.slices);
    connection_.write(none, true);
  }
  if (connection_.writeEnded() && connection_.readEnded()) return finish();
  for (const net::Pause why : {net::Pause::BufferFull, net::Pause::Backpressure,
                               net::Pause::NotReady, net::Pause::Manual, net::Pause::Waiting}) {
    connection_.resumeReading(why);
  }
  if (linger_ == nullptr) {
    linger_ = std::make_unique<event::Timer>(worker_.loop, [this] {
      const bool moving = !connection_.writeEnded() && connection_.bytesWritten() != flushed_bytes_;
      flushed_bytes_ = connection_.bytesWritten();
      moving ? linger_->arm(FlushStall) : finish();
    });
    linger_->arm(FlushStall);
    flushed_bytes_ = connection_.bytesWritten();
  }
  // Once: what the client still sends does not prolong it.
  if (connection_.writeEnded() && !std::exchange(lingering_, true)) linger_->arm(Linger);
}

void FilterChain::finish() {
  state_ = State::Closed;
  task_.cancel();
  if (linger_ != nullptr) linger_->disarm();
  info_.rx_bytes = connection_.bytesRead();
  info_.tx_bytes = connection_.bytesWritten();
  // What is cut off must not look complete.
  connection_.close(reset_ || !connection_.allWritten());
  for (auto& slot : slots_) {
    if (slot->read != nullptr && slot->started) slot->read->onConnectionClosed();
  }
  owner_.onChainClosed();
}

std::unique_ptr<upstream::EarlyConnection> NetworkFilterFactory::makeEarly(
    Worker&, const ConnectionInfo&) const {
  return nullptr;
}

std::string_view toString(Reason reason) {
  switch (reason) {
    case Reason::Match: return "match";
    case Reason::ClientBytes: return "client_bytes";
    case Reason::ServerFirst: return "server_first";
    case Reason::Learned: return "learned";
    case Reason::Timeout: return "timeout";
    case Reason::ClientClosed: return "client_closed";
    case Reason::Error: return "error";
  }
  return "error";
}

}  // namespace weir::filter
