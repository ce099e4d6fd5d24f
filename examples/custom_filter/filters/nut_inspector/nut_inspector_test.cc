#include "filters/nut_inspector/nut_inspector.h"

#include <gtest/gtest.h>

#include "filters/nut_inspector/factory.h"
#include "test/support/sniff_harness.h"
#include "test/support/typed_config.h"

namespace custom {
namespace {

using weir::filter::FactStatus;
using weir::test::SniffHarness;

class NutInspectorTest : public testing::Test {
 protected:
  const NutInspectorFactory factory_{{.extra_openings = {"X-REBOOT "}}};
  SniffHarness harness_{factory_};
};

TEST_F(NutInspectorTest, NamesAClientByItsFirstCommandByteByByte) {
  const std::string line = "LIST VAR rack7\n";
  EXPECT_EQ(harness_.byteByByte(line), FactStatus::Done);
  EXPECT_EQ(harness_.used, std::string("LIST VAR ").size());
  EXPECT_EQ(harness_.facts.application_protocols, std::vector<std::string>{"nut"});
  EXPECT_EQ(harness_.out.protocol, "nut");
}

TEST_F(NutInspectorTest, TheCutDoesNotMatter) {
  const std::vector<std::string> lines = {"VER\n", "GET VAR rack7 ups.status\n", "X-REBOOT now\n"};
  for (const std::string& line : lines) {
    for (size_t cut = 0; cut <= line.size(); ++cut) {
      SniffHarness harness(factory_);
      EXPECT_EQ(harness.inTwo(line, cut), FactStatus::Done);
      EXPECT_EQ(harness.out.protocol, "nut") << line << " cut at " << cut;
    }
  }
}

TEST_F(NutInspectorTest, HttpIsLeftToTheNextProviderWhereItDiffers) {
  EXPECT_EQ(harness_.byteByByte("GET / HTTP/1.1\r\n"), FactStatus::Done);
  EXPECT_EQ(harness_.used, std::string("GET /").size());
  EXPECT_TRUE(harness_.out.settled.empty());
  EXPECT_EQ(harness_.out.protocol, "");
}

TEST_F(NutInspectorTest, WhatMayStillBecomeOneIsPartial) {
  harness_.start();
  EXPECT_EQ(harness_.bytes("GET VA"), FactStatus::NeedMore);
  EXPECT_TRUE(harness_.out.partial);
}

TEST_F(NutInspectorTest, HalfAnOpeningIsNoneIfNothingFollows) {
  harness_.start();
  harness_.bytes("GET VA");
  EXPECT_EQ(harness_.end("GET VA"), FactStatus::Done);
  EXPECT_TRUE(harness_.out.settled.empty());
  EXPECT_FALSE(harness_.out.partial);
}

TEST_F(NutInspectorTest, ASilentClientIsNobodys) {
  harness_.start();
  EXPECT_EQ(harness_.end(""), FactStatus::Done);
  EXPECT_TRUE(harness_.out.settled.empty());
}

TEST_F(NutInspectorTest, ItWantsNoMoreBytesThanItsLongestOpening) {
  EXPECT_EQ(factory_.maxBytes(), std::string("GET NUMATTACH ").size());
}

TEST(NutInspectorConfigTest, RejectsOpeningsThatAreShortLongOrNotPrintable) {
  using weir::test::errorsOf;
  const auto with = [](const std::string& opening) {
    return errorsOf(makeNutInspectorConfigFactory(), "extra_openings: [GOOD, " + opening + "]");
  };
  EXPECT_TRUE(with("\"A B\"").empty());
  for (const std::string& opening :
       {std::string("AB"), std::string(65, 'x'), std::string("\"A\\tB\"")}) {
    const auto errors = with(opening);
    ASSERT_EQ(errors.size(), 1U) << opening;
    EXPECT_TRUE(errors[0].starts_with("extra_openings[1]: expected 3 to 64 bytes")) << errors[0];
  }
}

}  // namespace
}  // namespace custom
