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
// Nor may it send more than this after the answer: as much as can be on its way from one that has
// not seen the answer yet, in its kernel's buffer and in ours at their usual greatest (4 and 6
// MiB). A client that uploads, and reads an early answer in between, stops within that.
constexpr uint64_t MostDropped = uint64_t{16} << 20;

}  // namespace

FilterChain::FilterChain(Worker& worker, net::Connection& connection, ConnectionInfo& info,
                         ChainOwner& owner)
    : worker_(worker),
      connection_(connection),
      info_(info),
      owner_(owner),
      task_(worker.loop, [this] { onTask(); }) {}

FilterChain::~FilterChain() = default;

FilterContext& FilterChain::context() { return slots_.back().context; }

void FilterChain::addRead(std::unique_ptr<ReadFilter> filter) {
  slots_.back().read = std::move(filter);
}

void FilterChain::addWrite(std::unique_ptr<WriteFilter> filter) {
  slots_.back().writer = filter.get();
  slots_.back().write = std::move(filter);
}

void FilterChain::addBoth(std::unique_ptr<ReadFilter> filter, WriteFilter& write) {
  slots_.back().writer = &write;
  slots_.back().read = std::move(filter);
}

void FilterChain::start(Factories factories, std::unique_ptr<upstream::EarlyConnection> early) {
  early_ = std::move(early);
  connection_.setEvents(*this);
  slots_.reserve(factories.size());
  for (const auto& factory : factories) {
    slots_.emplace_back(*this, slots_.size());
    slots_.back().sees_bytes = factory->seesBytes();
    slots_.back().grant = info_.grants.take(*factory);
    factory->create(*this);
    WEIR_CHECK(slots_.back().read != nullptr || slots_.back().writer != nullptr);
  }
  info_.grants.clear();  // of a chain that was not chosen after all
  startFrom(0);
  // Whatever no filter took was opened for nothing.
  if (early_ != nullptr) {
    early_->cancel();
    worker_.loop.retire(std::move(early_));
  }
  connection_.redeliver();
}

// Nothing would miss its hooks, and no byte waits anywhere but in the connection.
bool FilterChain::mayTakeOver(size_t index) const {
  if (state_ != State::Running || index + 1 != slots_.size()) return false;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (i != index && slot.sees_bytes) return false;
    if (slot.from_client.end || !slot.from_client.empty() || !slot.to_client.empty()) return false;
  }
  return true;
}

buffer::Buffer& FilterChain::bytesOf(Waiting& waiting) {
  if (waiting.bytes == nullptr) waiting.bytes = std::make_unique<buffer::Buffer>(worker_.slices);
  return *waiting.bytes;
}

// As far as the first filter that holds the rest back, or closes.
void FilterChain::startFrom(size_t i) {
  for (; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.holding) return;
    if (std::exchange(slot.started, true) || slot.read == nullptr) continue;
    const FilterStatus status = slot.read->onNewConnection();
    if (state_ != State::Running) return;
    slot.holding = status == FilterStatus::StopIteration && !slot.from_client.go_on;
    slot.from_client.go_on = false;
    if (slot.holding) return;
  }
}

void FilterChain::onData(buffer::Buffer& data, bool end_stream) {
  if (state_ != State::Running) {
    data.clear();
    if (state_ == State::Flushing) task_.schedule();
    return;
  }
  slots_[0].from_client.end |= end_stream;
  runRead(0);
}

void FilterChain::runRead(size_t i) {
  for (; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (!slot.started) break;  // held back by a filter before it
    Waiting& from = slot.from_client;
    const bool end = from.end && !std::exchange(from.end_seen, from.end);
    if (input(i).empty() && !end) break;
    const FilterStatus status =
        slot.read == nullptr ? FilterStatus::Continue : slot.read->onData(input(i), end);
    if (state_ != State::Running) return;
    if (i + 1 == slots_.size()) break;
    slot.seen = static_cast<uint32_t>(input(i).size());
    if (status == FilterStatus::StopIteration && !from.go_on) break;
    from.go_on = false;
    passOn(i);
  }
  boundWaiting();
}

// What the filter was shown and left. The first one's buffer may hold bytes that it was not shown
// yet (they were read before the chain was chosen): those wait for their delivery.
void FilterChain::passOn(size_t i) {
  Slot& slot = slots_[i];
  Slot& next = slots_[i + 1];
  input(i + 1).take(input(i), std::min<size_t>(std::exchange(slot.seen, 0), input(i).size()));
  next.from_client.end |= slot.from_client.end_seen;
}

