#include "source/server/resources.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace weir::server {
namespace {

namespace fs = std::filesystem;

class ResourcesTest : public testing::Test {
 protected:
  ~ResourcesTest() override { fs::remove_all(root_); }
  void write(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  const std::string root_ = testing::TempDir() + "/resources." + std::to_string(::getpid());
  const Resources resources_{root_};
};

TEST_F(ResourcesTest, ResidentMemoryIsTheSecondNumberInPages) {
  write("/proc/self/statm", "1000 25 3 4 0 5 0\n");
  EXPECT_EQ(resources_.memoryUsed(), 25U * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
}

TEST_F(ResourcesTest, WithoutAGroupTheMachineIsTheLimit) {
  write("/proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n");
  EXPECT_EQ(resources_.memoryLimit(), 2048U << 10);
  write("/proc/self/cgroup", "0::/\n");
  EXPECT_EQ(resources_.memoryLimit(), 2048U << 10);
}

TEST_F(ResourcesTest, TheLeastLimitOfTheGroupAndThoseAboveItHolds) {
  write("/proc/meminfo", "MemTotal: 999999 kB\n");
  write("/proc/self/cgroup", "0::/a/b/c\n");
  write("/sys/fs/cgroup/a/b/c/memory.max", "max\n");
  write("/sys/fs/cgroup/a/b/memory.max", "5000000\n");
  write("/sys/fs/cgroup/a/memory.max", "7000000\n");
  EXPECT_EQ(resources_.memoryLimit(), 5'000'000U);
}

TEST_F(ResourcesTest, InAContainerTheGroupIsTheRoot) {
  write("/proc/meminfo", "MemTotal: 999999 kB\n");
  write("/proc/self/cgroup", "0::/../../not/there\n");
  write("/sys/fs/cgroup/memory.max", "4000000\n");
  EXPECT_EQ(resources_.memoryLimit(), 4'000'000U);
}

TEST_F(ResourcesTest, Version1IsUnderstood) {
  write("/proc/meminfo", "MemTotal: 999999 kB\n");
  write("/proc/self/cgroup", "12:cpu,cpuacct:/x\n7:hugetlb,memory:/docker/1\n1:name=systemd:/y\n");
  write("/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "6000000\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(resources_.memoryLimit(), 6'000'000U);
}

TEST_F(ResourcesTest, WhatIsNotThereOrIsNonsenseIsNotKnown) {
  EXPECT_EQ(resources_.memoryUsed(), 0U);
  EXPECT_EQ(resources_.memoryLimit(), 0U);
  EXPECT_EQ(resources_.descriptorsUsed(), 0U);
  write("/proc/self/statm", "x");
  write("/proc/self/cgroup", "0::\n::\nx\n0::/a");
  write("/proc/meminfo", "MemTotal: ?\n");
  EXPECT_EQ(resources_.memoryUsed(), 0U);
  EXPECT_EQ(resources_.memoryLimit(), 0U);
}

TEST(MachineResourcesTest, ThisProcessIsSeen) {
  const Resources machine;
  EXPECT_GT(machine.memoryUsed(), 100'000U);
  EXPECT_GT(machine.memoryLimit(), machine.memoryUsed());
  const uint64_t before = machine.descriptorsUsed();
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(machine.descriptorsUsed(), before + 1);
  ::close(fd);
  EXPECT_GT(Resources::descriptorLimit(), before);
}

}  // namespace
}  // namespace weir::server
