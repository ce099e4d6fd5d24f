#include "test/support/recording_events.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

using Lines = RecordingEvents::Lines;

class RecordingEventsTest : public testing::Test {
 protected:
  buffer::SlicePool pool_;
  buffer::Buffer data_{pool_};
  RecordingEvents events_;
};

TEST_F(RecordingEventsTest, WritesDownEachEventInOrder) {
  events_.onConnected();
  data_.append("abc");
  events_.onData(data_, false);
  data_.append("d");
  events_.onData(data_, true);
  events_.onWriteReady();
  events_.onReadReady();
  events_.onFault({ErrorCode::Reset, Side::Self, ""});
  EXPECT_EQ(events_.take(), (Lines{"connected", "data:abc", "data:d", "end", "write_ready",
                                   "read_ready", "fault:reset"}));
  EXPECT_EQ(events_.lines(), Lines{});
}

TEST_F(RecordingEventsTest, TakesTheBytesUnlessToldNotTo) {
  data_.append("abc");
  events_.onData(data_, false);
  EXPECT_TRUE(data_.empty());
  events_.takeData(false);
  data_.append("abc");
  events_.onData(data_, false);
  EXPECT_EQ(data_.size(), 3U);
}

TEST_F(RecordingEventsTest, CallsTheHookFromInsideEachEvent) {
  int calls = 0;
  events_.onEvery([&] { ++calls; });
  events_.onConnected();
  events_.onData(data_, true);
  events_.onFault({});
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace weir::test
