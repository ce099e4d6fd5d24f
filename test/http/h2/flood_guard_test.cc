#include "source/http/h2/flood_guard.h"

#include <gtest/gtest.h>

namespace weir::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Case {
  const char* name;
  const char* expected;
  // How often `step` is fine; the next time is one too many.
  int fine;
  std::string_view (*step)(Http2FloodGuard& guard, MonotonicTime now);
};

Http2Settings smallLimits() {
  Http2Settings settings;
  settings.max_inbound_control_frames_per_second = 10;
  settings.max_inbound_priority_frames_per_stream = 3;
  settings.max_inbound_window_update_frames_per_data_frame_sent = 2;
  settings.max_consecutive_inbound_frames_with_empty_payload = 2;
  settings.premature_reset_total_stream_count = 20;
  return settings;
}

const Case Cases[] = {
    {"ping", "h2_ping_flood", 10, [](auto& guard, auto now) { return guard.onPing(now); }},
    {"settings", "h2_settings_flood", 10,
     [](auto& guard, auto now) { return guard.onSettings(now); }},
    {"priority", "h2_priority_flood", 3, [](auto& guard, auto) { return guard.onPriority(); }},
    {"window update", "h2_window_update_flood", 5,
     [](auto& guard, auto) { return guard.onWindowUpdate(); }},
    {"empty", "h2_empty_frames_flood", 2,
     [](auto& guard, auto) { return guard.onPayload(0, false); }},
    {"rapid reset", "h2_rapid_reset", 10,
     [](auto& guard, auto) { return guard.onPeerReset(milliseconds(999)); }},
    {"provoked reset", "h2_rst_flood", 10,
     [](auto& guard, auto) { return guard.onProvokedReset(); }},
};

TEST(Http2FloodGuard, NamesWhatWasExceededWithTheFirstOneTooMany) {
  for (const Case& c : Cases) {
    const Http2Settings settings = smallLimits();
    Http2FloodGuard guard(settings);
    for (int i = 0; i < c.fine; ++i) EXPECT_EQ(c.step(guard, MonotonicTime{}), "") << c.name;
    EXPECT_EQ(c.step(guard, MonotonicTime{}), c.expected) << c.name;
  }
}

TEST(Http2FloodGuard, CountsPingsAndSettingsBySeconds) {
  const Http2Settings settings = smallLimits();
  Http2FloodGuard guard(settings);
  for (int second = 0; second < 5; ++second) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(guard.onPing(MonotonicTime(seconds(second))), "");
  }
  EXPECT_EQ(guard.onPing(MonotonicTime(milliseconds(4999))), "h2_ping_flood");
}

TEST(Http2FloodGuard, AllowsMoreForEachStreamAndForDataThatWasSent) {
  const Http2Settings settings = smallLimits();
  Http2FloodGuard guard(settings);
  guard.onStreamBegin();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(guard.onPriority(), "");
  EXPECT_EQ(guard.onPriority(), "h2_priority_flood");
  guard.onDataSent();
  for (int i = 0; i < 5 + 2 * (1 + 2); ++i) EXPECT_EQ(guard.onWindowUpdate(), "");
  EXPECT_EQ(guard.onWindowUpdate(), "h2_window_update_flood");
}

TEST(Http2FloodGuard, EmptyFramesInARowAreInterruptedByBytesOrAnEnd) {
  const Http2Settings settings = smallLimits();
  Http2FloodGuard guard(settings);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(guard.onPayload(0, false), "");
    EXPECT_EQ(guard.onPayload(0, false), "");
    EXPECT_EQ(guard.onPayload(i % 2, i % 2 == 0), "");
  }
}

TEST(Http2FloodGuard, ResetsCountOnlyIfTheStreamsWereYoung) {
  const Http2Settings settings = smallLimits();
  Http2FloodGuard guard(settings);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(guard.onPeerReset(seconds(1)), "");
}

TEST(Http2FloodGuard, ResetsMayBeUpToHalfOfAllStreams) {
  const Http2Settings settings = smallLimits();
  Http2FloodGuard guard(settings);
  for (int i = 0; i < 1000; ++i) guard.onStreamEnd();
  for (int i = 0; i < 500; ++i) EXPECT_EQ(guard.onPeerReset(seconds(0)), "");
  EXPECT_EQ(guard.onPeerReset(seconds(0)), "h2_rapid_reset");
}

TEST(Http2FloodGuard, TellsHeadsThatWaitFromControlFrames) {
  Http2Settings settings;
  settings.max_outbound_frames = 100;
  settings.max_outbound_control_frames = 10;
  const Http2FloodGuard guard(settings);
  EXPECT_EQ(guard.onQueue(60, 50), "");
  EXPECT_EQ(guard.onQueue(61, 50), "h2_outbound_control_flood");
  EXPECT_EQ(guard.onQueue(101, 95), "h2_outbound_flood");
}

TEST(Http2FloodGuard, LetsAHeadGoSomeTimesOverItsLimits) {
  Http2Settings settings;
  settings.headers.max_count = 10;
  settings.headers.max_bytes = 1000;
  const Http2FloodGuard guard(settings);
  EXPECT_EQ(guard.onFields(80, 8000), "");
  EXPECT_EQ(guard.onFields(81, 0), "h2_header_overflow");
  EXPECT_EQ(guard.onFields(0, 8001), "h2_header_overflow");
}

}  // namespace
}  // namespace weir::http
