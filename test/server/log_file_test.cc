#include "source/server/log_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace weir::server {
namespace {

class LogFileTest : public testing::Test {
 protected:
  std::string path_ = testing::TempDir() + "/access-" + std::to_string(getpid()) + ".log";
  std::string moved_ = path_ + ".1";
  void TearDown() override {
    for (const std::string& path : {path_, moved_}) ::unlink(path.c_str());
  }
  std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string content() { return content(path_); }
  // Until the writer has got so far.
  void awaitContent(const std::string& path, const std::string& expected) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (content(path) != expected && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    EXPECT_EQ(content(path), expected);
  }
};

TEST_F(LogFileTest, GoesOnInANewFileOnceTheOldOneWasMoved) {
  auto log = LogFile::open(path_).value();
  log->write("one\n");
  ASSERT_EQ(::rename(path_.c_str(), moved_.c_str()), 0);
  log->write("two\n");
  ASSERT_TRUE(log->reopen().ok());
  log->write("three\n");
  log.reset();
  EXPECT_EQ(content(moved_), "one\ntwo\n");
  EXPECT_EQ(content(), "three\n");
}

TEST_F(LogFileTest, LosesNoLineWhileItIsReopenedUnderLoad) {
  constexpr int Lines = 20'000;
  constexpr int Times = 50;
  auto log = LogFile::open(path_).value();
  std::thread writer([&] {
    for (int i = 0; i < Lines; ++i) log->write(std::to_string(i) + "\n");
  });
  std::string all;
  for (int i = 0; i < Times; ++i) {
    const std::string moved = moved_ + std::to_string(i);
    ASSERT_EQ(::rename(path_.c_str(), moved.c_str()), 0);
    ASSERT_TRUE(log->reopen().ok());
  }
  writer.join();
  log.reset();
  for (int i = 0; i < Times; ++i) {
    const std::string moved = moved_ + std::to_string(i);
    all += content(moved);
    ::unlink(moved.c_str());
  }
  all += content();
  std::string expected;
  for (int i = 0; i < Lines; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(all, expected);
}

TEST_F(LogFileTest, KeepsTheOldFileIfTheNewOneCannotBeOpened) {
  const std::string folder = path_ + ".d";
  ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
  auto log = LogFile::open(folder + "/log").value();
  ASSERT_EQ(::rename((folder + "/log").c_str(), moved_.c_str()), 0);
  ASSERT_EQ(::rmdir(folder.c_str()), 0);
  const auto reopened = log->reopen();
  ASSERT_FALSE(reopened.ok());
  EXPECT_EQ(reopened.error().detail, "access log " + folder + "/log: No such file or directory");
  log->write("still\n");
  log.reset();
  EXPECT_EQ(content(moved_), "still\n");
}

TEST_F(LogFileTest, StandardOutputIsNotReopened) {
  EXPECT_TRUE(LogFile::open("/dev/stdout").value()->reopen().ok());
}

TEST_F(LogFileTest, ANamedPipeThatNobodyReadsIsAnErrorAndNotAWait) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const auto log = LogFile::open(path_);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().detail, "access log " + path_ + ": No such device or address");
}

// No file of this process may be longer, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(LogFileTest, WritingGoesOnWithAWholeLineOnceTheDiskHasRoomAgain) {
  auto log = LogFile::open(path_).value();
  {
    const FullDisk disk(10);
    log->write("first\n");
    awaitContent(path_, "first\n");
    log->write("second\n");  // of which there is room for a part
    log->write("third\n");
    while (log->dropped() < 2) std::this_thread::yield();
    log->write("fourth\n");
    while (log->dropped() < 3) std::this_thread::yield();
  }
  log->write("fifth\n");
  log.reset();
  EXPECT_EQ(content(), "first\nseco\nfifth\n");
}

TEST_F(LogFileTest, WritesAllLinesInOrderBeforeItEnds) {
  {
    auto log = LogFile::open(path_);
    ASSERT_TRUE(log.ok());
    for (int i = 0; i < 1000; ++i) log.value()->write(std::to_string(i) + "\n");
  }
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(content(), expected);
}

TEST_F(LogFileTest, AppendsToWhatIsThere) {
  std::ofstream(path_) << "before\n";
  LogFile::open(path_).value()->write("after\n");
  EXPECT_EQ(content(), "before\nafter\n");
}

TEST_F(LogFileTest, AFileThatCannotBeOpenedIsAnErrorThatNamesIt) {
  const auto log = LogFile::open("/nonexistent/access.log");
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().detail, "access log /nonexistent/access.log: No such file or directory");
}

TEST_F(LogFileTest, AFullDiskLosesLinesAndCountsThem) {
  auto log = LogFile::open("/dev/full");
  ASSERT_TRUE(log.ok());
  testing::internal::CaptureStderr();
  log.value()->write("lost\nand this\n");
  while (log.value()->dropped() == 0) std::this_thread::yield();
  log.value().reset();
  EXPECT_NE(testing::internal::GetCapturedStderr().find(
                "warn main: access log /dev/full: No space left on device; 2 line(s) dropped\n"),
            std::string::npos);
}

}  // namespace
}  // namespace weir::server
