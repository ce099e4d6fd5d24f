#include "source/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace weir {
namespace {

Error someError() { return Error{ErrorCode::Refused, Side::Upstream, "nobody there"}; }

TEST(Result, HoldsTheValue) {
  const Result<int> result = 7;
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value(), 7);
}

TEST(Result, HoldsTheError) {
  const Result<int> result = someError();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::Refused);
  EXPECT_EQ(result.error().side, Side::Upstream);
  EXPECT_EQ(result.error().detail, "nobody there");
}

TEST(Result, OfAStringIsAValueAndNotAnError) {
  const Result<std::string> result = std::string("refused");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value(), "refused");
}

TEST(Result, GivesAwayAMoveOnlyValue) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 3);
}

TEST(Result, LetsTheValueBeChangedInPlace) {
  Result<std::string> result = std::string("a");
  result.value() += "b";
  EXPECT_EQ(result.value(), "ab");
}

TEST(Result, OfVoidIsOkByDefault) {
  const Result<void> result;
  EXPECT_TRUE(result.ok());
}

TEST(Result, OfVoidHoldsTheError) {
  const Result<void> result = someError();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().detail, "nobody there");
}

TEST(ResultDeathTest, AskingAnErrorForItsValueAborts) {
  const Result<int> result = someError();
  EXPECT_DEATH((void)result.value(), "result.h:[0-9]+: check failed: ok\\(\\)");
}

TEST(ResultDeathTest, AskingAValueForItsErrorAborts) {
  const Result<int> result = 7;
  EXPECT_DEATH((void)result.error(), "result.h:[0-9]+: check failed: !ok\\(\\)");
  const Result<void> nothing;
  EXPECT_DEATH((void)nothing.error(), "check failed: !ok\\(\\)");
}

TEST(Error, TheCodeFollowsErrno) {
  const std::pair<int, ErrorCode> cases[] = {
      {ECONNREFUSED, ErrorCode::Refused},
      {ECONNRESET, ErrorCode::Reset},
      {EPIPE, ErrorCode::Reset},
      {ECONNABORTED, ErrorCode::Reset},
      {ETIMEDOUT, ErrorCode::TimedOut},
      {EHOSTUNREACH, ErrorCode::Unreachable},
      {ENETUNREACH, ErrorCode::Unreachable},
      {EMFILE, ErrorCode::Exhausted},
      {ENFILE, ErrorCode::Exhausted},
      {ENOMEM, ErrorCode::Exhausted},
      {EADDRNOTAVAIL, ErrorCode::Exhausted},
      {EADDRINUSE, ErrorCode::AddressInUse},
      {EACCES, ErrorCode::PermissionDenied},
      {EPERM, ErrorCode::PermissionDenied},
      {ENOENT, ErrorCode::NotFound},
      {EINVAL, ErrorCode::InvalidArgument},
      {ENOTTY, ErrorCode::Os},
  };
  for (const auto& [number, code] : cases) {
    EXPECT_EQ(codeFromErrno(number), code) << "errno " << number;
  }
}

TEST(Error, TheDetailSaysWhatWasTriedAndWhyItFailed) {
  const Error error = errnoError(Side::Self, "bind 127.0.0.1:80", EACCES);
  EXPECT_EQ(error.code, ErrorCode::PermissionDenied);
  EXPECT_EQ(error.side, Side::Self);
  EXPECT_EQ(error.detail, "bind 127.0.0.1:80: Permission denied");
}

TEST(Error, EveryCodeAndSideHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::Os); ++code) {
    names.insert(toString(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(ErrorCode::Os) + 1);
  EXPECT_EQ(toString(ErrorCode::TimedOut), "timeout");
  EXPECT_EQ(toString(Side::Client), "client");
  EXPECT_EQ(toString(Side::Upstream), "upstream");
  EXPECT_EQ(toString(Side::Config), "config");
  EXPECT_EQ(toString(Side::Self), "self");
}

}  // namespace
}  // namespace weir
