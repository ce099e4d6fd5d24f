#include "source/server/worker_listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "source/server/active_connection.h"

namespace weir::server {
WorkerListener::WorkerListener(const config::ListenerSettings& settings, ListenerShared& shared,
                               const net::OwnAddresses& own, net::ListenSocket socket,
                               filter::Worker& worker, AccessLog* log,
                               std::function<void(const net::IpPort&, bool)> tell_others)
    : settings_(settings),
      shared_(shared),
      own_(own),
      worker_(worker),
      log_(log),
      learned_(silencePolicyOf(settings).server_first.learn_max_entries,
               silencePolicyOf(settings).server_first.learn_ttl),
      detection_{settings, silencePolicyOf(settings), worker, learned_, 0, std::move(tell_others)},
      accepted_(worker.stats.counter("weir_listener_connections_total", "Connections accepted.",
                                     {{"listener", settings.name}})),
      open_(worker.stats.gauge("weir_listener_open_connections", "Connections that are open.",
                               {{"listener", settings.name}})),
      overflow_(worker.stats.counter("weir_listener_overflow_total",
                                     "Connections closed at once because of max_connections.",
                                     {{"listener", settings.name}})),
      detection_seconds_(worker.stats.histogram(
          "weir_detection_seconds", "Time from accept until the filter chain was chosen.",
          {{"listener", settings.name}})),
      bound_(socket.address().ip) {
  acceptor_.emplace(worker.loop, std::move(socket), static_cast<net::Acceptor::Events&>(*this));
}

WorkerListener::~WorkerListener() = default;

void WorkerListener::onAccept(net::AcceptedFd accepted) {
  accepted_.add(1);
  if (shared_.open.fetch_add(1, std::memory_order_relaxed) >= settings_.max_connections) {
    shared_.open.fetch_sub(1, std::memory_order_relaxed);
    overflow_.add(1);
    ::close(accepted.fd);
    return;
  }
  open_.add(1);
  auto connection = std::make_unique<ActiveConnection>(*this, accepted);
  ActiveConnection& started = *connection;
  connections_.emplace(&started, std::move(connection));
  started.start();
}

void WorkerListener::onAcceptError(int error) {
  worker_.stats
      .counter("weir_listener_accept_errors_total", "Failures to accept, by kind.",
               {{"listener", settings_.name}, {"error", toString(codeFromErrno(error))}})
      .add(1);
}

void WorkerListener::countChoice(const filter::ConnectionInfo& info) {
  choiceCounter(info).add(1);
  detection_seconds_.observe(std::chrono::duration<double>(info.detection_time).count());
  if (!info.header.empty()) countHeader(info.header);
}

void WorkerListener::countHeader(std::string_view header) {
  stats::Value*& counter = headers_[header];
  if (counter == nullptr) {
    counter = &worker_.stats.counter("weir_listener_headers_total",
                                     "Headers in front of the client's bytes, by what they were.",
                                     {{"listener", settings_.name}, {"header", header}});
  }
  counter->add(1);
}

stats::Value& WorkerListener::choiceCounter(const filter::ConnectionInfo& info) {
  // One look-up by a key that is put together in place: protocols are a small fixed set of names.
  static thread_local std::string key;
  key.assign(info.chain)
      .append(1, '\0')
      .append(info.protocol)
      .append(1, static_cast<char>(info.reason));
  stats::Value*& counter = choices_[key];
  if (counter == nullptr) {
    counter = &worker_.stats.counter("weir_chain_connections_total",
                                     "Connections by chain, protocol and reason.",
                                     {{"listener", settings_.name},
                                      {"chain", info.chain.empty() ? "-" : info.chain},
                                      {"protocol", info.protocol},
                                      {"reason", filter::toString(info.reason)}});
  }
  return *counter;
}

WorkerListener::ByteCounters& WorkerListener::bytesOf(std::string_view chain) {
  ByteCounters& counters = bytes_[chain];
  if (counters.rx != nullptr) return counters;
  const auto counter = [&](std::string_view direction) {
    return &worker_.stats.counter(
        "weir_tcp_bytes_total", "Bytes of ended connections, from the client (rx) and to it (tx).",
        {{"listener", settings_.name},
         {"chain", chain.empty() ? "-" : chain},
         {"direction", direction}});
  };
  counters = {counter("rx"), counter("tx")};
  return counters;
}

void WorkerListener::countEnd(const filter::ConnectionInfo& info) {
  open_.sub(1);
  shared_.open.fetch_sub(1, std::memory_order_relaxed);
  const ByteCounters& bytes = bytesOf(info.chain);
  bytes.rx->add(info.rx_bytes);
  bytes.tx->add(info.tx_bytes);
  stats::Value*& closes = closes_[info.close_reason];
  if (closes == nullptr) {
    closes =
        &worker_.stats.counter("weir_connection_closes_total", "Connections that ended, by how.",
                               {{"listener", settings_.name}, {"close", info.close_reason}});
  }
  closes->add(1);
}

void WorkerListener::onConnectionEnded(ActiveConnection& connection) {
  const filter::ConnectionInfo& info = connection.info();
  countEnd(info);
  if (log_ != nullptr) {
    log_line_.clear();
    formatAccessLog(log_->format(), info, worker_.loop.now(), log_line_);
    log_->write(log_line_);
  }
  auto it = connections_.find(&connection);
  worker_.loop.retire(std::move(it->second));
  connections_.erase(it);
}

void WorkerListener::closeAll() {
  acceptor_.reset();
  std::vector<ActiveConnection*> all;
  all.reserve(connections_.size());
  for (const auto& [connection, owner] : connections_) all.push_back(connection);
  for (ActiveConnection* connection : all) connection->close("shutdown");
}

void WorkerListener::onNews(const LearnedNews& news) {
  if (news.speaks_first) {
    learned_.learn(news.destination, worker_.loop.now());
  } else {
    learned_.contradict(news.destination, worker_.loop.now());
  }
}

}  // namespace weir::server
