#include "source/mesh/program.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "source/mesh/redirect_program.h"

namespace weir::mesh {
namespace {

constexpr Duration Long = std::chrono::seconds(20);

TEST(ProgramTest, CarriesInputOutputAndErrors) {
  const std::string input(1 << 20, 'x');  // more than a pipe holds
  const auto end = runProgram({"/bin/sh", "-c", "cat; echo oops >&2; exit 3"}, input, Long);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end.value().status, 3);
  EXPECT_EQ(end.value().output, input);
  EXPECT_EQ(end.value().errors, "oops\n");
}

TEST(ProgramTest, ArgumentsAreNotOfAShell) {
  const auto end = runProgram({"/bin/echo", "$HOME; a  b", "*"}, "", Long);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end.value().output, "$HOME; a  b *\n");
}

TEST(ProgramTest, MessagesAreInEnglish) {
  const auto end = runProgram({"/bin/sh", "-c", "echo $LC_ALL"}, "", Long);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end.value().output, "C\n");
}

TEST(ProgramTest, OneThatDoesNotEndIsKilled) {
  const auto end = runProgram({"/bin/sh", "-c", "read -r line </dev/zero; while :; do :; done"}, "",
                              std::chrono::milliseconds(50));
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, ErrorCode::TimedOut);
  EXPECT_EQ(end.error().detail, "/bin/sh has not ended within 0.05 s");
}

TEST(ProgramTest, ASignalIsAStatusToo) {
  const auto end = runProgram({"/bin/sh", "-c", "kill -9 $$"}, "", Long);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end.value().status, 128 + 9);
}

TEST(ProgramTest, OneThatIsNotThereIsAnError) {
  const auto end = runProgram({"/nowhere/at/all"}, "", Long);
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().detail, "/nowhere/at/all: No such file or directory");
}

TEST(ProgramTest, IsFoundWhereProgramsAre) {
  EXPECT_TRUE(findProgram("sh").has_value());
  EXPECT_FALSE(findProgram("no-such-program-at-all").has_value());
  EXPECT_FALSE(findProgram("").has_value());  // a folder
}

TEST(ProgramTest, OneThatIsMissingIsNamedWithItsPackage) {
  const std::vector<std::string> names{"no-such-program", "nor-this"};
  const auto found = redirectProgram(names, "a-package");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().detail,
            "no-such-program is missing: apt-get install --no-install-recommends a-package");
}

TEST(ProgramTest, ComplaintIsTheFirstLineThatIsNoRemark) {
  const auto called = callRedirectProgram(
      {"/bin/sh", "-c", "printf '# Warning: x\\n\\nit broke\\nhere\\n' >&2; exit 2"}, "", Long);
  ASSERT_FALSE(called.ok());
  EXPECT_EQ(called.error().detail.rfind("/bin/sh ended with 2: it broke", 0), 0U);
}

}  // namespace
}  // namespace weir::mesh
