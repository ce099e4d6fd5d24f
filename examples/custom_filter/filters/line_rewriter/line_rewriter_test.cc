#include "filters/line_rewriter/line_rewriter.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "filters/line_rewriter/factory.h"
#include "test/support/filter_harness.h"
#include "test/support/test_terminal.h"
#include "test/support/typed_config.h"

namespace custom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A client, the filter, and a server behind it.
class LineRewriterTest : public testing::Test {
 protected:
  LineRewriterTest() {
    settings_.from_client = {{"GET VAR ups ", "GET VAR rack7 "},
                             {"LIST VAR ups", "LIST VAR rack7"}};
    settings_.to_client = {{"VAR rack7 ", "VAR ups "}};
    start();
  }

  void start() {
    harness_.reset();
    weir::test::FilterHarness::Options options;
    options.info.listener = "in";
    options.info.chain = "nut";
    harness_.emplace(
        weir::test::FilterHarness::Factories{std::make_shared<LineRewriterFactory>(settings_),
                                             server_.factory()},
        std::move(options));
    harness_->run();
  }
  weir::test::TestPeer& client() { return harness_->client(); }
  void run() { harness_->run(); }
  void clientSends(std::string_view text) {
    client().send(text);
    run();
  }
  bool counted(const std::string& sample) {
    return harness_->context().metrics().find("\n" + sample + "\n") != std::string::npos;
  }

  LineRewriterSettings settings_;
  weir::test::TestTerminal server_;
  std::optional<weir::test::FilterHarness> harness_;
};

TEST_F(LineRewriterTest, RewritesTheLinesOfBothDirections) {
  clientSends("GET VAR ups ups.status\n");
  EXPECT_EQ(server_.received(), "GET VAR rack7 ups.status\n");
  server_.send("VAR rack7 ups.status \"OL\"\n");
  run();
  EXPECT_EQ(client().received(), "VAR ups ups.status \"OL\"\n");
}

TEST_F(LineRewriterTest, TheCutDoesNotMatter) {
  const std::string sent = "VER\nGET VAR ups a\r\n\nGET VAR other b\nLIST VAR ups\n";
  for (size_t cut = 0; cut <= sent.size(); ++cut) {
    start();
    clientSends(sent.substr(0, cut));
    clientSends(sent.substr(cut));
    EXPECT_EQ(server_.takeReceived(), "VER\nGET VAR rack7 a\r\n\nGET VAR other b\nLIST VAR rack7\n")
        << cut;
  }
}

TEST_F(LineRewriterTest, ByteByByteInBothDirections) {
  harness_->towardsProxy().segment = 1;
  harness_->towardsClient().segment = 1;
  clientSends("GET VAR ups a\n");
  for (const char byte : std::string("VAR rack7 b\n")) server_.send({&byte, 1});
  run();
  EXPECT_EQ(server_.received(), "GET VAR rack7 a\n");
  EXPECT_EQ(client().received(), "VAR ups b\n");
}

TEST_F(LineRewriterTest, CountsLinesAndRewritesByDirection) {
  clientSends("GET VAR ups a\nVER\nhalf");
  server_.send("OK\n");
  run();
  EXPECT_TRUE(
      counted("custom_lines_total{listener=\"in\",chain=\"nut\",direction=\"from_client\"} 2"));
  EXPECT_TRUE(counted(
      "custom_lines_rewritten_total{listener=\"in\",chain=\"nut\",direction=\"from_client\"} 1"));
  EXPECT_TRUE(
      counted("custom_lines_total{listener=\"in\",chain=\"nut\",direction=\"to_client\"} 1"));
}

TEST_F(LineRewriterTest, WhatWasBegunGoesOnWithTheEnd) {
  clientSends("GET VAR ups");
  EXPECT_EQ(server_.received(), "");
  client().sendEnd();
  run();
  EXPECT_EQ(server_.received(), "GET VAR ups");
  EXPECT_TRUE(server_.ended());
  server_.send("BYE");
  server_.sendEnd();
  run();
  EXPECT_EQ(client().received(), "BYE");
  EXPECT_TRUE(client().ended());
}

