#include "test/support/sniff_harness.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

using filter::FactStatus;

// Done at the third byte; then the facts hold what came.
class ThreeBytes final : public filter::ListenerFilter {
 public:
  FactStatus start(const filter::AcceptedSocket& socket, filter::Sniffed& out) override {
    socket.originalDestination(out.facts.destination);
    return FactStatus::NeedMore;
  }
  FactStatus onBytes(std::span<const uint8_t> prefix, filter::Sniffed& out) override {
    out.partial = !prefix.empty();
    return prefix.size() < 3 ? FactStatus::NeedMore : onEnd(prefix, out);
  }
  FactStatus onEnd(std::span<const uint8_t> prefix, filter::Sniffed& out) override {
    out.facts.application_protocols = {std::string(prefix.begin(), prefix.end())};
    out.settled = filter::Fact::ApplicationProtocols;
    return FactStatus::Done;
  }
};

class ThreeBytesFactory final : public filter::ListenerFilterFactory {
 public:
  std::string_view name() const override { return "three_bytes"; }
  filter::FactSet provides() const override { return filter::Fact::ApplicationProtocols; }
  size_t maxBytes() const override { return 3; }
  std::unique_ptr<filter::ListenerFilter> create() const override {
    return std::make_unique<ThreeBytes>();
  }
};

class SniffHarnessTest : public testing::Test {
 protected:
  const ThreeBytesFactory factory_;
  SniffHarness harness_{factory_};
};

TEST_F(SniffHarnessTest, AsksByteByByteUntilThereIsAnAnswer) {
  EXPECT_EQ(harness_.byteByByte("abcdef"), FactStatus::Done);
  EXPECT_EQ(harness_.used, 3U);
  EXPECT_EQ(harness_.facts.application_protocols, std::vector<std::string>{"abc"});
}

TEST_F(SniffHarnessTest, ShowsAllAfterTheFirstPart) {
  EXPECT_EQ(harness_.inTwo("abc", 1), FactStatus::Done);
  EXPECT_EQ(harness_.facts.application_protocols, std::vector<std::string>{"abc"});
}

TEST_F(SniffHarnessTest, EndsWithWhatThereWas) {
  harness_.start();
  EXPECT_EQ(harness_.bytes("a"), FactStatus::NeedMore);
  EXPECT_TRUE(harness_.out.partial);
  EXPECT_EQ(harness_.end("a"), FactStatus::Done);
  EXPECT_EQ(harness_.out.settled, filter::FactSet(filter::Fact::ApplicationProtocols));
}

TEST_F(SniffHarnessTest, TheSocketMayHaveBeenRedirected) {
  harness_.socket.original = net::IpPort::parse("10.0.0.1:80");
  harness_.start();
  EXPECT_EQ(harness_.facts.destination, *net::IpPort::parse("10.0.0.1:80"));
}

}  // namespace
}  // namespace weir::test
