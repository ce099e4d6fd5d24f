#include "source/server/bound_listeners.h"

#include <algorithm>
#include <utility>

namespace weir::server {
namespace {

bool kernelChooses(const net::SocketAddress& address) {
  return !address.isUnix() && address.ip.port == 0;
}

bool goesOnFrom(const BoundListener& old, const config::ListenerSettings& listener) {
  if (!kernelChooses(listener.address)) return old.bound == listener.address;
  return old.configured == listener.address && old.name == listener.name;
}

void removeFile(const BoundListener& listener) {
  if (!listener.inherited) net::removeSocketFile(listener.bound);
}

Error named(const config::ListenerSettings& listener, const Error& error) {
  return {error.code, error.side, "listener \"" + listener.name + "\": " + error.detail};
}

}  // namespace

std::vector<std::optional<size_t>> matchListeners(
    const std::vector<BoundListener>& now, const std::vector<config::ListenerSettings>& next) {
  std::vector<std::optional<size_t>> out;
  std::vector<bool> taken(now.size());
  for (const config::ListenerSettings& listener : next) {
    std::optional<size_t> found;
    for (size_t i = 0; i < now.size() && !found; ++i) {
      if (!taken[i] && goesOnFrom(now[i], listener)) found = i;
    }
    if (found) taken[*found] = true;
    out.push_back(found);
  }
  return out;
}

BoundListeners::~BoundListeners() { removeFiles(); }

void BoundListeners::removeFiles() {
  if (std::exchange(files_removed_, true)) return;
  for (const BoundListener& listener : current_) removeFile(listener);
}

// One of ours has the port already: on another address of the machine (the kernel prefers the more
// specific one), or on this one, until a worker has emptied the queue of a listener that was
// removed.
bool BoundListeners::isOursToo(const net::SocketAddress& address) const {
  const uint16_t port = address.ip.port;
  return std::any_of(current_.begin(), current_.end(),
                     [&](const BoundListener& other) {
                       return !other.bound.isUnix() && other.bound.ip.port == port;
                     }) ||
         std::any_of(leaving_.begin(), leaving_.end(), [&](const auto& other) {
           return other.first == port && !other.second.expired();
         });
}

const InheritedSocket* BoundListeners::inherited(const net::SocketAddress& address) const {
  for (const InheritedSocket& one : inherited_) {
    if (one.socket.address() == address) return &one;
  }
  return nullptr;
}

// The next worker's socket, after those of `before`.
Result<net::ListenSocket> BoundListeners::open(const config::ListenerSettings& listener,
                                               const net::SocketAddress& address,
                                               const std::vector<net::ListenSocket>& before) const {
  const net::ListenOptions options = listenOptionsOf(listener);
  if (const InheritedSocket* const given = inherited(listener.address); given != nullptr) {
    if (options.transparent) {
      if (auto may = net::ListenSocket::checkTransparent(address); !may.ok()) return may.error();
    }
    given->socket.apply(options);
    return given->socket.duplicate();
  }
  if (!before.empty() && address.isUnix()) return before.back().duplicate();
  return net::ListenSocket::open(address, options, before.empty() && !isOursToo(address));
}

Result<BoundListener> BoundListeners::bind(const config::ListenerSettings& listener,
                                           std::vector<net::ListenSocket>& sockets) {
  BoundListener bound{listener.name,
                      listener.address,
                      listener.address,
                      listener.transparent,
                      inherited(listener.address) != nullptr,
                      std::make_shared<ListenerShared>(next_id_++)};
  for (unsigned i = 0; i < workers_; ++i) {
    // The kernel's choice of a port holds for the other workers' sockets too.
    auto socket = open(listener, bound.bound, sockets);
    if (!socket.ok()) {
      if (i > 0) removeFile(bound);
      return named(listener, socket.error());
    }
    bound.bound = socket.value().address();
    sockets.push_back(std::move(socket).value());
  }
  return bound;
}

Result<ListenerChange> BoundListeners::prepare(
    const std::vector<config::ListenerSettings>& settings) {
  const auto matches = matchListeners(current_, settings);
  ListenerChange change;
  const auto undo = [&](const Error& error) {
    for (size_t i = 0; i < change.listeners.size(); ++i) {
      if (!matches[i]) removeFile(change.listeners[i]);
    }
    return error;
  };
  for (size_t i = 0; i < settings.size(); ++i) {
    const config::ListenerSettings& listener = settings[i];
    change.sockets.emplace_back();
    if (!matches[i]) {
      auto bound = bind(listener, change.sockets.back().of_workers);
      if (!bound.ok()) return undo(bound.error());
      change.listeners.push_back(std::move(bound).value());
      continue;
    }
    BoundListener stays = current_[*matches[i]];
    if (listener.transparent && !stays.transparent) {
      if (auto may = net::ListenSocket::checkTransparent(stays.bound); !may.ok())
        return undo(named(listener, may.error()));
    }
    stays.name = listener.name;
    stays.configured = listener.address;
    stays.transparent = listener.transparent;
    change.listeners.push_back(std::move(stays));
  }
  return change;
}

void BoundListeners::commit(const ListenerChange& change) {
  std::erase_if(leaving_, [](const auto& one) { return one.second.expired(); });
  for (const BoundListener& old : current_) {
    const bool stays =
        std::any_of(change.listeners.begin(), change.listeners.end(),
                    [&](const BoundListener& listener) { return listener.shared == old.shared; });
    if (stays) continue;
    removeFile(old);
    if (!old.bound.isUnix()) leaving_.emplace_back(old.bound.ip.port, old.shared);
  }
  current_ = change.listeners;
}

}  // namespace weir::server
