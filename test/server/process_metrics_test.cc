#include "source/server/process_metrics.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>
#include <string>

namespace weir::server {
namespace {

// The value of a sample without labels; -1 if it is not there.
double valueOf(const std::string& name) {
  std::string out;
  stats::PrometheusText text(out);
  appendProcessMetrics(text);
  const size_t at = out.find("\n" + name + " ");
  return at == out.npos ? -1 : std::stod(out.substr(at + name.size() + 2));
}

TEST(ProcessMetricsTest, TellWhatTheKernelKnows) {
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_GT(valueOf("process_start_time_seconds"), now - 3600);
  EXPECT_LT(valueOf("process_start_time_seconds"), now + 10);
  EXPECT_GE(valueOf("process_virtual_memory_bytes"), valueOf("process_resident_memory_bytes"));
  EXPECT_GT(valueOf("process_resident_memory_bytes"), 1e5);
  EXPECT_GE(valueOf("process_max_fds"), valueOf("process_open_fds"));
}

TEST(ProcessMetricsTest, CountOpenDescriptors) {
  const double before = valueOf("process_open_fds");
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(valueOf("process_open_fds"), before + 1);
  ::close(fd);
  EXPECT_EQ(valueOf("process_open_fds"), before);
}

TEST(ProcessMetricsTest, TimeOfTheProcessorGoesOn) {
  const double before = valueOf("process_cpu_seconds_total");
  EXPECT_GT(before, 0);
  while (valueOf("process_cpu_seconds_total") == before) {
  }
  EXPECT_GT(valueOf("process_cpu_seconds_total"), before);
}

}  // namespace
}  // namespace weir::server
