#pragma once

// Which listeners are bound, and what a new configuration changes in that. A listener is known by
// its address (by its name, too, where the kernel chooses the port): as long as that is configured
// its sockets stay, whatever else changes. Main thread.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/result.h"
#include "source/config/settings.h"
#include "source/net/listen_socket.h"
#include "source/server/shared.h"

namespace weir::server {

struct BoundListener {
  std::string name;
  net::SocketAddress configured;  // with port 0 if the kernel chose
  net::SocketAddress bound;
  bool transparent = false;
  bool inherited = false;  // its socket, and the file of a Unix socket, are not ours alone
  std::shared_ptr<ListenerShared> shared;
};

// For each listener of `next`, the index in `now` of the one that it goes on from; nothing for a
// new one. No system calls.
std::vector<std::optional<size_t>> matchListeners(
    const std::vector<BoundListener>& now, const std::vector<config::ListenerSettings>& next);

// What a configuration makes of the listeners, with everything bound that is new in it.
struct ListenerChange {
  struct Sockets {
    std::vector<net::ListenSocket> of_workers;  // one each; none if the workers have them
  };
  std::vector<BoundListener> listeners;  // in the order of the settings
  std::vector<Sockets> sockets;          // the same
};

class BoundListeners {
 public:
  explicit BoundListeners(unsigned workers) : workers_(workers) {}
  // As removeFiles().
  ~BoundListeners();
  BoundListeners(const BoundListeners&) = delete;
  BoundListeners& operator=(const BoundListeners&) = delete;

  // Sockets that listeners with their addresses use from now on. They stay open to the end: whoever
  // handed them over has them, too.
  void inherit(std::vector<InheritedSocket> sockets) { inherited_ = std::move(sockets); }
  // The one with this address, or null.
  const InheritedSocket* inherited(const net::SocketAddress& address) const;
  const std::vector<InheritedSocket>& inherited() const { return inherited_; }

  // Binds what is new. On an error, which names the listener, nothing is bound that was not before.
  Result<ListenerChange> prepare(const std::vector<config::ListenerSettings>& settings);
  // From now on `change.listeners` are the bound ones. Removes the files of Unix sockets that are
  // none of them.
  void commit(const ListenerChange& change);

  // Removes the files of its Unix sockets, when what comes next is for another process: from then
  // on that may have files of its own there. Once; no commit() follows.
  void removeFiles();

  const std::vector<BoundListener>& current() const { return current_; }

 private:
  Result<BoundListener> bind(const config::ListenerSettings& listener,
                             std::vector<net::ListenSocket>& sockets);
  Result<net::ListenSocket> open(const config::ListenerSettings& listener,
                                 const net::SocketAddress& address,
                                 const std::vector<net::ListenSocket>& before) const;
  bool isOursToo(const net::SocketAddress& address) const;

  const unsigned workers_;
  uint64_t next_id_ = 1;
  bool files_removed_ = false;
  std::vector<InheritedSocket> inherited_;
  std::vector<BoundListener> current_;
  // Ports of listeners that are not configured any more, but may still be in the workers' hands.
  std::vector<std::pair<uint16_t, std::weak_ptr<ListenerShared>>> leaving_;
};

}  // namespace weir::server
