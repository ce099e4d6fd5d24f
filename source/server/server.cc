#include "source/server/server.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace weir::server {

Server::Server(const config::BootstrapSettings& settings, const Clock& clock, unsigned workers)
    : settings_(settings), clock_(clock), worker_count_(workers), loop_(clock), clusters_(loop_) {}

Server::~Server() {
  admin_.reset();
  if (running_) {
    // All at once: none accepts while another ends.
    for (auto& worker : workers_) worker->requestStop();
    for (auto& worker : workers_) worker->join();
  }
  workers_.clear();
  for (const std::string& path : unix_paths_) ::unlink(path.c_str());
}

Result<void> Server::start() {
  if (settings_.access_log.enabled) {
    auto log = AccessLog::open(settings_.access_log);
    if (!log.ok()) return log.error();
    log_ = std::move(log).value();
  }
  sockets_.resize(worker_count_);
  if (auto bound = bind(); !bound.ok()) {
    sockets_.clear();
    return bound;
  }
  shared_.listeners.resize(settings_.listeners.size());
  const upstream::ClusterStates clusters = prepareClusters();
  for (unsigned i = 0; i < worker_count_; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(settings_, clusters, shared_, clock_, log_.get(),
                                 [this, i](const LearnedNews& news) { broadcast(i, news); }));
  }
  for (unsigned i = 0; i < worker_count_; ++i) workers_[i]->start(std::move(sockets_[i]));
  running_ = true;
  return {};
}

upstream::ClusterStates Server::prepareClusters() {
  upstream::ClusterStates clusters;
  clusters_.prepare(settings_.clusters,
                    [&](upstream::ClusterStates states) { clusters = std::move(states); });
  while (clusters == nullptr) loop_.runOnce(true);
  return clusters;
}

Result<void> Server::bind() {
  for (const config::ListenerSettings& listener : settings_.listeners) {
    if (auto bound = bindListener(listener); !bound.ok()) return bound;
  }
  return bindAdmin();
}

Result<void> Server::bindListener(const config::ListenerSettings& listener) {
  const net::ListenOptions options{true, listener.transparent, listener.backlog};
  net::SocketAddress address = listener.address;
  for (unsigned i = 0; i < worker_count_; ++i) {
    // The kernel's choice of a port holds for the other workers' sockets too.
    auto socket = i > 0 && address.isUnix() ? sockets_[0].back().duplicate()
                                            : net::ListenSocket::open(address, options, i == 0);
    if (!socket.ok()) {
      const Error& error = socket.error();
      return Error{error.code, error.side, "listener \"" + listener.name + "\": " + error.detail};
    }
    address = socket.value().address();
    sockets_[i].push_back(std::move(socket).value());
  }
  bound_.push_back(address);
  if (address.isUnix() && address.unix_path[0] != '@') unix_paths_.push_back(address.unix_path);
  return {};
}

Result<void> Server::bindAdmin() {
  if (!settings_.admin) return {};
  auto socket = net::ListenSocket::open(settings_.admin->address, {.reuse_port = false}, true);
  if (!socket.ok())
    return Error{socket.error().code, socket.error().side, "admin: " + socket.error().detail};
  admin_bound_ = socket.value().address();
  if (admin_bound_->isUnix() && admin_bound_->unix_path[0] != '@')
    unix_paths_.push_back(admin_bound_->unix_path);
  const int fd = fcntl(socket.value().fd(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return errnoError(Side::Self, "admin: dup", errno);
  admin_ = std::make_unique<event::HttpEndpoint>(
      loop_, fd, [this](const event::HttpQuestion& q) { return answer(q); });
  return {};
}

// On the thread of worker `from`.
void Server::broadcast(size_t from, const LearnedNews& news) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (i != from) workers_[i]->post([news](Worker& worker) { worker.onNews(news); });
  }
}

event::HttpReply Server::answer(const event::HttpQuestion& question) {
  if (question.path == "/ready") return {200, "text/plain; charset=utf-8", "ready\n"};
  if (question.path == "/metrics")
    return {200, "text/plain; version=0.0.4; charset=utf-8", metrics()};
  return {404, "text/plain; charset=utf-8", "not found; there are /ready and /metrics\n"};
}

std::string Server::metrics() const {
  std::vector<const stats::Registry*> registries;
  for (const auto& worker : workers_) registries.push_back(&worker->stats());
  std::string out = stats::renderPrometheus(registries);
  if (log_ != nullptr) {
    out +=
        "# HELP weir_access_log_dropped_total Access log lines that could not be written.\n"
        "# TYPE weir_access_log_dropped_total counter\n"
        "weir_access_log_dropped_total " +
        std::to_string(log_->dropped()) + "\n";
  }
  return out;
}

}  // namespace weir::server
