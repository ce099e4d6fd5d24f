#include "source/server/config_history.h"

#include <gtest/gtest.h>

#include "test/support/manual_clock.h"

namespace weir::server {
namespace {

using std::chrono::milliseconds;

class ConfigHistoryTest : public testing::Test {
 protected:
  void take(uint64_t hash) { history_.noteTaken("/etc/w.yaml", hash, "{\"a\":1}", now()); }
  WallTime now() const { return clock_.wallNow(); }

  test::ManualClock clock_;
  ConfigHistory history_;
};

TEST_F(ConfigHistoryTest, ShowsTheOneInUse) {
  EXPECT_EQ(history_.generation(), 0U);
  take(7);
  EXPECT_EQ(history_.generation(), 1U);
  EXPECT_EQ(history_.json(),
            "{\"path\":\"/etc/w.yaml\",\"generation\":1,\"hash\":7,"
            "\"last_updated\":\"2026-01-02T03:04:05.000Z\",\"last_rejected\":null,"
            "\"bootstrap\":{\"a\":1}}");
}

TEST_F(ConfigHistoryTest, ARefusedOneStandsBesideItUntilTheNextIsTaken) {
  take(7);
  clock_.advance(milliseconds(1250));
  history_.noteRejected("invalid", 8, {"one", "t\"wo"}, now());
  EXPECT_EQ(history_.json(),
            "{\"path\":\"/etc/w.yaml\",\"generation\":1,\"hash\":7,"
            "\"last_updated\":\"2026-01-02T03:04:05.000Z\","
            "\"last_rejected\":{\"outcome\":\"invalid\",\"hash\":8,"
            "\"rejected_at\":\"2026-01-02T03:04:06.250Z\",\"error_count\":2,"
            "\"errors\":[\"one\",\"t\\\"wo\"]},\"bootstrap\":{\"a\":1}}");
  take(9);
  EXPECT_NE(history_.json().find("\"generation\":2,\"hash\":9,"), std::string::npos);
  EXPECT_NE(history_.json().find("\"last_rejected\":null"), std::string::npos);
}

TEST_F(ConfigHistoryTest, KeepsAHundredErrorsAndCountsTheRest) {
  take(1);
  history_.noteRejected("invalid", 2, std::vector<std::string>(1000, "bad"), now());
  const std::string json = history_.json();
  EXPECT_NE(json.find("\"error_count\":1000,"), std::string::npos);
  size_t kept = 0;
  for (size_t at = 0; (at = json.find("\"bad\"", at)) != std::string::npos; ++at) ++kept;
  EXPECT_EQ(kept, ConfigHistory::MaxErrors);
}

}  // namespace
}  // namespace weir::server