// What waits in front of a filter is bounded as the connection's own buffer is.
void FilterChain::boundWaiting() {
  for (size_t i = 1; i < slots_.size(); ++i) {
    if (slots_[i].from_client.size() >= connection_.limit())
      return connection_.pauseReading(net::Pause::Waiting);
  }
  connection_.resumeReading(net::Pause::Waiting);
}

// A filter's own bytes. While flushing, the filters in front of the one that closed may still let
// go of what was written before.
void FilterChain::write(size_t from, buffer::Buffer& data, bool end_stream) {
  if (!mayWrite(from)) return data.clear();
  passWrite(from, data, end_stream);
}

bool FilterChain::mayWrite(size_t i) const {
  return state_ == State::Running || (state_ == State::Flushing && i < closer_);
}

void FilterChain::passWrite(size_t from, buffer::Buffer& data, bool end_stream) {
  for (size_t i = from;; --i) {
    // Behind the end comes nothing more.
    if (i < slots_.size() && slots_[i].ended) return data.clear();
    if (i < slots_.size()) slots_[i].ended = end_stream;
    if (i == 0) break;
    Slot& slot = slots_[i - 1];
    if (slot.writer == nullptr) continue;
    bytesOf(slot.to_client).take(data);
    slot.to_client.end |= end_stream;
    if (!runWrite(slot)) return noteFull(slot);
    data.take(bytesOf(slot.to_client));
    end_stream = slot.to_client.end;
    noteFull(slot);
  }
  if (connection_.writeEnding()) return data.clear();
  connection_.write(data, end_stream);
}

// True if what waits in front of it goes on.
bool FilterChain::runWrite(Slot& slot) {
  Waiting& waiting = slot.to_client;
  const bool end = waiting.end && !std::exchange(waiting.end_seen, waiting.end);
  const FilterStatus status = slot.writer->onWrite(bytesOf(waiting), end);
  // Closed from inside: a flush lets these bytes go out, anything else does not.
  if (state_ == State::Closing) {
    bytesOf(waiting).clear();
    return false;
  }
  return std::exchange(waiting.go_on, false) || status == FilterStatus::Continue;
}

void FilterChain::continueWritingFrom(size_t i) {
  Slot& slot = slots_[i];
  buffer::Buffer data(worker_.slices);
  if (!slot.to_client.empty()) data.take(*slot.to_client.bytes);
  noteFull(slot);
  const bool end = slot.to_client.end && !slot.ended;
  if (!data.empty() || end) passWrite(i, data, end);
}

// Those behind it that were told that writing is blocked are told that it is not, in a turn of its
// own.
void FilterChain::noteFull(Slot& slot) {
  const bool was_full = std::exchange(slot.full, slot.to_client.size() >= connection_.limit());
  if (!was_full || slot.full) return;
  tell_ready_ = true;
  task_.schedule();
}

bool FilterChain::writeBlocked(size_t from) const {
  for (size_t i = 0; i < from; ++i) {
    if (slots_[i].full) return true;
  }
  return connection_.writeBlocked();
}

void FilterChain::onWriteReady() {
  if (state_ == State::Flushing) return advanceFlush();
  tellWriteReady();
}

void FilterChain::tellWriteReady() {
  for (size_t i = 0; i < slots_.size() && state_ == State::Running; ++i) {
    if (slots_[i].read != nullptr && slots_[i].started && !writeBlocked(i)) {
      slots_[i].read->onWriteReady();
    }
  }
}

void FilterChain::onFault(const Error& error) {
  close(Close::Now, error.code == ErrorCode::Reset ? "client_reset" : "client_error");
}

void FilterChain::closeFrom(size_t i, Close how, std::string_view reason) {
  if (state_ == State::Closing || state_ == State::Closed) return;
  if (info_.close_reason.empty()) info_.close_reason = reason;
  if (state_ == State::Running) closer_ = static_cast<uint32_t>(i);
  await_client_ |= how == Close::Flush;
  const bool flush = how == Close::Flush || how == Close::FlushWrite;
  if (flush && state_ == State::Running) {
    connection_.setEvents(*this);
    state_ = State::Flushing;
  } else if (!flush) {
    state_ = State::Closing;
    reset_ = how == Close::Reset;
  }
  task_.schedule();
}

