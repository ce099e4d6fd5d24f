#include "source/server/worker_listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include "source/base/log.h"
#include "source/server/active_connection.h"

namespace weir::server {
namespace {

std::string_view describe(Refusal why) {
  switch (why) {
    case Refusal::Memory: return "the process is short of memory";
    case Refusal::Descriptors: return "the process is short of descriptors";
    case Refusal::Process: return "max_connections of the process are open";
    case Refusal::Listener: return "max_connections of the listener are open";
    case Refusal::Source: return "max_connections_per_source are open";
  }
  return "";
}

}  // namespace

WorkerListener::WorkerListener(std::shared_ptr<ListenerShared> shared, ProcessShared& process,
                               Outside outside)
    : shared_(std::move(shared)), process_(process), outside_(std::move(outside)) {}

WorkerListener::~WorkerListener() = default;

void WorkerListener::adopt(Generation& generation, const config::ListenerSettings& settings) {
  const filter::SilencePolicy& policy = silencePolicyOf(settings);
  learned_.setLimits(policy.server_first.learn_max_entries, policy.server_first.learn_ttl);
  auto tell = [this](const net::IpPort& destination, bool speaks_first) {
    outside_.tell_others({shared_->id, destination, speaks_first});
  };
  const config::ListenerSettings* old = current_ == nullptr ? nullptr : &current_->settings;
  current_ = &generation.addListener(*this, {settings, policy, generation.worker(), learned_,
                                             probes_, process_.detection, std::move(tell)});
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
  const auto refusal = admit(process_.load, shared_->load, current_->settings, accepted.peer.ip);
  if (refusal) {
    refuse(*refusal, accepted.peer);
    ::close(accepted.fd);
    return;
  }
  stats.countOpen();
  auto connection = std::make_unique<ActiveConnection>(
      *current_, accepted, process_.last_connection.fetch_add(1, std::memory_order_relaxed) + 1);
  ActiveConnection& started = *connection.release();
  connections_.pushFront(started);
  ++open_;
  started.start();
}

void WorkerListener::refuse(Refusal why, const net::IpPort& peer) {
  current_->stats.countRefusal(why);
  static std::array<log::LimitedLog, RefusalCount> limits;
  limits[static_cast<size_t>(why)].write(
      current_->generation.worker().loop.now(), log::Component::Listener, log::Level::Warn,
      "listener {}: a connection from {} is closed at once: {}", current_->settings.name,
      peer.ip.family == net::Family::None ? "this machine" : peer.toString(), describe(why));
}

bool WorkerListener::changeSource(const ActiveConnection& connection) {
  const filter::Facts& facts = connection.info().facts;
  const ListenerGeneration& its = connection.listenerGeneration();
  if (server::changeSource(shared_->load, its.settings, connection.countedSource(),
                           facts.source.ip))
    return true;
  refuse(Refusal::Source, facts.source);
  return false;
}

void WorkerListener::onAcceptError(int error) { current_->stats.countAcceptError(error); }

void WorkerListener::onConnectionEnded(ActiveConnection& connection) {
  const filter::ConnectionInfo& info = connection.info();
  ListenerGeneration& its = connection.listenerGeneration();
  event::Loop& loop = its.generation.worker().loop;
  its.stats.countEnd(info, loop.now());
  release(process_.load, shared_->load, its.settings, connection.countedSource());
  if (AccessLog* const log = its.generation.log(); log != nullptr) log->write(info, loop.now());
  connection.leaveList();
  --open_;
  loop.retire(std::unique_ptr<ActiveConnection>(&connection));
}

void WorkerListener::closeAll(std::string_view reason) {
  acceptor_.reset();
  closed_ = true;
  std::vector<ActiveConnection*> all;
  all.reserve(open_);
  for (auto* at = connections_.first(); at != nullptr; at = connections_.next(*at)) {
    all.push_back(at);
  }
  for (ActiveConnection* connection : all) connection->close(reason);
}

void WorkerListener::forEachConnection(
    const std::function<bool(const ActiveConnection&)>& visit) const {
  for (const auto* at = connections_.first(); at != nullptr; at = connections_.next(*at)) {
    if (!visit(*at)) return;
  }
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
