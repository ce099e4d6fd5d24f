#include "source/server/config_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "test/support/test_loop.h"

namespace weir::server {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ConfigWatchTest : public testing::Test {
 protected:
  ConfigWatchTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~ConfigWatchTest() override { fs::remove_all(folder_); }

  std::string at(const std::string& name) const { return folder_ + "/" + name; }
  static void write(const std::string& path, const std::string& text = "x") {
    std::ofstream(path) << text;
  }
  void watch(const std::string& path) {
    watch_ = std::make_unique<ConfigWatch>(*loop_, path, [this] { ++changes_; });
    ASSERT_TRUE(watch_->start().ok());
  }
  // How often it told of a change, once what has happened so far has settled.
  int changes() {
    loop_.advance(milliseconds(100));
    return std::exchange(changes_, 0);
  }

  const std::string folder_ = testing::TempDir() + "/config_watch." + std::to_string(::getpid());
  test::TestLoop loop_;
  int changes_ = 0;
  std::unique_ptr<ConfigWatch> watch_;
};

TEST_F(ConfigWatchTest, AFileThatIsWrittenInPlaceIsToldOfOnceAndOnlyWhenItSettled) {
  write(at("a"));
  watch(at("a"));
  write(at("a"), "1");
  write(at("a"), "2");
  loop_.advance(milliseconds(99));
  EXPECT_EQ(changes_, 0);
  EXPECT_EQ(changes(), 1);
  EXPECT_EQ(changes(), 0);
}

TEST_F(ConfigWatchTest, AFileThatIsStillBeingWrittenIsNotToldOf) {
  watch(at("a"));
  std::ofstream file(at("a"));
  file << "half";
  file.flush();
  EXPECT_EQ(changes(), 0);
  file << " and whole";
  file.close();
  EXPECT_EQ(changes(), 1);
}

TEST_F(ConfigWatchTest, ARenameOverTheFileIsToldOfTimeAndAgain) {
  write(at("a"));
  watch(at("a"));
  for (int i = 0; i < 3; ++i) {
    fs::create_directories(at("elsewhere"));
    write(at("elsewhere/new"));
    fs::rename(at("elsewhere/new"), at("a"));
    EXPECT_EQ(changes(), 1) << i;
  }
}

TEST_F(ConfigWatchTest, ANewLinkInThePlaceOfTheFileIsToldOf) {
  write(at("one"));
  write(at("two"));
  fs::create_symlink("one", at("a"));
  watch(at("a"));
  fs::remove(at("a"));
  fs::create_symlink("two", at("a"));
  EXPECT_EQ(changes(), 1);
}

// As a ConfigMap is mounted: weir.yaml -> ..data/weir.yaml, ..data -> ..first.
TEST_F(ConfigWatchTest, ASwapOfTheFolderOnTheWayIsToldOfTimeAndAgain) {
  fs::create_directories(at("..0"));
  write(at("..0/weir.yaml"));
  fs::create_symlink("..0", at("..data"));
  fs::create_symlink("..data/weir.yaml", at("weir.yaml"));
  watch(at("weir.yaml"));
  for (int i = 1; i <= 3; ++i) {
    const std::string next = ".." + std::to_string(i);
    fs::create_directories(at(next));
    write(at(next + "/weir.yaml"));
    fs::create_symlink(next, at("..data_tmp"));
    changes();
    fs::rename(at("..data_tmp"), at("..data"));
    fs::remove_all(at(".." + std::to_string(i - 1)));
    EXPECT_GE(changes(), 1) << i;
  }
  write(at("..3/weir.yaml"), "in place");
  EXPECT_EQ(changes(), 1);
}

TEST_F(ConfigWatchTest, ALinkIntoAnotherFolderIsFollowed) {
  fs::create_directories(at("real"));
  fs::create_directories(at("etc"));
  write(at("real/a"));
  fs::create_symlink(at("real/a"), at("etc/a"));
  watch(at("etc/a"));
  write(at("real/a"), "2");
  EXPECT_EQ(changes(), 1);
}

// As releases are switched: current -> releases/1.
TEST_F(ConfigWatchTest, ALinkToAFolderOnThePathIsFollowedTimeAndAgain) {
  for (const char* release : {"1", "2", "3"}) {
    fs::create_directories(at(std::string("releases/") + release));
    write(at(std::string("releases/") + release + "/a"));
  }
  fs::create_symlink("releases/1", at("current"));
  watch(at("current/a"));
  for (const char* release : {"2", "3"}) {
    fs::create_symlink(std::string("releases/") + release, at("next"));
    fs::rename(at("next"), at("current"));
    EXPECT_EQ(changes(), 1) << release;
    write(at(std::string("releases/") + release + "/a"), "in place");
    EXPECT_EQ(changes(), 1) << release;
  }
  write(at("releases/1/a"), "left behind");
  EXPECT_EQ(changes(), 0);
}

// Else the half of this one that is there would be taken.
TEST_F(ConfigWatchTest, OtherFilesOfTheFolderAreNotToldOf) {
  write(at("a"));
  watch(at("a"));
  std::ofstream half(at("a"));
  half << "half";
  half.flush();
  write(at("b"));
  fs::rename(at("b"), at("c"));
  fs::create_symlink("c", at("d"));
  EXPECT_EQ(changes(), 0);
  half.close();
  EXPECT_EQ(changes(), 1);
}

TEST_F(ConfigWatchTest, AFolderThatGoesAndComesBackIsWatchedAgain) {
  fs::create_directories(at("etc"));
  write(at("etc/a"));
  watch(at("etc/a"));
  fs::remove_all(at("etc"));
  changes();
  fs::create_directories(at("etc"));
  write(at("etc/a"), "2");
  loop_.advance(seconds(1));
  EXPECT_GE(changes(), 1);
  write(at("etc/a"), "3");
  EXPECT_EQ(changes(), 1);
}

TEST_F(ConfigWatchTest, ABusyFolderDoesNotPutItOff) {
  write(at("a"));
  watch(at("a"));
  for (int i = 0; i < 10; ++i) {
    write(at("a"), std::to_string(i));
    loop_.advance(milliseconds(10));
    write(at("noise"));
  }
  EXPECT_GE(changes_, 1);
}

TEST_F(ConfigWatchTest, AFolderThatIsNotThereIsAnError) {
  ConfigWatch watch(*loop_, at("no/such/file"), [] {});
  EXPECT_FALSE(watch.start().ok());
}

TEST_F(ConfigWatchTest, LinksThatGoRoundEnd) {
  fs::create_symlink("b", at("a"));
  fs::create_symlink("a", at("b"));
  const std::string folder = fs::canonical(folder_).string();
  EXPECT_EQ(stepsOnTheWay(folder + "/a"), (std::vector<PathStep>{{folder, "a"}, {folder, "b"}}));
  EXPECT_EQ(stepsOnTheWay("plain"), (std::vector<PathStep>{{".", "plain"}}));
}

}  // namespace
}  // namespace weir::server
