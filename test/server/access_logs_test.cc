#include "source/server/access_logs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "test/support/test_loop.h"

namespace weir::server {
namespace {

// A named pipe whose reader takes something only when it is told to.
class SlowReader {
 public:
  SlowReader() {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    fd_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~SlowReader() {
    ::close(fd_);
    ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  // All that is there now.
  void read() {
    char chunk[65536];
    for (ssize_t n; (n = ::read(fd_, chunk, sizeof chunk)) > 0;)
      read_.append(chunk, static_cast<size_t>(n));
  }
  const std::string& text() const { return read_; }

 private:
  const std::string path_ = testing::TempDir() + "/slow-" + std::to_string(getpid());
  int fd_ = -1;
  std::string read_;
};

TEST(AccessLogsTest, WhoLetsGoOfALogDoesNotWaitForItsReader) {
  test::TestLoop loop;
  AccessLogs logs(*loop);
  SlowReader reader;
  auto log = logs.open({.path = reader.path()}).value();
  std::string all;
  for (int i = 0; all.size() < 200'000; ++i) {  // more than a pipe takes
    const std::string line = "line " + std::to_string(i) + "\n";
    log->write(line);
    all += line;
  }
  log.reset();
  EXPECT_EQ(logs.ending(), 1U);
  // It would have waited 2 s for us, and dropped lines.
  EXPECT_TRUE(loop.runUntil([&] {
    reader.read();
    return logs.ending() == 0;
  }));
  reader.read();
  EXPECT_EQ(reader.text(), all);
  EXPECT_EQ(logs.dropped(), 0U);
}

TEST(AccessLogsTest, WhatWasDroppedIsCountedOverAllLogs) {
  test::TestLoop loop;
  AccessLogs logs(*loop);
  for (uint64_t i = 1; i <= 3; ++i) {
    auto log = logs.open({.path = "/dev/full"}).value();
    log->write("lost\n");
    log.reset();
    EXPECT_TRUE(loop.runUntil([&] { return logs.ending() == 0; }));
    EXPECT_EQ(logs.dropped(), i);
  }
}

TEST(AccessLogsTest, WaitsForTheLastLinesAtTheEnd) {
  const std::string path = testing::TempDir() + "/logs-" + std::to_string(getpid());
  test::TestLoop loop;
  {
    AccessLogs logs(*loop);
    logs.open({.path = path}).value()->write("last\n");
  }
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 5);
  ::unlink(path.c_str());
}

TEST(AccessLogsTest, NoneIfThereIsToBeNone) {
  test::TestLoop loop;
  AccessLogs logs(*loop);
  EXPECT_EQ(logs.open({.enabled = false}).value(), nullptr);
}

}  // namespace
}  // namespace weir::server
