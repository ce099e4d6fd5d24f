#include "source/upstream/early_connection.h"

#include <utility>

#include "source/base/check.h"

namespace weir::upstream {

EarlyConnection::EarlyConnection(Cluster& cluster, event::Loop& loop)
    : cluster_(cluster), loop_(loop), started_(loop.now()) {}

EarlyConnection::~EarlyConnection() {
  cancel();
  if (connection_ != nullptr) loop_.retire(std::move(connection_));
}

void EarlyConnection::cancel() {
  if (timeout_) timeout_->disarm();
  connected_ = false;
  if (connection_ == nullptr) return;
  if (!std::exchange(settled_, true)) cluster_.countFailed(place_, ErrorCode::Closed);
  connection_->close(false);
  place_.leave();
}

Result<void> EarlyConnection::start(const ConnectRequest& request, EarlyEvents& events) {
  events_ = &events;
  auto started = cluster_.connect(request, *this);
  if (!started.ok()) return started.error();
  connection_ = std::move(started.value().connection);
  address_ = std::move(started.value().address);
  place_ = std::move(started.value().place);
  host_ = place_.host().get();
  timeout_.emplace(loop_, [this] {
    fail({ErrorCode::TimedOut, Side::Upstream,
          "connect to " + address_.toString() + ": no answer in time"});
  });
  timeout_->arm(cluster_.settings().connect_timeout);
  return {};
}

void EarlyConnection::onConnected() {
  timeout_->disarm();
  connected_ = settled_ = true;
  cluster_.countConnected(place_, toSeconds(loop_.now() - started_));
  events_->onEarlyConnected();
}

void EarlyConnection::onData(buffer::Buffer&, bool) { events_->onServerSpoke(); }

void EarlyConnection::onFault(const Error& error) {
  const std::string what = connected_ ? "upstream " : "connect to ";
  fail({error.code, Side::Upstream, what + address_.toString() + ": " + error.detail});
}

void EarlyConnection::fail(Error error) {
  timeout_->disarm();
  if (!std::exchange(settled_, true)) cluster_.countFailed(place_, error.code);
  connected_ = false;
  connection_->close(false);
  place_.leave();
  events_->onEarlyFailed(error);
}

std::unique_ptr<net::Connection> EarlyConnection::release() {
  WEIR_CHECK(connected_);
  connected_ = false;
  return std::move(connection_);
}

}  // namespace weir::upstream
