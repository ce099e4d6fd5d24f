#pragma once

// The hosts of a cluster whose requests go to where the client wanted to go: made for an address
// when it is asked for, and the same object as long as somebody holds it. One loop.

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>

#include "source/net/address.h"
#include "source/upstream/host.h"

namespace weir::upstream {

class DestinationHosts {
 public:
  // `transport`: of all of them.
  explicit DestinationHosts(SharedTransport transport = {}) : transport_(std::move(transport)) {}

  std::shared_ptr<Host> hostOf(const net::IpPort& address);
  // Those that are remembered, held or not: at most twice as many as were held at a time, and a
  // few.
  size_t size() const { return hosts_.size(); }

 private:
  static constexpr size_t Few = 64;
  void forgetUnheld();

  const SharedTransport transport_;
  std::unordered_map<net::IpPort, std::weak_ptr<Host>, net::AddressHash> hosts_;
  size_t next_cleaning_ = Few;
};

}  // namespace weir::upstream
