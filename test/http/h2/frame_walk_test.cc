#include "source/http/h2/frame_walk.h"

#include <gtest/gtest.h>

#include "test/http/h2/frames.h"

namespace weir::test {
namespace {

using http::Http2FrameTally;
using http::Http2FrameWalk;

std::span<const uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Frames of every type, whole and empty.
std::string everything() {
  return std::string(ClientPreface) + settings() + settings({{4, 70'000}}) + ping() +
         windowUpdate(0, 1) + frame(PriorityFrame, 0, 3, std::string(5, '\1')) +
         frame(HeadersFrame, 0, 1, "abc") + frame(ContinuationFrame, 0, 1) +
         frame(ContinuationFrame, EndHeaders, 1, "d") + data(1, "12345") + data(1, "") +
         frame(0x20, 0xff, 0, std::string(300, 'x')) + rst(1, 8) +
         frame(PushPromiseFrame, EndHeaders, 1, "1234") + frame(GoawayFrame, 0, 0, "12345678");
}

TEST(Http2FrameWalk, CountsFramesHoweverTheBytesAreCut) {
  const std::string bytes = everything();
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    Http2FrameWalk walk(ClientPreface.size());
    Http2FrameTally tally;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      walk.walk(bytesOf(std::string_view(bytes).substr(at, piece)), tally);
    }
    ASSERT_EQ(tally.announced, 8U) << piece;
    ASSERT_EQ(tally.others, 5U) << piece;
    ASSERT_EQ(tally.data_bytes, 5U) << piece;
    ASSERT_EQ(walk.fieldsBegun(), 1U) << piece;
    ASSERT_FALSE(walk.inFields()) << piece;
  }
}

TEST(Http2FrameWalk, KnowsWhenABlockOfFieldsIsWhole) {
  const std::string first = frame(HeadersFrame, 0, 1, "abc");
  const std::string last = frame(ContinuationFrame, EndHeaders, 1, "de");
  const std::string bytes = first + last + ping();
  Http2FrameWalk walk(0);
  Http2FrameTally tally;
  for (size_t at = 0; at < bytes.size(); ++at) {
    walk.walk(bytesOf(std::string_view(bytes).substr(at, 1)), tally);
    EXPECT_EQ(walk.inFields(), at + 1 >= 9 && at + 1 < first.size() + last.size()) << at;
  }
}

TEST(Http2FrameWalk, BlockOfFieldsMayEndWithAnEmptyFrame) {
  Http2FrameWalk walk(0);
  Http2FrameTally tally;
  walk.walk(bytesOf(frame(HeadersFrame, 0, 1, "a") + frame(ContinuationFrame, EndHeaders, 1)),
            tally);
  EXPECT_FALSE(walk.inFields());
}

}  // namespace
}  // namespace weir::test
