#include "source/net/relay.h"

#include <utility>

namespace weir::net {
namespace {

// A delivery of this size says that the sender has more than it can say at once.
constexpr size_t BulkBytes = 16384;
// So many in a row start the splice: by then 256 KiB and more have passed, and the pipe pays for
// itself.
constexpr uint8_t BulkDeliveries = 12;
// So many turns in a row with little to move end it: the pipe goes back to the pool.
constexpr uint8_t SmallTurns = 8;

}  // namespace

Relay::Relay(PipePool& pipes, Stream& client, Connection* client_connection, Connection& upstream,
             event::Callback progressed)
    : pipes_(pipes),
      client_(client),
      client_connection_(client_connection),
      upstream_(upstream),
      progressed_(std::move(progressed)) {}

void Relay::onData(Side from, buffer::Buffer& data, bool end_stream) {
  Direction& d = direction(from);
  if (end_stream) return finishDirection(d, data);
  const size_t delivered = data.size();
  sinkOf(d).write(data, false);
  if (sinkOf(d).writeBlocked()) sourceOf(d).pauseReading(Pause::Backpressure);
  considerSplice(d, delivered);
}

// The sender of this direction has ended; `data` are its last bytes.
void Relay::finishDirection(Direction& d, buffer::Buffer& data) {
  if (std::exchange(d.ended, true)) return;
  // If both have ended and nothing is queued, closing the sockets says all that a shutdown would.
  const bool close_may_do = opposite(d).ended && toConnection(d) != nullptr;
  if (!data.empty() || !close_may_do) sinkOf(d).write(data, !close_may_do);
  if (close_may_do && !toConnection(d)->allWritten()) sinkOf(d).write(data, true);
}

void Relay::onWriteReady(Side side) {
  Direction& d = direction(side == Side::Client ? Side::Upstream : Side::Client);
  if (d.pump != nullptr) return pump(d);
  sourceOf(d).resumeReading(Pause::Backpressure);
}

void Relay::onReadReady(Side side) {
  Direction& d = direction(side);
  if (d.pump != nullptr) pump(d);
}

void Relay::considerSplice(Direction& d, size_t delivered) {
  Connection* const in = fromConnection(d);
  Connection* const out = toConnection(d);
  if (in == nullptr || out == nullptr || in->urgentSeen()) return;
  d.bulk = delivered >= BulkBytes ? static_cast<uint8_t>(d.bulk + 1) : 0;
  if (d.bulk < BulkDeliveries) return;
  d.bulk = 0;
  // Bytes that are still queued here would be overtaken.
  if (!out->allWritten() || !in->readBuffer().empty()) return;
  if (in->rawFd() < 0 || out->rawFd() < 0) return;
  auto pump_or_none = std::make_unique<SplicePump>(pipes_, *in, *out);
  if (!pump_or_none->valid()) return;
  d.pump = std::move(pump_or_none);
  sourceOf(d).pauseReading(Pause::Manual);
  pumpAgain();
}

void Relay::pump(Direction& d) {
  const SplicePump::State state = d.pump->pump();
  const uint64_t moved = d.pump->takeMoved();
  if (state == SplicePump::State::Again) return pumpAgain();
  if (state == SplicePump::State::Stopped) return stopSplicing(d);  // a read says which it is
  if (state == SplicePump::State::Blocked) return;
  d.bulk = moved < BulkBytes ? static_cast<uint8_t>(d.bulk + 1) : 0;
  if (d.bulk >= SmallTurns) stopSplicing(d);
}

void Relay::pumpAgain() {
  if (again_ == nullptr)
    again_ = std::make_unique<event::Task>(upstream_.loop(), [this] { onTask(); });
  again_->schedule();
}

void Relay::stopSplicing(Direction& d) {
  d.bulk = 0;
  d.pump.reset();
  sourceOf(d).resumeReading(Pause::Manual);
}

void Relay::onTask() {
  for (Direction* d : {&up_, &down_}) {
    if (d->pump != nullptr) pump(*d);
  }
  progressed_();
}

bool Relay::holding() const {
  for (const Direction* d : {&up_, &down_}) {
    const Connection* const out = toConnection(*d);
    if (out != nullptr && !out->allWritten()) return true;
    if (d->pump != nullptr && d->pump->holding() > 0) return true;
  }
  return false;
}

bool Relay::done() const { return up_.ended && down_.ended && !holding(); }

}  // namespace weir::net