void FilterChain::onTask() {
  // Nearest to the upstream first, so that what one lets go of is there when the next one does.
  for (size_t i = slots_.size(); i-- > 0;) {
    if (mayWrite(i) && std::exchange(slots_[i].to_client.go_on, false)) continueWritingFrom(i);
  }
  if (state_ == State::Closing) return finish();
  if (state_ == State::Flushing) return advanceFlush();
  for (size_t i = 0; i < slots_.size() && state_ == State::Running; ++i) {
    Slot& slot = slots_[i];
    if (std::exchange(slot.show_again, false)) {
      slot.from_client.end_seen = false;
      runRead(i);
      if (state_ != State::Running) break;
    }
    if (std::exchange(slot.from_client.go_on, false) && i + 1 < slots_.size())
      continueReadingFrom(i);
  }
  if (std::exchange(tell_ready_, false)) tellWriteReady();
}

void FilterChain::continueReadingFrom(size_t i) {
  slots_[i].holding = false;
  passOn(i);
  if (i == 0) connection_.resumeReading(net::Pause::BufferFull);
  startFrom(i + 1);
  if (state_ == State::Running) runRead(i + 1);
}

// Queues our end. Once it is out, the client's end is awaited: closing with bytes of the client
// unread would reset the connection, and the client could lose what was flushed.
void FilterChain::advanceFlush() {
  connection_.readBuffer().clear();
  if (!await_client_ && !hasWriters() && connection_.allWritten()) return finish();
  connection_.expectNothing(false);
  if (!passEnd()) return finish();
  if (connection_.writeEnded() && (connection_.readEnded() || !await_client_)) return finish();
  for (const net::Pause why : {net::Pause::BufferFull, net::Pause::Backpressure,
                               net::Pause::NotReady, net::Pause::Manual, net::Pause::Waiting}) {
    connection_.resumeReading(why);
  }
  linger();
}

// The end goes to the client as one that whoever closed has written. Write filters see it, and may
// hold it for a while together with what they hold. False if one of them closed.
bool FilterChain::passEnd() {
  if (!std::exchange(end_passed_, true)) {
    buffer::Buffer none(worker_.slices);
    passWrite(closer_, none, true);
  }
  return state_ == State::Flushing;
}

// Somebody in front of whoever closed sees what is written, and its end.
bool FilterChain::hasWriters() const {
  const size_t end = std::min<size_t>(closer_, slots_.size());
  for (size_t i = 0; i < end; ++i) {
    if (slots_[i].writer != nullptr) return true;
  }
  return false;
}

// Written before the connection was closed, and still in front of a write filter.
bool FilterChain::holdsWritten() const {
  for (size_t i = 0; i < std::min<size_t>(closer_, slots_.size()); ++i) {
    const Slot& slot = slots_[i];
    if (!slot.to_client.empty() || (slot.to_client.end && !slot.ended)) return true;
  }
  return false;
}

void FilterChain::linger() {
  if (linger_ == nullptr) {
    linger_ = std::make_unique<Lingering>(worker_.loop, [this] {
      const uint64_t before = std::exchange(linger_->written, connection_.bytesWritten());
      const bool moving = !connection_.writeEnded() && connection_.bytesWritten() != before;
      moving ? linger_->timer.arm(FlushStall) : finish();
    });
    linger_->timer.arm(FlushStall);
    linger_->written = connection_.bytesWritten();
    linger_->read = connection_.bytesRead();
  }
  if (connection_.bytesRead() - linger_->read > MostDropped) {
    reset_ = true;
    return finish();
  }
  // Once: what the client still sends does not prolong it.
  if (connection_.writeEnded() && !std::exchange(lingering_, true)) linger_->timer.arm(Linger);
}

void FilterChain::finish() {
  state_ = State::Closed;
  task_.cancel();
  if (linger_ != nullptr) linger_->timer.disarm();
  info_.rx_bytes = connection_.bytesRead();
  info_.tx_bytes = connection_.bytesWritten();
  // What is cut off must not look complete.
  connection_.close(reset_ || !connection_.allWritten() || holdsWritten());
  for (Slot& slot : slots_) {
    if (slot.read != nullptr && slot.started) slot.read->onConnectionClosed();
  }
  owner_.onChainClosed();
}

std::unique_ptr<upstream::EarlyConnection> NetworkFilterFactory::makeEarly(
    Worker&, const ConnectionInfo&) const {
  return nullptr;
}

}  // namespace weir::filter
