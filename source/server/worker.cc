#include "source/server/worker.h"

#include <utility>

namespace weir::server {

Worker::Worker(const config::BootstrapSettings& settings, upstream::ClusterStates clusters,
               ProcessShared& shared, const Clock& clock, AccessLog* log,
               std::function<void(const LearnedNews&)> tell_others)
    : settings_(settings),
      shared_(shared),
      log_(log),
      tell_others_(std::move(tell_others)),
      loop_(clock),
      clusters_(std::move(clusters), loop_, slices_, net::ConnectionLimits{}, stats_,
                shared.own_addresses),
      filter_worker_{loop_, slices_, pipes_, clusters_, stats_} {}

Worker::~Worker() = default;

void Worker::start(std::vector<net::ListenSocket> sockets) {
  sockets_ = std::move(sockets);
  thread_ = std::thread([this] { run(); });
}

void Worker::run() {
  for (size_t i = 0; i < sockets_.size(); ++i) {
    auto tell = [this, i](const net::IpPort& destination, bool speaks_first) {
      tell_others_({i, destination, speaks_first});
    };
    listeners_.push_back(std::make_unique<WorkerListener>(
        settings_.listeners[i], shared_.listeners[i], shared_.own_addresses, std::move(sockets_[i]),
        filter_worker_, log_, std::move(tell)));
  }
  loop_.run();
  // Ending a connection takes turns of the loop: hooks are called, and what they held is retired.
  for (auto& listener : listeners_) listener->closeAll();
  while (loop_.runOnce(false)) {
  }
  listeners_.clear();
}

void Worker::requestStop() { loop_.stop(); }

void Worker::join() { thread_.join(); }

void Worker::post(std::function<void(Worker&)> work) {
  loop_.post([this, work = std::move(work)] { work(*this); });
}

void Worker::onNews(const LearnedNews& news) {
  if (news.listener < listeners_.size()) listeners_[news.listener]->onNews(news);
}

}  // namespace weir::server
