#include "test/support/filter_harness.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

// Answers each delivery with its own text, upside down; ends with the client.
class Reverser final : public filter::ReadFilter {
 public:
  explicit Reverser(filter::FilterContext& context) : context_(context) {}

  filter::FilterStatus onData(buffer::Buffer& data, bool end_stream) override {
    const std::string text = data.toString();
    data.clear();
    data.append(std::string(text.rbegin(), text.rend()));
    context_.write(data, false);
    if (end_stream) context_.close(filter::Close::Flush, "client_fin");
    return filter::FilterStatus::StopIteration;
  }

 private:
  filter::FilterContext& context_;
};

class ReverserFactory final : public filter::NetworkFilterFactory {
 public:
  std::string_view name() const override { return "reverser"; }
  void create(filter::FilterAdder& adder) const override {
    adder.addRead(std::make_unique<Reverser>(adder.context()));
  }
};

FilterHarness::Factories reverser() { return {std::make_shared<ReverserFactory>()}; }

TEST(FilterHarnessTest, AClientTalksToAChain) {
  FilterHarness harness(reverser());
  harness.client().send("abc");
  harness.run();
  EXPECT_EQ(harness.client().received(), "cba");
  EXPECT_FALSE(harness.closed());
}

TEST(FilterHarnessTest, BytesSentBeforeTheChoiceReachTheChain) {
  FilterHarness::Options options;
  options.client_bytes = "abc";
  FilterHarness harness(reverser(), std::move(options));
  harness.run();
  EXPECT_EQ(harness.client().received(), "cba");
}

TEST(FilterHarnessTest, SaysHowTheConnectionEnded) {
  FilterHarness harness(reverser());
  harness.client().send("abc");
  harness.client().sendEnd();
  harness.run();
  EXPECT_TRUE(harness.closed());
  EXPECT_EQ(harness.closeReason(), "client_fin");
  EXPECT_EQ(harness.info().rx_bytes, 3U);
  EXPECT_EQ(harness.info().tx_bytes, 3U);
  EXPECT_TRUE(harness.client().ended());
}

TEST(FilterHarnessTest, DelayedBytesComeWithTime) {
  FilterHarness harness(reverser());
  harness.towardsProxy().delay = std::chrono::seconds(1);
  harness.client().send("abc");
  harness.run();
  EXPECT_EQ(harness.client().received(), "");
  harness.advance(std::chrono::seconds(1));
  EXPECT_EQ(harness.client().received(), "cba");
}

TEST(FilterHarnessTest, MayBeDestroyedWhileTheConnectionIsOpen) {
  FilterHarness harness(reverser());
  harness.client().send("abc");
}

}  // namespace
}  // namespace weir::test
