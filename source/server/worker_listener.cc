#include "source/server/worker_listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "source/server/active_connection.h"

namespace weir::server {

WorkerListener::WorkerListener(std::shared_ptr<ListenerShared> shared, const net::OwnAddresses& own,
                               Outside outside)
    : shared_(std::move(shared)), own_(own), outside_(std::move(outside)) {}

WorkerListener::~WorkerListener() = default;

void WorkerListener::adopt(Generation& generation, const config::ListenerSettings& settings) {
  const filter::SilencePolicy& policy = silencePolicyOf(settings);
  learned_.setLimits(policy.server_first.learn_max_entries, policy.server_first.learn_ttl);
  auto tell = [this](const net::IpPort& destination, bool speaks_first) {
    outside_.tell_others({shared_->id, destination, speaks_first});
  };
  const config::ListenerSettings* old = current_ == nullptr ? nullptr : &current_->settings;
  current_ = &generation.addListener(
      *this, {settings, policy, generation.worker(), learned_, probes_, std::move(tell)});
  if (old == nullptr) return;
  const net::ListenOptions options = listenOptionsOf(settings);
  if (options != listenOptionsOf(*old)) acceptor_->socket().apply(options);
}

void WorkerListener::listen(net::ListenSocket socket) {
  bound_ = socket.address().ip;
  acceptor_.emplace(current_->generation.worker().loop, std::move(socket),
                    static_cast<net::Acceptor::Events&>(*this));
}

void WorkerListener::finish() { acceptor_->finish(); }

void WorkerListener::onAcceptorClosed() {
  closed_ = true;
  if (done()) outside_.on_done();
}

void WorkerListener::onRecordGone() {
  --records_;
  if (done()) outside_.on_done();
}

void WorkerListener::onAccept(net::AcceptedFd accepted) {
  ListenerStats& stats = current_->stats;
  stats.countAccepted();
  if (shared_->open.fetch_add(1, std::memory_order_relaxed) >= current_->settings.max_connections) {
    shared_->open.fetch_sub(1, std::memory_order_relaxed);
    stats.countOverflow();
    ::close(accepted.fd);
    return;
  }
  stats.countOpen();
  auto connection = std::make_unique<ActiveConnection>(*current_, accepted);
  ActiveConnection& started = *connection.release();
  started.next_ = connections_;
  if (connections_ != nullptr) connections_->previous_ = &started;
  connections_ = &started;
  ++open_;
  started.start();
}

void WorkerListener::onAcceptError(int error) { current_->stats.countAcceptError(error); }

void WorkerListener::onConnectionEnded(ActiveConnection& connection) {
  const filter::ConnectionInfo& info = connection.info();
  ListenerGeneration& its = connection.listenerGeneration();
  its.stats.countEnd(info);
  shared_->open.fetch_sub(1, std::memory_order_relaxed);
  event::Loop& loop = its.generation.worker().loop;
  if (AccessLog* const log = its.generation.log(); log != nullptr) log->write(info, loop.now());
  (connection.previous_ != nullptr ? connection.previous_->next_ : connections_) = connection.next_;
  if (connection.next_ != nullptr) connection.next_->previous_ = connection.previous_;
  --open_;
  loop.retire(std::unique_ptr<ActiveConnection>(&connection));
}

void WorkerListener::closeAll(std::string_view reason) {
  acceptor_.reset();
  closed_ = true;
  std::vector<ActiveConnection*> all;
  all.reserve(open_);
  for (ActiveConnection* at = connections_; at != nullptr; at = at->next_) all.push_back(at);
  for (ActiveConnection* connection : all) connection->close(reason);
}

void WorkerListener::forEachConnection(
    const std::function<void(const ActiveConnection&)>& visit) const {
  for (const ActiveConnection* at = connections_; at != nullptr; at = at->next_) visit(*at);
}

void WorkerListener::onNews(const LearnedNews& news) {
  const MonotonicTime now = current_->generation.worker().loop.now();
  if (news.speaks_first) {
    learned_.learn(news.destination, now);
  } else {
    learned_.contradict(news.destination, now);
  }
}

}  // namespace weir::server