TEST_F(LineRewriterTest, AServerThatClosesInMidLineLosesNothing) {
  server_.send("OK\nBY");
  server_.close(weir::filter::Close::Flush, "server_done");
  run();
  EXPECT_EQ(client().received(), "OK\nBY");
}

TEST_F(LineRewriterTest, ALineThatIsTooLongResetsInEitherDirection) {
  settings_.max_line_bytes = 16;
  start();
  clientSends("0123456789abcdef\n");
  EXPECT_FALSE(harness_->closed());
  clientSends("0123456789abcdefg");
  EXPECT_EQ(harness_->closeReason(), "line_too_long");
  EXPECT_EQ(client().error(), ECONNRESET);

  start();
  server_.send("0123456789abcdefg\n");
  run();
  EXPECT_EQ(harness_->closeReason(), "line_too_long");
}

TEST_F(LineRewriterTest, AClientThatDoesNotEndItsLineIsResetWhateverItDripsIn) {
  clientSends("GET ");
  harness_->advance(seconds(5));
  clientSends("VAR ");
  harness_->advance(seconds(5) - milliseconds(1));
  EXPECT_FALSE(harness_->closed());
  harness_->advance(milliseconds(1));
  EXPECT_EQ(harness_->closeReason(), "line_timeout");
}

TEST_F(LineRewriterTest, BetweenLinesAClientMayBeSilentAndEachLineHasItsOwnTime) {
  clientSends("VER\n");
  harness_->advance(seconds(3600));
  clientSends("LIST");
  harness_->advance(seconds(9));
  clientSends(" UPS\nVE");
  harness_->advance(seconds(9));
  EXPECT_FALSE(harness_->closed());
  harness_->advance(seconds(1));
  EXPECT_EQ(harness_->closeReason(), "line_timeout");
}

TEST_F(LineRewriterTest, AClientThatReadsNothingHoldsTheServerBack) {
  harness_->towardsClient().capacity = 1;
  client().stopReading();
  for (int i = 0; i < 5000; ++i) server_.send("OK 123456789\n");
  EXPECT_TRUE(server_.writeBlocked());
  client().readOn();
  run();
  EXPECT_EQ(server_.writeReadies(), 1);
  EXPECT_EQ(client().received().size(), 5000U * 13);
}

// What the configuration may say.

std::string errorOf(const std::string& fields) {
  const auto errors = weir::test::errorsOf(makeLineRewriterConfigFactory(), fields);
  return errors.empty() ? "" : errors[0];
}

TEST(LineRewriterConfigTest, TakesItsDefaultsAndWhatIsInRange) {
  EXPECT_EQ(errorOf(""), "");
  EXPECT_EQ(errorOf("from_client: [{prefix: a}], max_line_bytes: 16, line_timeout: 0s"), "");
}

TEST(LineRewriterConfigTest, RejectsEachFieldThatIsWrong) {
  struct Case {
    const char* fields;
    const char* error;  // begins with
  };
  for (const Case& each : {
           Case{"from_client: [{replacement: a}]", "from_client[0].prefix: "},
           Case{R"(to_client: [{prefix: a}, {prefix: "a\nb"}])", "to_client[1].prefix: "},
           Case{R"(to_client: [{prefix: a, replacement: "\n"}])", "to_client[0].replacement: "},
           Case{"max_line_bytes: 15", "max_line_bytes: "},
           Case{"max_line_bytes: 1048577", "max_line_bytes: "},
           Case{"line_timeout: 3601s", "line_timeout: "},
       }) {
    EXPECT_TRUE(errorOf(each.fields).starts_with(each.error)) << errorOf(each.fields);
  }
  const std::string long_prefix(1025, 'x');
  EXPECT_EQ(errorOf("from_client: [{prefix: " + long_prefix + "}]"),
            "from_client[0].prefix: 1025 bytes are too many: at most 1024");
}

}  // namespace
}  // namespace custom
