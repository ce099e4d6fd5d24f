#include "source/server/server.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "source/base/log.h"
#include "source/http/health/http_health_checker.h"
#include "source/server/admin.h"
#include "source/server/certificate_metrics.h"
#include "source/server/process_metrics.h"
#include "source/server/resources.h"

namespace weir::server {

using log::Component;

namespace {

// What is used is read at each look; what may be used is in many files, and changes seldom.
class ResourceView {
 public:
  OverloadMonitor::Usage operator()() {
    if (looks_++ % LooksAtOneLimit == 0) memory_limit_ = resources_.memoryLimit();
    return {resources_.memoryUsed(), memory_limit_, resources_.descriptorsUsed(),
            Resources::descriptorLimit()};
  }

 private:
  static constexpr unsigned LooksAtOneLimit = 30;
  const Resources resources_;
  unsigned looks_ = 0;
  uint64_t memory_limit_ = 0;
};

}  // namespace

Server::Server(std::shared_ptr<const config::BootstrapSettings> settings, const Clock& clock,
               unsigned workers)
    : clock_(clock),
      worker_count_(workers),
      loop_(clock),
      clusters_(loop_, {}, http::makeHttpHealthChecker),
      logs_(loop_),
      snapshot_{std::move(settings), nullptr, nullptr},
      bound_(workers),
      max_connections_(stats_.gauge("weir_process_max_connections",
                                    "How many connections may be open on all listeners.", {})),
      overload_(loop_, stats_, shared_.load, ResourceView()),
      drain_timer_(loop_, [this] { resetTheRest(); }),
      series_timer_(loop_, [this] { dropSeries(); }) {}

Server::~Server() {
  reload_done_ = nullptr;  // who waits for the end of a reload may be gone
  // While they are still bound: another process that finds nobody there may take the paths.
  bound_.removeFiles();
  removeAdminFile();
  admin_.reset();
  if (running_) {
    // All at once: none accepts while another ends.
    for (auto& worker : workers_) worker->requestStop();
    for (auto& worker : workers_) worker->join();
  }
  workers_.clear();
  while (loop_.runOnce(false)) {  // frees what the workers gave back
  }
}

Result<void> Server::start() {
  auto logs = logs_.openAll(*snapshot_.settings);
  if (!logs.ok()) return logs.error();
  snapshot_.logs = std::move(logs).value();
  auto change = bound_.prepare(snapshot_.settings->listeners);
  if (!change.ok()) return change.error();
  commit(change.value());
  applyLimits();
  if (auto bound = bindAdmin(); !bound.ok()) return bound;
  snapshot_.clusters = prepareClusters();
  if (quitting_) return Error{ErrorCode::Closed, Side::Self, "told to end before it had started"};
  for (unsigned i = 0; i < worker_count_; ++i) {
    Worker::Outside outside{
        [this, i](const LearnedNews& news) { broadcast(i, news); },
        [this](Snapshot old) {
          loop_.post([this, old = std::move(old)]() mutable { dispose(std::move(old)); });
        }};
    workers_.push_back(std::make_unique<Worker>(shared_, clock_, std::move(outside)));
  }
  warnOfUnusedSockets();
  series_owners_.add(*snapshot_.settings, workers_.size());
  auto updates = updatesFrom(std::move(change).value());
  for (unsigned i = 0; i < worker_count_; ++i) workers_[i]->start(std::move(updates[i]));
  running_ = true;
  return {};
}

void Server::commit(const ListenerChange& change) {
  bound_.commit(change);
  std::vector<net::SocketAddress> addresses;
  for (const BoundListener& one : bound_.current()) addresses.push_back(one.bound);
  shared_.own_addresses.setListeners(addresses);
}

void Server::warnOfUnusedSockets() const {
  for (const InheritedSocket& one : bound_.inherited()) {
    const net::SocketAddress& address = one.socket.address();
    const auto& listeners = bound_.current();
    const bool used = address == admin_bound_ ||
                      std::any_of(listeners.begin(), listeners.end(),
                                  [&](const auto& listener) { return listener.bound == address; });
    if (!used)
      log::warn(Component::Listener, "inherited socket \"{}\" on {}: no listener has this address",
                one.name, address.toString());
  }
}

// Those of the whole process, which hold for connections of all generations together.
void Server::applyLimits() {
  const config::BootstrapSettings& settings = *snapshot_.settings;
  const uint64_t possible =
      defaultMaxConnections(Resources::descriptorLimit(), worker_count_, settings.listeners.size());
  const uint64_t limit = settings.max_connections != 0 ? settings.max_connections : possible;
  if (limit > possible)
    log::warn(Component::Listener,
              "max_connections is {}, but the limit of descriptors ({}) allows about {}", limit,
              Resources::descriptorLimit(), possible);
  shared_.load.max_connections.store(limit, std::memory_order_relaxed);
  shared_.detection.setLimit(settings.max_detection_bytes);
  max_connections_.set(limit);
  overload_.setSettings(settings.overload);
}

upstream::ClusterStates Server::prepareClusters() {
  const auto clusters = std::make_shared<upstream::ClusterStates>();
  clusters_.prepare(snapshot_.settings->clusters,
                    [clusters](upstream::ClusterStates states) { *clusters = std::move(states); });
  while (*clusters == nullptr && !quitting_) loop_.runOnce(true);
  return *clusters;
}

void Server::quit() {
  quitting_ = true;
  loop_.stop();
}

std::vector<WorkerUpdate> Server::updatesFrom(ListenerChange change) const {
  std::vector<WorkerUpdate> updates(worker_count_);
  for (unsigned w = 0; w < worker_count_; ++w) {
    updates[w].snapshot = snapshot_;
    for (size_t i = 0; i < change.listeners.size(); ++i) {
      WorkerUpdate::Listener listener{change.listeners[i].shared, std::nullopt};
      auto& sockets = change.sockets[i].of_workers;
      if (!sockets.empty()) listener.socket.emplace(std::move(sockets[w]));
      updates[w].listeners.push_back(std::move(listener));
    }
  }
  return updates;
}

Result<void> Server::bindAdmin() {
  if (!snapshot_.settings->admin) return {};
  const net::SocketAddress& address = snapshot_.settings->admin->address;
  const InheritedSocket* const given = bound_.inherited(address);
  auto socket = given != nullptr ? given->socket.duplicate()
                                 : net::ListenSocket::open(address, {.reuse_port = false}, true);
  if (!socket.ok())
    return Error{socket.error().code, socket.error().side, "admin: " + socket.error().detail};
  admin_bound_ = socket.value().address();
  if (!admin_bound_->isUnix() && !admin_bound_->ip.ip.isLoopback())
    log::warn(Component::Admin,
              "the admin port on {} has no authentication: whoever reaches it can see connections "
              "and end the process; a loopback address or a Unix socket is safe",
              admin_bound_->toString());
  const int fd = fcntl(socket.value().fd(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return errnoError(Side::Self, "admin: dup", errno);
  admin_ = std::make_unique<Admin>(*this, fd);
  return {};
}

Result<void> checkReloadable(const config::BootstrapSettings& now,
                             const config::BootstrapSettings& next) {
  std::string faults;
  const auto needsRestart = [&faults](const std::string& field, const std::string& from,
                                      const std::string& to) {
    faults += field + ": a change from " + from + " to " + to + " needs a restart; ";
  };
  if (now.workers != next.workers) {
    needsRestart("workers", std::to_string(now.workers), std::to_string(next.workers));
  }
  if (now.admin != next.admin) {
    const auto text = [](const auto& admin) {
      return admin ? admin->address.toString() : std::string("no admin port");
    };
    needsRestart("admin.address", text(now.admin), text(next.admin));
  }
  if (faults.empty()) return {};
  return Error{ErrorCode::InvalidArgument, Side::Config,
               faults + "nothing of the new configuration was taken"};
}

void Server::reload(std::shared_ptr<const config::BootstrapSettings> settings, Done done) {
  if (reload_done_ != nullptr) {
    const Error busy{ErrorCode::Exhausted, Side::Self, "another reload is under way"};
    return loop_.post([done = std::move(done), busy] { done(busy); });
  }
  reload_done_ = std::move(done);
  if (auto possible = checkReloadable(*snapshot_.settings, *settings); !possible.ok())
    return loop_.post([this, possible] { finishReload(possible); });
  const auto& clusters = settings->clusters;
  clusters_.prepare(clusters,
                    [this, settings = std::move(settings)](upstream::ClusterStates states) {
                      auto taken = take(settings, std::move(states));
                      if (!taken.ok()) finishReload(taken);
                    });
}

// What can fail comes first; then it is certain.
Result<void> Server::take(std::shared_ptr<const config::BootstrapSettings> settings,
                          upstream::ClusterStates clusters) {
  if (draining_) return Error{ErrorCode::Closed, Side::Self, "the process is draining"};
  auto logs = logs_.openAll(*settings);
  if (!logs.ok()) return logs.error();
  auto change = bound_.prepare(settings->listeners);
  if (!change.ok()) return change.error();
  commit(change.value());
  snapshot_ = {std::move(settings), std::move(clusters), std::move(logs).value()};
  applyLimits();
  series_owners_.add(*snapshot_.settings, workers_.size());
  auto updates = updatesFrom(std::move(change).value());
  workers_to_switch_ = workers_.size();
  for (size_t i = 0; i < workers_.size(); ++i) {
    auto update = std::make_shared<WorkerUpdate>(std::move(updates[i]));
    workers_[i]->post([this, update](Worker& worker) {
      worker.apply(std::move(*update));
      loop_.post([this] { onWorkerSwitched(); });
    });
  }
  return {};
}

// One worker has let go of it.
void Server::dispose(Snapshot old) {
  series_owners_.release(*old.settings, loop_.now());
  old = {};
  clusters_.forgetUnused();
  dropSeries();
}

// From all workers at once: a counter that went away in parts would go back.
void Server::dropSeries() {
  const stats::Registry::Owners due = series_owners_.takeDue(loop_.now());
  if (!due.empty()) {
    for (auto& worker : workers_) worker->dropSeries(due);
  }
  if (const auto next = series_owners_.nextDue()) series_timer_.arm(*next - loop_.now());
}

void Server::onWorkerSwitched() {
  if (--workers_to_switch_ == 0) finishReload({});
}

void Server::finishReload(const Result<void>& result) {
  const Done done = std::exchange(reload_done_, nullptr);  // which may start another one
  if (done != nullptr) done(result);
}

void Server::drain() {
  if (std::exchange(draining_, true)) return;
  const Duration timeout = snapshot_.settings->drain_timeout;
  log::info(Component::Main, "draining: connections have {} s to end", toSeconds(timeout));
  bound_.removeFiles();
  removeAdminFile();
  workers_to_drain_ = workers_.size();
  for (auto& worker : workers_) {
    worker->post(
        [this](Worker& one) { one.drain([this] { loop_.post([this] { onWorkerDrained(); }); }); });
  }
  drain_timer_.arm(timeout);
}

// Once. From then on another process may have a file of its own there.
void Server::removeAdminFile() {
  if (std::exchange(admin_file_removed_, true)) return;
  if (admin_bound_ && bound_.inherited(*admin_bound_) == nullptr)
    net::removeSocketFile(*admin_bound_);
}

void Server::resetTheRest() {
  log::info(Component::Main, "drain_timeout is over: connections that are left are reset");
  for (auto& worker : workers_) {
    worker->post([](Worker& one) { one.closeAll("drained"); });
  }
}

void Server::onWorkerDrained() {
  if (--workers_to_drain_ == 0) loop_.stop();
}

// On the thread of worker `from`.
void Server::broadcast(size_t from, const LearnedNews& news) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (i != from) workers_[i]->post([news](Worker& worker) { worker.onNews(news); });
  }
}

std::string Server::metrics() const {
  std::vector<const stats::Registry*> registries = {&stats_};
  for (const auto& worker : workers_) registries.push_back(&worker->stats());
  registries.push_back(&clusters_.stats());
  std::string out = stats::renderPrometheus(registries);
  stats::PrometheusText text(out);
  text.family("weir_access_log_dropped_total", stats::Kind::Counter,
              "Access log lines that could not be written.");
  text.sample({}, logs_.dropped());
  appendProcessMetrics(text);
  appendCertificateMetrics(text, settings().certificates);
  return out;
}

}  // namespace weir::server
