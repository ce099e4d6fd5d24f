#pragma once

// What systemd is told (sd_notify(3)), and the sockets that it hands over (sd_listen_fds(3)). Own,
// small implementations of the two protocols. Main thread.

#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/server/shared.h"

namespace weir::server {

// Sends datagrams to the service manager; does nothing where there is none. A manager that does not
// read is waited for at most a second. Its socket is open from the start, so that it can be told
// when the process is out of descriptors, too. Movable.
class ServiceManager {
 public:
  // `address` is what NOTIFY_SOCKET says: a path, or "@name" for Linux's abstract namespace. Empty:
  // there is no manager.
  explicit ServiceManager(std::string address);
  ~ServiceManager();
  ServiceManager(ServiceManager&& other) noexcept;
  ServiceManager& operator=(ServiceManager&&) = delete;
  // From NOTIFY_SOCKET, which is taken out of the environment.
  static ServiceManager fromEnvironment();

  void ready(std::string_view status) const;
  // `now`: of CLOCK_MONOTONIC, by which the manager tells this reload from an earlier one.
  void reloading(MonotonicTime now) const;
  void stopping(std::string_view status) const;

 private:
  void send(std::string_view message) const;
  std::string address_;
  int fd_ = -1;  // if there is a manager
};

// The listening sockets that were handed over by LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, which
// are taken out of the environment. Empty if they are for another process. An error names the one
// that is no listening stream socket. Once, before any other descriptor is opened.
Result<std::vector<InheritedSocket>> takeInheritedSockets();

}  // namespace weir::server
