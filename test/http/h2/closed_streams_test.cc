#include "source/http/h2/closed_streams.h"

#include <gtest/gtest.h>

namespace weir::http {
namespace {

using Meaning = Http2ClosedStreams::Meaning;

TEST(Http2ClosedStreams, TellsApartHowAStreamEnded) {
  Http2ClosedStreams streams;
  for (const int id : {1, 3, 7}) streams.onBegin(id);
  streams.onResetSent(1);
  streams.onClosed(3);
  EXPECT_TRUE(streams.passed(7));
  EXPECT_FALSE(streams.passed(9));
  EXPECT_EQ(streams.meaningOf(1), Meaning::InFlight);
  EXPECT_EQ(streams.meaningOf(3), Meaning::Closed);
  EXPECT_EQ(streams.meaningOf(5), Meaning::NeverBegun);
}

TEST(Http2ClosedStreams, BelievesThePeerOfStreamsThatAreForgotten) {
  Http2ClosedStreams streams;
  for (int id = 1; id < 1000; id += 2) {
    streams.onBegin(id);
    streams.onResetSent(id);
  }
  EXPECT_EQ(streams.meaningOf(1), Meaning::InFlight);
  EXPECT_EQ(streams.meaningOf(999), Meaning::InFlight);
  streams.onBegin(1003);
  EXPECT_EQ(streams.meaningOf(1001), Meaning::NeverBegun);
}

}  // namespace
}  // namespace weir::http
