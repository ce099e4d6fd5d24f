// Filters that hold bytes back and let them go as chance has it, in both directions: every byte
// arrives once and in order, both ends arrive, and no more waits than the limits allow.

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "source/filter/filter_chain.h"
#include "test/filter/filter_chain_fixture.h"

namespace weir::filter {
namespace {

class RandomChainTest : public FilterChainTest, public testing::WithParamInterface<unsigned> {
 protected:
  RandomChainTest() {
    for (Script* script : {&a_, &b_}) {
      script->kind = Script::Kind::Both;
      script->on_data = script->on_write = [this, script](buffer::Buffer&, bool) {
        if (settled_) return Continue;
        if (chance(4)) script->context->continueReading();
        if (chance(4)) script->context->continueWriting();
        return chance(2) ? StopIteration : Continue;
      };
      script->on_new = [this] { return chance(2) ? StopIteration : Continue; };
    }
    t_.on_data = [this](buffer::Buffer& data, bool end) {
      if (!settled_ && chance(3)) return StopIteration;  // left, and asked for again later
      arrived_ += data.toString();
      arrived_end_ |= end;
      data.clear();
      return StopIteration;
    };
    t_.on_write_ready = [this] { blocked_ = false; };
  }

  bool chance(unsigned in) { return random_() % in == 0; }
  std::string bytes() {
    std::string text;
    for (size_t left = random_() % 400; left > 0; --left)
      text += static_cast<char>('a' + next_++ % 26);
    return text;
  }

  void step() {
    Script& script = chance(2) ? a_ : b_;
    switch (random_() % 8) {
      case 0: {
        const std::string text = bytes();
        sent_ += text;
        return client().send(text);
      }
      case 1: return answer(bytes());
      case 2: return script.context->continueReading();
      case 3: return script.context->continueWriting();
      case 4: return t_.context->redeliver();
      case 5: return client().stopReading();
      case 6: return client().readOn();
      default: return run();
    }
  }

  // As a server's connection: only while it is not blocked.
  void answer(const std::string& text) {
    if (blocked_) return;
    answered_ += text;
    t_.write(text);
    blocked_ = t_.context->writeBlocked();
  }

  void settle() {
    client().readOn();
    client().sendEnd();  // the ends may be held back, too
    t_.write("", true);
    run();
    settled_ = true;
    for (int i = 0; i < 4; ++i) {
      for (Script* script : {&a_, &b_}) {
        script->context->continueReading();
        script->context->continueWriting();
      }
      t_.context->redeliver();
      run();
    }
  }

  std::mt19937 random_{GetParam()};
  unsigned next_ = 0;
  bool settled_ = false;
  bool blocked_ = false;
  std::string sent_;
  std::string arrived_;
  bool arrived_end_ = false;
  std::string answered_;
};

TEST_P(RandomChainTest, EveryByteArrivesOnceAndInOrder) {
  options_.buffer_bytes = TestLimit;
  start();
  harness_->towardsClient().capacity = 300;
  harness_->towardsProxy().segment = 1 + random_() % 200;
  for (int i = 0; i < 300; ++i) {
    step();
    // In the connection's buffer and in front of the two filters behind the first.
    EXPECT_LE(harness_->connection().bytesRead(), arrived_.size() + 5 * TestLimit);
    EXPECT_LE(answered_.size(), client().received().size() + 300 + 5 * TestLimit);
  }
  settle();
  EXPECT_EQ(arrived_, sent_);
  EXPECT_TRUE(arrived_end_);
  EXPECT_EQ(client().received(), answered_);
  EXPECT_TRUE(client().ended());
  EXPECT_FALSE(t_.context->writeBlocked());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomChainTest, testing::Range(0U, 300U));

}  // namespace
}  // namespace weir::filter
