#pragma once

// For authors of listener filters: drives one as the runner does, without a connection and without
// time.
//
//   SniffHarness harness(factory);
//   EXPECT_EQ(harness.byteByByte("PING\r\n"), filter::FactStatus::Done);
//   EXPECT_EQ(harness.out.protocol, "redis");
//
// Each prefix lies in a block of exactly its size, so that AddressSanitizer sees a read past its
// end. Thread: the test's.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/filter/listener_filter.h"
#include "test/support/every_prefix.h"

namespace weir::test {

// A socket that was redirected to here, if `original` says from where.
class FakeAcceptedSocket final : public filter::AcceptedSocket {
 public:
  std::optional<net::IpPort> original;

  bool originalDestination(net::IpPort& destination) const override {
    if (!original) return false;
    destination = *original;
    return true;
  }
};

// A new instance of a filter, with the facts that it found so far and its last answer. After an
// answer other than NeedMore it must not be asked again.
class SniffHarness {
 public:
  // `factory` outlives it.
  explicit SniffHarness(const filter::ListenerFilterFactory& factory) : filter_(factory.create()) {}

  filter::FactStatus start() {
    forget();
    return status = filter_->start(socket, out);
  }
  // Everything that the client has sent so far.
  filter::FactStatus bytes(std::string_view prefix) {
    const ExactPrefix block(bytesOf(prefix), prefix.size());
    forget();
    return status = filter_->onBytes(block.bytes(), out);
  }
  // The client sends no more, or the time is up, or this is as much as the filter wants to see.
  filter::FactStatus end(std::string_view prefix) {
    const ExactPrefix block(bytesOf(prefix), prefix.size());
    forget();
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
  filter::Sniffed out{.facts = facts};
  filter::FactStatus status = filter::FactStatus::NeedMore;
  size_t used = 0;  // bytes until byteByByte() got its answer

 private:
  // Of an answer only the facts outlast the call.
  void forget() {
    out.settled = {};
    out.protocol = out.reject_reason = out.header = {};
    out.partial = false;
    out.consumed = 0;
  }

  std::unique_ptr<filter::ListenerFilter> filter_;
};

}  // namespace weir::test
