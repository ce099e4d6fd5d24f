#pragma once

// One address of a cluster, and what the whole process knows of it. Any thread; shared by the lists
// that it is in and by its connections, since it may leave the list before they end.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "source/base/bounded_count.h"
#include "source/base/time.h"
#include "source/net/address.h"
#include "source/upstream/host_transport.h"

namespace weir::upstream {

// Why a host was ejected.
enum class EjectionReason : uint8_t {
  LocalOriginFailure,  // connecting failed
  Status5xx,
  GatewayFailure,
  SuccessRate,
};
inline constexpr size_t EjectionReasonCount = 4;
// As the settings have it: "consecutive_5xx".
std::string_view toString(EjectionReason reason);

class Host {
 public:
  // `weight`: its share among those of its cluster; 0: it is not used. `name`: which was resolved
  // to the address; empty if the configuration has the address itself. `transport`: of all
  // connections to it.
  Host(net::SocketAddress address, uint32_t weight, std::string name = {},
       SharedTransport transport = {})
      : address_(std::move(address)),
        name_(std::move(name)),
        transport_(std::move(transport)),
        weight_(weight) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const net::SocketAddress& address() const { return address_; }
  const std::string& name() const { return name_; }
  uint32_t weight() const { return weight_; }
  const SharedTransport& transport() const { return transport_; }

  // Connections to it, those that are being made included. False if there are `limit` already. One
  // leave() for each that was true.
  bool tryEnter(uint64_t limit) { return active_.tryEnter(limit); }
  void leave() { active_.leave(); }
  uint64_t active() const { return active_.get(); }

  // Requests that are under way to it, those that wait for a connection included. One endRequest()
  // for each startRequest().
  void startRequest() { requests_.fetch_add(1, std::memory_order_relaxed); }
  void endRequest() { requests_ended_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t activeRequests() const {
    const uint64_t ended = requests_ended_.load(std::memory_order_relaxed);
    const uint64_t all = requests();
    return all > ended ? all - ended : 0;
  }
  // Since it is known: all requests, each attempt for itself, and those of them that were answered
  // with 5xx or not at all.
  uint64_t requests() const { return requests_.load(std::memory_order_relaxed); }
  void countRequestError() { request_errors_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t requestErrors() const { return request_errors_.load(std::memory_order_relaxed); }

  // How attempts to connect ended.
  void countConnected() { connected_.fetch_add(1, std::memory_order_relaxed); }
  void countFailed() { failed_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t connected() const { return connected_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

  // When it was used first, or for the first time since restart(): `now` if that is this call.
  MonotonicTime startedAt(MonotonicTime now) {
    int64_t since = started_.load(std::memory_order_relaxed);
    if (since != NotStarted) return MonotonicTime(Duration(since));
    started_.compare_exchange_strong(since, now.time_since_epoch().count(),
                                     std::memory_order_relaxed);
    return since == NotStarted ? now : MonotonicTime(Duration(since));
  }
  void restart() { started_.store(NotStarted, std::memory_order_relaxed); }

  // It may be used, as far as its cluster's HostFitness knows, which is who changes that.
  bool fit() const { return unfit_.load(std::memory_order_relaxed) == 0; }
  bool failsChecks() const { return (unfit_.load(std::memory_order_relaxed) & FailsChecks) != 0; }
  // An active check has spoken; until then it passes for healthy.
  bool wasChecked() const { return checked_.load(std::memory_order_relaxed); }
  void noteChecked() { checked_.store(true, std::memory_order_relaxed); }

 private:
  friend class HostFitness;
  static constexpr int64_t NotStarted = std::numeric_limits<int64_t>::min();
  static constexpr uint8_t FailsChecks = 1;
  static constexpr uint8_t Ejected = 2;
  // Under the lock of HostFitness.
  struct Record {
    bool listed = false;  // in the cluster's list, with a weight: counts
    unsigned ejections = 0;
    MonotonicTime ejected_until;
    MonotonicTime returned_at;
    EjectionReason reason{};             // of the last ejection
    std::optional<double> success_rate;  // percent, of the last interval if there was enough
  };

  const net::SocketAddress address_;
  const std::string name_;
  const SharedTransport transport_;
  const uint32_t weight_;
  BoundedCount active_;
  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> requests_ended_{0};
  std::atomic<uint64_t> request_errors_{0};
  std::atomic<int64_t> started_{NotStarted};
  std::atomic<uint64_t> connected_{0};
  std::atomic<uint64_t> failed_{0};
  std::atomic<unsigned> failures_{0};       // to connect, in a row
  std::atomic<unsigned> server_errors_{0};  // answers in a row that were 5xx or did not come
  std::atomic<unsigned> gateway_errors_{0};
  std::atomic<uint64_t> interval_{0};  // answers of the interval: all << 32 | those that were good
  std::atomic<uint8_t> unfit_{0};      // why it is: FailsChecks, Ejected
  std::atomic<bool> checked_{false};
  Record record_;
};

}  // namespace weir::upstream
