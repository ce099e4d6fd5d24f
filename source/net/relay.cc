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

Relay::Relay(event::Loop& loop, buffer::SlicePool& slices, PipePool& pipes, Stream& client,
             Connection* client_connection, Connection& upstream, event::Callback progressed)
    : slices_(slices),
      pipes_(pipes),
      up_{client, upstream, client_connection, &upstream, nullptr},
      down_{upstream, client, &upstream, client_connection, nullptr},
      progressed_(std::move(progressed)),
      again_(loop, [this] { onTask(); }) {}

void Relay::onData(Side from, buffer::Buffer& data, bool end_stream) {
  Direction& d = direction(from);
  if (end_stream) return finishDirection(d, data);
  const size_t delivered = data.size();
  d.to.write(data, false);
  if (d.to.writeBlocked()) d.from.pauseReading(Pause::Backpressure);
  considerSplice(d, delivered);
}

// The sender of this direction has ended; `data` are its last bytes.
void Relay::finishDirection(Direction& d, buffer::Buffer& data) {
  if (std::exchange(d.ended, true)) return;
  // If both have ended and nothing is queued, closing the sockets says all that a shutdown would.
  const bool close_may_do = opposite(d).ended && d.to_connection != nullptr;
  if (!data.empty() || !close_may_do) d.to.write(data, !close_may_do);
  if (close_may_do && !d.to_connection->allWritten()) d.to.write(data, true);
}

void Relay::onWriteReady(Side side) {
  Direction& d = direction(side == Side::Client ? Side::Upstream : Side::Client);
  if (d.pump != nullptr) return pump(d);
  d.from.resumeReading(Pause::Backpressure);
}

void Relay::onReadReady(Side side) {
  Direction& d = direction(side);
  if (d.pump != nullptr) pump(d);
}

void Relay::considerSplice(Direction& d, size_t delivered) {
  if (d.from_connection == nullptr || d.to_connection == nullptr) return;
  if (d.from_connection->urgentSeen()) return;
  d.bulk = delivered >= BulkBytes ? static_cast<uint8_t>(d.bulk + 1) : 0;
  if (d.bulk < BulkDeliveries) return;
  d.bulk = 0;
  // Bytes that are still queued here would be overtaken.
  if (!d.to_connection->allWritten() || !d.from_connection->readBuffer().empty()) return;
  if (d.from_connection->rawFd() < 0 || d.to_connection->rawFd() < 0) return;
  auto pump_or_none = std::make_unique<SplicePump>(pipes_, *d.from_connection, *d.to_connection);
  if (!pump_or_none->valid()) return;
  d.pump = std::move(pump_or_none);
  d.from.pauseReading(Pause::Manual);
  again_.schedule();
}

void Relay::pump(Direction& d) {
  const SplicePump::State state = d.pump->pump();
  const uint64_t moved = d.pump->takeMoved();
  if (state == SplicePump::State::Again) return again_.schedule();
  if (state == SplicePump::State::Stopped) return stopSplicing(d);  // a read says which it is
  if (state == SplicePump::State::Blocked) return;
  d.bulk = moved < BulkBytes ? static_cast<uint8_t>(d.bulk + 1) : 0;
  if (d.bulk >= SmallTurns) stopSplicing(d);
}

void Relay::stopSplicing(Direction& d) {
  d.bulk = 0;
  d.pump.reset();
  d.from.resumeReading(Pause::Manual);
}

void Relay::onTask() {
  for (Direction* d : {&up_, &down_}) {
    if (d->pump != nullptr) pump(*d);
  }
  progressed_();
}

bool Relay::holding() const {
  for (const Direction* d : {&up_, &down_}) {
    if (d->to_connection != nullptr && !d->to_connection->allWritten()) return true;
    if (d->pump != nullptr && d->pump->holding() > 0) return true;
  }
  return false;
}

bool Relay::done() const { return up_.ended && down_.ended && !holding(); }

}  // namespace weir::net
