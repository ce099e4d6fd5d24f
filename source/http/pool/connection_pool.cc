#include "source/http/pool/connection_pool.h"

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/http/pool/pooled_connection.h"
#include "source/upstream/early_connection.h"

namespace weir::http {
namespace {

// Streams that one connection of HTTP/2 is expected to take before its server has said how many.
constexpr size_t ExpectedStreams = 100;

}  // namespace

void PoolWaiter::leavePool() {
  if (pool_ != nullptr) pool_->dequeue(*this);
}

bool PoolWaiter::hostKeepsWaiting() const { return pool_ != nullptr && pool_->hostKeepsWaiting(); }

ConnectionPool::ConnectionPool(Parts parts, std::shared_ptr<upstream::Host> host, Version version,
                               std::function<void()> on_empty)
    : parts_(parts),
      host_(std::move(host)),
      version_(version),
      on_empty_(std::move(on_empty)),
      http1_{.headers = {parts.cluster.settings().http.response_headers}},
      http2_{{parts.cluster.settings().http.http2},
             {parts.cluster.settings().http.response_headers}},
      serve_(parts.loop, [this] { serve(); }),
      idle_(parts.loop, [this] { sweepIdle(); }),
      starved_(parts.loop, [this] { failStarved(); }) {}

ConnectionPool::~ConnectionPool() {
  dying_ = true;
  while (PoolWaiter* const waiter = queue_.oldest()) dequeue(*waiter);
  while (!connections_.empty()) connections_.back()->close(false);
}

Result<PooledStream> ConnectionPool::newStream(StreamDecoder& decoder, PoolWaiter& waiter,
                                               const upstream::ConnectRequest& request,
                                               bool fresh) {
  fresh = fresh && version_ != Version::Http2;
  if (PooledConnection* const room = findRoom(fresh)) return begin(*room, decoder);
  if (!parts_.cluster.tryPending()) {
    if (empty()) on_empty_();
    return Error{ErrorCode::Overflow, Side::Self, "too many requests wait for a connection"};
  }
  enqueue(waiter, decoder, request, fresh);
  if (!ready_.empty() || !unused_.empty()) serve_.schedule();
  watchStarved();
  if (capacityInMaking() >= queue_.size() || takesNone() || awaitsPlace()) return PooledStream{};
  if (auto made = connectForWaiting(); !made.ok()) {
    dequeue(waiter);
    return made.error();
  }
  watchStarved();
  return PooledStream{};
}

// An error only if there is no other connection either, which may become free.
Result<void> ConnectionPool::connectForWaiting() {
  auto made = connect(queue_.oldest()->request_);
  if (made.ok() || connections_.empty() || made.error().code != ErrorCode::Overflow) return made;
  if (queue_.letAnyDo()) serve_.schedule();
  return {};
}

// Those who wait come first.
PooledConnection* ConnectionPool::findRoom(bool fresh) {
  if (!fresh && queue_.oldestFor(true) == nullptr) {
    if (PooledConnection* const used = lastOf(ready_)) return used;
  }
  return queue_.empty() ? lastOf(unused_) : nullptr;
}

// A codec may know of its connection's end before it has told.
PooledConnection* ConnectionPool::lastOf(Connections& connections) {
  while (!connections.empty() && !connections.back()->canTake()) leaveReady(*connections.back());
  return connections.empty() ? nullptr : connections.back();
}

PooledStream ConnectionPool::begin(PooledConnection& connection, StreamDecoder& decoder) {
  const bool reused = connection.used();
  StreamEncoder& encoder = connection.newStream(decoder);
  if (!connection.canTake()) leaveReady(connection);
  return {&encoder, reused};
}

// The last one takes its place.
void ConnectionPool::leaveReady(PooledConnection& connection) {
  if (connection.ready_in == nullptr) return;
  Connections& list = *std::exchange(connection.ready_in, nullptr);
  list[connection.ready_index] = list.back();
  list[connection.ready_index]->ready_index = connection.ready_index;
  list.pop_back();
}

size_t ConnectionPool::streamsPerConnection() const {
  if (version_ != Version::Http2) return 1;
  return said_.value_or(std::min<size_t>(ExpectedStreams, http2_.max_concurrent_streams));
}

size_t ConnectionPool::capacityInMaking() const { return in_making_ * streamsPerConnection(); }

// Of a connection whose server has not said it yet.
size_t ConnectionPool::streamsUnsaid() const { return std::max<size_t>(said_.value_or(1), 1); }

// More connections would not help.
bool ConnectionPool::takesNone() const {
  return streamsPerConnection() == 0 && !connections_.empty();
}

// Not by all that it has been given, but by what it does not say.
bool ConnectionPool::hostKeepsWaiting() const {
  if (in_making_ > 0 || takesNone()) return true;
  const auto doubted = [](const auto& one) { return one->inDoubt(); };
  return version_ == Version::Http2 && std::ranges::any_of(connections_, doubted);
}

Result<void> ConnectionPool::connect(const upstream::ConnectRequest& request) {
  auto connection = std::make_unique<PooledConnection>(*this);
  PlaceWaiter* const waiter = std::exchange(no_place_, false) ? nullptr : this;
  auto started = connection->connect(request, waiter);
  if (!started.ok()) return started.error();
  if (!started.value()) return {};
  connection->in_making = true;
  keep(std::move(connection));
  ++in_making_;
  return {};
}

void ConnectionPool::keep(std::unique_ptr<PooledConnection> connection) {
  connection->index = connections_.size();
  connections_.push_back(std::move(connection));
  parts_.cluster.counters().connectionMade(version_ == Version::Http2);
}

void ConnectionPool::adopt(upstream::EarlyConnection& early) {
  WEIR_CHECK(early.connected());
  auto connection = std::make_unique<PooledConnection>(*this);
  upstream::Place place = early.takePlace();
  connection->adopt(early.release(), std::move(place));
  keep(std::move(connection));
  onRoom(*connections_.back());
}

void ConnectionPool::enqueue(PoolWaiter& waiter, StreamDecoder& decoder,
                             const upstream::ConnectRequest& request, bool fresh) {
  WEIR_CHECK(waiter.pool_ == nullptr);
  waiter.pool_ = this;
  waiter.decoder_ = &decoder;
  waiter.request_ = request;
  waiter.request_.tried = {};  // valid for the call only, and nothing is picked
  queue_.add(waiter, fresh);
}

void ConnectionPool::dequeue(PoolWaiter& waiter) {
  queue_.remove(waiter);
  waiter.pool_ = nullptr;
  waiter.request_.proxy_tlvs.reset();
  parts_.cluster.leavePending();
  if (abandoned_) serve_.schedule();
  if (empty() && !dying_) on_empty_();
}

void ConnectionPool::serve() {
  while (serveOne()) {
  }
  grow();
  no_place_ = false;
  if (abandoned_ && queue_.empty()) endIdle();
}

// The oldest one first of those whom a connection with room is for.
bool ConnectionPool::serveOne() {
  for (Connections* const list : {&ready_, &unused_}) {
    PoolWaiter* const waiter = queue_.oldestFor(list == &ready_);
    PooledConnection* const room = waiter != nullptr ? lastOf(*list) : nullptr;
    if (room == nullptr) continue;
    StreamDecoder& decoder = *waiter->decoder_;
    dequeue(*waiter);
    waiter->onPoolReady(begin(*room, decoder));
    return true;
  }
  return false;
}

// A connection that somebody waits for may have ended, or take less than was expected.
void ConnectionPool::grow() {
  while (queue_.size() > capacityInMaking() && !takesNone() && !awaitsPlace()) {
    const size_t before = in_making_;
    if (auto made = connectForWaiting(); !made.ok()) {
      return failWaiting(queue_.size() - capacityInMaking(), made.error());
    }
    if (in_making_ == before) break;
  }
  watchStarved();
}

// A host may say that it takes no stream for now (RFC 9113 6.5.2). That is waited for no longer
// than a connection would be; nor is a place.
void ConnectionPool::watchStarved() {
  if (queue_.empty()) leavePlaces();
  if (queue_.empty() || (!takesNone() && !awaitsPlace())) return starved_.disarm();
  if (!starved_.armed()) starved_.arm(parts_.cluster.settings().connect_timeout);
}

void ConnectionPool::failStarved() {
  if (awaitsPlace()) {
    // What there is without waiting: a connection of its own that becomes free, or a failure.
    leavePlaces();
    onPlace(true);
  } else if (takesNone()) {
    failWaiting(queue_.size(), {ErrorCode::TimedOut, Side::Upstream, "the host takes no streams"});
  }
}

void ConnectionPool::failWaiting(size_t count, const Error& error) {
  for (; count > 0 && !queue_.empty(); --count) {
    PoolWaiter& waiter = *queue_.oldest();
    dequeue(waiter);
    waiter.onPoolFailure(error);
  }
}

void ConnectionPool::onConnected(PooledConnection& connection) {
  if (version_ == Version::Http2) return onRoom(connection);
  onRoomChange(connection);
}

void ConnectionPool::onRoomChange(PooledConnection& connection) {
  if (const auto most = connection.maxStreams()) {
    said_ = most;
    if (std::exchange(connection.in_making, false)) --in_making_;
  }
  if (connection.canTake()) return onRoom(connection);
  leaveReady(connection);
  if (!queue_.empty()) serve_.schedule();
}

void ConnectionPool::onRoom(PooledConnection& connection) {
  if (connection.ready_in == nullptr) {
    const bool unused = version_ != Version::Http2 && !connection.used();
    Connections& list = unused ? unused_ : ready_;
    connection.ready_in = &list;
    connection.ready_index = list.size();
    list.push_back(&connection);
  }
  connection.noteIdle();
  if (!queue_.empty() || abandoned_) serve_.schedule();
  const Duration idle = parts_.cluster.settings().http.idle_timeout;
  if (idle > Duration::zero() && !idle_.armed()) idle_.arm(idle);
}

void ConnectionPool::onStreamEnd() {
  if (abandoned_) serve_.schedule();
}

// It may be that those who wait need none any more.
void ConnectionPool::onPlace(bool in_vain) {
  no_place_ = in_vain;
  serve_.schedule();
}

void ConnectionPool::onConnectFailed(PooledConnection& connection, const Error& error) {
  const Error copy = error;
  connection.close(false);
  // Those that no other connection in the making is for.
  size_t hopeless = queue_.size() > capacityInMaking() ? queue_.size() - capacityInMaking() : 0;
  if (connections_.size() > in_making_) hopeless = std::min(hopeless, streamsPerConnection());
  failWaiting(hopeless, copy);
}

void ConnectionPool::forget(PooledConnection& connection) {
  if (connection.in_making) --in_making_;
  leaveReady(connection);
  const size_t index = connection.index;
  std::unique_ptr<PooledConnection> gone = std::move(connections_[index]);
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index = index;
  }
  connections_.pop_back();
  parts_.cluster.counters().connectionGone(version_ == Version::Http2);
  if (dying_) return;
  parts_.loop.retire(std::move(gone));
  if (!queue_.empty()) serve_.schedule();
  if (empty()) on_empty_();
}

// Connections end some time between their idle timeout and half as much again.
void ConnectionPool::sweepIdle() {
  const Duration idle = parts_.cluster.settings().http.idle_timeout;
  const MonotonicTime now = parts_.loop.now();
  std::vector<PooledConnection*> old;
  for (const auto& one : connections_) {
    if (one->connecting() || one->openStreams() > 0) continue;
    if (now - one->idleSince() >= idle) old.push_back(one.get());
  }
  if (connections_.size() > old.size()) idle_.arm(std::max<Duration>(idle / 2, Duration(1)));
  for (PooledConnection* one : old) one->close(false);
}

// Not at once: one of them may be on the stack.
void ConnectionPool::abandon() {
  abandoned_ = true;
  serve_.schedule();
}

// Those that are being made included: nobody waits.
void ConnectionPool::endIdle() {
  Connections idle;
  for (const auto& one : connections_) {
    if (one->connecting() || one->openStreams() == 0) idle.push_back(one.get());
  }
  for (PooledConnection* one : idle) one->close(false);
}

}  // namespace weir::http
