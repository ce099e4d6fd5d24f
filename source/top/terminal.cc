#include "source/top/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>

namespace weir::top {
namespace {

// Of the terminal (ECMA-48, and xterm's private modes).
constexpr std::string_view SecondScreen = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view FirstScreen = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view Home = "\x1b[H";
constexpr std::string_view Reverse = "\x1b[7m";
constexpr std::string_view Plain = "\x1b[0m";
constexpr std::string_view ClearLine = "\x1b[K";
constexpr std::string_view ClearBelow = "\x1b[J";

// A terminal that is stopped (Ctrl-S) at the end is not waited for.
constexpr int LastWordsMs = 200;
constexpr int RetryMs = 20;

}  // namespace

UnblockedOutput::UnblockedOutput(int fd) : fd_(fd) {
  // Not by fcntl(): others have the same open file, the shell among them.
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  if (::isatty(fd) != 0)
    own_fd_ = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

UnblockedOutput::~UnblockedOutput() {
  if (own_fd_ >= 0) ::close(own_fd_);
}

bool writeUnless(int interrupt_fd, int fd, std::string_view text, int timeout_ms) {
  int left_ms = timeout_ms;
  while (!text.empty()) {
    pollfd fds[] = {{fd, POLLOUT, 0}, {interrupt_fd, POLLIN, 0}};
    const int ready = ::poll(fds, 2, left_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || fds[1].revents != 0) return false;
    // What a pipe takes without waiting, if it takes anything.
    const ssize_t n = ::write(fd, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
    if (n > 0) {
      text.remove_prefix(static_cast<size_t>(n));
      left_ms = timeout_ms;
    } else if (n < 0 && errno == EAGAIN) {
      // Room for less than the next character needs: poll() would not wait.
      if (::poll(fds + 1, 1, RetryMs) > 0) return false;
      if (timeout_ms >= 0) left_ms = std::max(left_ms - RetryMs, 0);
      if (left_ms == 0) return false;
    } else if (n < 0 && errno != EINTR) {
      return false;
    }
  }
  return true;
}

Terminal::Terminal(int input_fd, int output_fd, int interrupt_fd)
    : input_fd_(input_fd), output_(output_fd), interrupt_fd_(interrupt_fd) {
  enter();
}

Terminal::~Terminal() { leave(); }

void Terminal::enter() {
  if (std::exchange(entered_, true)) return;
  termios now{};
  if (::tcgetattr(input_fd_, &now) == 0) {
    saved_ = now;
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(input_fd_, TCSANOW, &now);
  }
  writeUnless(interrupt_fd_, output_.fd(), SecondScreen);
}

void Terminal::leave() {
  if (!std::exchange(entered_, false)) return;
  writeUnless(-1, output_.fd(), FirstScreen, LastWordsMs);
  if (saved_) ::tcsetattr(input_fd_, TCSANOW, &*saved_);
}

Terminal::Size Terminal::size() const {
  winsize size{};
  const bool known = ::ioctl(output_.fd(), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? Size{size.ws_col, size.ws_row} : Size{80, 24};
}

void Terminal::draw(const std::vector<Line>& lines) {
  std::string out(Home);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\r\n";
    if (lines[i].head) out += Reverse;
    out += lines[i].text;
    if (lines[i].head) out += Plain;
    out += ClearLine;
  }
  out += ClearBelow;
  writeUnless(interrupt_fd_, output_.fd(), out);
}

}  // namespace weir::top
