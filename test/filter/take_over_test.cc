// When a terminal filter may have the connection to itself.

#include <gtest/gtest.h>

#include "test/filter/filter_chain_fixture.h"

namespace weir::filter {
namespace {

class TakeOverTest : public FilterChainTest, protected net::ConnectionEvents {
 protected:
  TakeOverTest() {
    a_.sees_bytes = b_.sees_bytes = false;
    t_.on_new = [this] {
      taken_ = t_.context->takeOver(*this) != nullptr;
      return Continue;
    };
  }
  void TearDown() override { harness_.reset(); }  // as long as it can be told
  void onData(buffer::Buffer& data, bool) override {
    received_ += data.toString();
    data.clear();
  }
  void onFault(const Error&) override {}

  bool taken_ = false;
  std::string received_;
};

TEST_F(TakeOverTest, BehindFiltersThatLookAtNoBytesItGetsThemAll) {
  options_.client_bytes = "early ";
  start();
  client().send("late");
  run();
  EXPECT_TRUE(taken_);
  EXPECT_EQ(received_, "early late");
  EXPECT_EQ(take(), (Lines{"a:new", "b:new", "t:new"}));
}

TEST_F(TakeOverTest, TheOthersStillHearOfTheEnd) {
  startQuietly();
  t_.context->close(Close::Now, "done");
  EXPECT_EQ(take(), (Lines{"a:closed", "b:closed", "t:closed"}));
}

TEST_F(TakeOverTest, NotBehindAFilterThatLooksAtBytes) {
  b_.sees_bytes = true;
  start();
  EXPECT_FALSE(taken_);
}

TEST_F(TakeOverTest, NotInFrontOfAnotherFilter) {
  FilterContext*& a = a_.context;
  bool taken = true;
  a_.on_new = [&] {
    taken = a->takeOver(*this) != nullptr;
    return Continue;
  };
  start();
  EXPECT_FALSE(taken);
  EXPECT_TRUE(taken_);
}

TEST_F(TakeOverTest, NotOnceBytesWaitInFrontOfIt) {
  b_.on_new = [] { return StopIteration; };
  options_.client_bytes = "early";
  start();
  run();
  b_.context->continueReading();
  run();
  EXPECT_FALSE(taken_);
}

}  // namespace
}  // namespace weir::filter
