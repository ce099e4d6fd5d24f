#include "source/server/access_logs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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

std::string contentOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(AccessLogsTest, WritesTheLineOfAConnection) {
  const std::string path = testing::TempDir() + "/line-" + std::to_string(getpid());
  test::TestLoop loop;
  {
    AccessLogs logs(*loop);
    filter::ConnectionInfo info;
    info.listener = "in";
    logs.open({.path = path}).value()->write(info, info.accepted);
  }
  EXPECT_NE(contentOf(path).find("listener=in chain=- "), std::string::npos);
  EXPECT_EQ(contentOf(path).back(), '\n');
  ::unlink(path.c_str());
}

// Names files to which its filters would write.
class NamingFactory final : public filter::NetworkFilterFactory {
 public:
  explicit NamingFactory(std::vector<std::string> files) : files_(std::move(files)) {}
  std::string_view name() const override { return "naming"; }
  void create(filter::FilterAdder&) const override {}
  std::vector<std::string_view> logFiles() const override { return {files_.begin(), files_.end()}; }

 private:
  const std::vector<std::string> files_;
};

class NamedFilesTest : public testing::Test {
 protected:
  ~NamedFilesTest() override {
    for (const std::string& path : {main_, other_, moved_}) ::unlink(path.c_str());
  }
  config::BootstrapSettings naming(std::vector<std::string> files, bool enabled = true) const {
    config::BootstrapSettings settings;
    settings.access_log.path = main_;
    settings.access_log.enabled = enabled;
    settings.access_log.json = true;
    settings.listeners.emplace_back();
    settings.listeners[0].chains.emplace_back();
    settings.listeners[0].chains[0].filters = {std::make_shared<NamingFactory>(std::move(files))};
    settings.listeners[0].default_chain = settings.listeners[0].chains[0];
    return settings;
  }

  const std::string main_ = testing::TempDir() + "/main-" + std::to_string(getpid());
  const std::string other_ = main_ + ".other";
  const std::string moved_ = other_ + ".1";
  test::TestLoop loop_;
};

TEST_F(NamedFilesTest, FiltersHaveFilesOfTheirOwn) {
  {
    AccessLogs logs(*loop_);
    const LogSet set = logs.openAll(naming({other_}, false)).value();
    EXPECT_EQ(set.connections, nullptr);
    EXPECT_TRUE(set.named.at(other_)->wantsJson());
    set.named.at(other_)->write("request\n");
  }
  EXPECT_EQ(contentOf(other_), "request\n");
}

TEST_F(NamedFilesTest, OnePathHasOneWriterAlsoAfterAReload) {
  {
    AccessLogs logs(*loop_);
    LogSet set = logs.openAll(naming({main_, main_, other_})).value();
    EXPECT_EQ(set.named.size(), 2U);
    set.connections->write("1\n");
    set.named.at(main_)->write("2\n");
    LogSet next = logs.openAll(naming({main_})).value();
    next.connections->write("3\n");
    set = {};
    EXPECT_EQ(logs.ending(), 1U);  // the other file; this one is in use
    next.named.at(main_)->write("4\n");
  }
  EXPECT_EQ(contentOf(main_), "1\n2\n3\n4\n");
}

TEST_F(NamedFilesTest, AllFilesAreReopened) {
  {
    AccessLogs logs(*loop_);
    const LogSet set = logs.openAll(naming({other_})).value();
    set.named.at(other_)->write("old\n");
    ASSERT_EQ(::rename(other_.c_str(), moved_.c_str()), 0);
    logs.reopen();
    set.named.at(other_)->write("new\n");
  }
  EXPECT_EQ(contentOf(moved_), "old\n");
  EXPECT_EQ(contentOf(other_), "new\n");
}

TEST_F(NamedFilesTest, OneThatCannotBeOpenedIsAnError) {
  AccessLogs logs(*loop_);
  const auto set = logs.openAll(naming({"/nonexistent/requests.log"}));
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().detail, "access log /nonexistent/requests.log: No such file or directory");
}

TEST(AccessLogsTest, NoneIfThereIsToBeNone) {
  test::TestLoop loop;
  AccessLogs logs(*loop);
  EXPECT_EQ(logs.open({.enabled = false}).value(), nullptr);
}

}  // namespace
}  // namespace weir::server
