#pragma once

// Drives one listener filter as the runner does, without a connection.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/filter/listener_filter.h"
#include "test/support/every_prefix.h"

namespace weir::test {

class FakeAcceptedSocket final : public filter::AcceptedSocket {
 public:
  std::optional<net::IpPort> original;

  bool originalDestination(net::IpPort& destination) const override {
    if (!original) return false;
    destination = *original;
    return true;
  }
};

// A new instance of a filter, with the facts and the answer that it gave so far.
class SniffHarness {
 public:
  explicit SniffHarness(const filter::ListenerFilterFactory& factory) : filter_(factory.create()) {}

  filter::FactStatus start() { return status = filter_->start(socket, out); }
  // Everything that the client has sent so far.
  filter::FactStatus bytes(std::string_view prefix) {
    const ExactPrefix block(bytesOf(prefix), prefix.size());
    return status = filter_->onBytes(block.bytes(), out);
  }
  filter::FactStatus end(std::string_view prefix) {
    const ExactPrefix block(bytesOf(prefix), prefix.size());
    return status = filter_->onEnd(block.bytes(), out);
  }
  // All of `stream`, first up to `cut`, as long as the filter asks for more.
  filter::FactStatus inTwo(std::string_view stream, size_t cut) {
    start();
    if (bytes(stream.substr(0, cut)) != filter::FactStatus::NeedMore) return status;
    return bytes(stream);
  }
  filter::FactStatus byteByByte(std::string_view stream) {
    start();
    for (size_t size = 1; size <= stream.size() && status == filter::FactStatus::NeedMore; ++size) {
      bytes(stream.substr(0, size));
      used = size;
    }
    return status;
  }

  FakeAcceptedSocket socket;
  filter::Facts facts;
  filter::Sniffed out{.facts = facts, .settled = {}, .protocol = {}, .reject_reason = {}};
  filter::FactStatus status = filter::FactStatus::NeedMore;
  size_t used = 0;  // bytes until byteByByte() got its answer

 private:
  std::unique_ptr<filter::ListenerFilter> filter_;
};

}  // namespace weir::test
