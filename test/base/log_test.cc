#include "source/base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <thread>
#include <vector>

namespace weir::log {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr const char* Stamp = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z";

class LogTest : public testing::Test {
 protected:
  void TearDown() override { setAllThresholds(Level::Info); }

  // What `work` writes to standard error.
  template <class Work>
  std::string said(Work work) {
    testing::internal::CaptureStderr();
    work();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, WritesTimeLevelComponentAndText) {
  const std::string line = said([] { warn(Component::Upstream, "{} is {}", "db", 3); });
  EXPECT_THAT(line, MatchesRegex(std::string(Stamp) + " warn upstream: db is 3\n"));
}

TEST_F(LogTest, EachLevelIsWrittenFromItsThresholdOn) {
  for (int least = 0; least <= 5; ++least) {
    setThreshold(Component::Dns, static_cast<Level>(least));
    for (int level = 0; level < 5; ++level) {
      const std::string line = said([&] { write(Component::Dns, static_cast<Level>(level), "x"); });
      EXPECT_EQ(!line.empty(), level >= least) << level << " at " << least;
    }
  }
}

TEST_F(LogTest, NothingIsWrittenAtOff) {
  EXPECT_EQ(said([] { write(Component::Main, Level::Off, "x"); }), "");
}

TEST_F(LogTest, AComponentsThresholdIsItsOwn) {
  setThreshold(Component::Dns, Level::Debug);
  EXPECT_EQ(threshold(Component::Health), Level::Info);
  EXPECT_TRUE(enabled(Component::Dns, Level::Debug));
  EXPECT_FALSE(enabled(Component::Health, Level::Debug));
  setAllThresholds(Level::Off);
  EXPECT_FALSE(enabled(Component::Dns, Level::Error));
}

struct Counted {
  int* formatted;
};

}  // namespace
}  // namespace weir::log

template <>
struct fmt::formatter<weir::log::Counted> : fmt::formatter<int> {
  auto format(const weir::log::Counted& value, fmt::format_context& context) const {
    return fmt::formatter<int>::format(++*value.formatted, context);
  }
};

namespace weir::log {
namespace {

TEST_F(LogTest, WhatIsNotWrittenIsNotFormatted) {
  int formatted = 0;
  debug(Component::Main, "{}", Counted{&formatted});
  EXPECT_EQ(formatted, 0);
  said([&] { info(Component::Main, "{}", Counted{&formatted}); });
  EXPECT_EQ(formatted, 1);
}

TEST_F(LogTest, TextCannotMakeALineOfItsOwnOrMoveATerminal) {
  const std::string line =
      said([] { info(Component::Main, "{}", "a\n2026 \x1b[2J\x7f caf\xc3\xa9"); });
  EXPECT_THAT(line, HasSubstr("main: a\\n2026 \\x1b[2J\\x7f caf\xc3\xa9\n"));
}

TEST_F(LogTest, ALongLineIsCut) {
  const std::string line = said([] { info(Component::Main, "{}", std::string(10'000, 'x')); });
  EXPECT_EQ(line.size(), MaxLineBytes);
  EXPECT_THAT(line, testing::EndsWith("x...\n"));
}

TEST_F(LogTest, LinesOfManyThreadsStayWhole) {
  constexpr int Threads = 8;
  constexpr int Lines = 200;
  const std::string all = said([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < Threads; ++i) {
      threads.emplace_back([] {
        for (int j = 0; j < Lines; ++j) info(Component::Filter, "{}", std::string(300, 'x'));
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  std::istringstream lines(all);
  int count = 0;
  const std::string end = " info filter: " + std::string(300, 'x');
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_EQ(line.substr(27), end);
  }
  EXPECT_EQ(count, Threads * Lines);
}

TEST_F(LogTest, AReaderThatDoesNotReadIsNotWaitedForAndLearnsWhatWasLost) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const int old = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  const std::string text(4000, 'x');
  for (int i = 0; i < 100; ++i) info(Component::Main, "{}", text);
  std::string taken(1 << 20, '\0');
  taken.resize(static_cast<size_t>(read(ends[0], taken.data(), taken.size())));
  info(Component::Main, "again");
  std::string rest(10'000, '\0');
  rest.resize(static_cast<size_t>(read(ends[0], rest.data(), rest.size())));
  dup2(old, STDERR_FILENO);
  for (const int fd : {old, ends[0], ends[1]}) close(fd);
  const auto lines = std::count(taken.begin(), taken.end(), '\n');
  ASSERT_LT(lines, 100);
  EXPECT_THAT(rest, HasSubstr("warn main: " + std::to_string(100 - lines) + " line(s) lost"));
  EXPECT_THAT(rest, HasSubstr("info main: again\n"));
}

TEST_F(LogTest, LevelsMayChangeWhileOthersWrite) {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) debug(Component::Health, "x");
  });
  said([] {
    for (int i = 0; i < 1000; ++i)
      setThreshold(Component::Health, i % 2 == 0 ? Level::Off : Level::Info);
  });
  stop = true;
  other.join();
}

TEST_F(LogTest, ALimitedPlaceWritesSoManyInAPeriodAndCountsTheRest) {
  LimitedLog limit(2, milliseconds(1000));
  const MonotonicTime start{};
  const auto at = [&](int ms) {
    return said([&] {
      limit.write(start + milliseconds(ms), Component::Listener, Level::Warn, "refused");
    });
  };
  EXPECT_THAT(at(0), testing::EndsWith("listener: refused\n"));
  EXPECT_THAT(at(1), testing::EndsWith("listener: refused\n"));
  EXPECT_EQ(at(2), "");
  EXPECT_EQ(at(999), "");
  EXPECT_THAT(at(1000), testing::EndsWith("listener: refused (and 2 more like it)\n"));
  EXPECT_THAT(at(1001), testing::EndsWith("listener: refused\n"));
}

TEST_F(LogTest, ALimitedPlaceBelowTheThresholdCountsNothing) {
  LimitedLog limit;
  const auto at = [&](int ms) {
    return said([&] {
      limit.write(MonotonicTime{} + milliseconds(ms), Component::Listener, Level::Debug, "x");
    });
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(at(i), "");
  setThreshold(Component::Listener, Level::Debug);
  EXPECT_THAT(at(20), testing::EndsWith("listener: x\n"));
}

TEST(LogNamesTest, EveryNameIsReadBack) {
  for (size_t i = 0; i < ComponentCount; ++i) {
    const auto component = static_cast<Component>(i);
    EXPECT_EQ(componentOf(toString(component)), component);
  }
  for (int i = 0; i <= 5; ++i) {
    EXPECT_EQ(levelOf(toString(static_cast<Level>(i))), static_cast<Level>(i));
  }
  EXPECT_EQ(levelOf("warning"), Level::Warn);
  EXPECT_EQ(levelOf("loud"), std::nullopt);
  EXPECT_EQ(componentOf("Main"), std::nullopt);
}

}  // namespace
}  // namespace weir::log
