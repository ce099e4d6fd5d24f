#include "source/mesh/program.h"

#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

namespace weir::mesh {
namespace {

using std::chrono::steady_clock;

// A file in memory: with files there is no peer to wait for while the program runs.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("weir", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int fd() const { return fd_; }

  // What will be read of it from now on.
  bool put(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(fd_, text.data(), text.size());
      if (written < 0) return false;
      text.remove_prefix(static_cast<size_t>(written));
    }
    return ::lseek(fd_, 0, SEEK_SET) == 0;
  }

  std::string all() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return {};
    std::string text(static_cast<size_t>(status.st_size), '\0');
    const ssize_t got = ::pread(fd_, text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return text;
  }

 private:
  const int fd_;
};

// The process's own environment, with messages in English.
std::vector<std::string> environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!text.starts_with("LC_") && !text.starts_with("LANG")) all.emplace_back(text);
  }
  all.emplace_back("LC_ALL=C");
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// Starts it with these as its standard streams; an errno if that fails.
int spawn(std::vector<std::string> command, const std::array<int, 3>& streams, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (int i = 0; i < 3; ++i)
    posix_spawn_file_actions_adddup2(&actions, streams[static_cast<size_t>(i)], i);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<std::string> variables = environment();
  const int error = ::posix_spawn(&pid, command.front().c_str(), &actions, &attributes,
                                  pointers(command).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// Whether it ends in time. Where the kernel has no descriptors of processes (before 5.3): an error.
Result<bool> endsInTime(pid_t pid, Duration deadline) {
  // The C library's own function cannot be linked from C++ before its version 2.37.
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return errnoError(Side::Self, "pidfd_open", errno);
  const auto until = steady_clock::now() + deadline;
  int ready = 0;
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
    pollfd poll{fd, POLLIN, 0};
    ready = ::poll(&poll, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
  } while (ready < 0 && errno == EINTR);
  ::close(fd);
  return ready > 0;
}

int reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::optional<std::string> findProgram(std::string_view name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody writes it
  std::string folders = path == nullptr ? "" : path;
  folders += ":/usr/sbin:/usr/bin:/sbin:/bin";
  std::string_view rest = folders;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    if (!folder.starts_with('/')) continue;  // also "", the current folder
    std::string file = fmt::format("{}/{}", folder, name);
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        ::access(file.c_str(), X_OK) == 0)
      return file;
  }
  return std::nullopt;
}

Result<ProgramEnd> runProgram(const std::vector<std::string>& command, std::string_view input,
                              Duration deadline) {
  const MemoryFile in;
  const MemoryFile out;
  const MemoryFile err;
  if (in.fd() < 0 || out.fd() < 0 || err.fd() < 0 || !in.put(input))
    return errnoError(Side::Self, "a file in memory", errno);
  pid_t pid = 0;
  const int error = spawn(command, {in.fd(), out.fd(), err.fd()}, pid);
  if (error != 0) return errnoError(Side::Self, command.front(), error);
  const Result<bool> in_time = endsInTime(pid, deadline);
  if (!in_time.ok() || !in_time.value()) ::kill(pid, SIGKILL);
  const int status = reap(pid);
  if (!in_time.ok()) return in_time.error();
  if (!in_time.value()) {
    return Error{
        ErrorCode::TimedOut, Side::Self,
        fmt::format("{} has not ended within {:g} s", command.front(), toSeconds(deadline))};
  }
  return ProgramEnd{status, out.all(), err.all()};
}

}  // namespace weir::mesh
