#include "source/top/top.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/top/admin_client.h"
#include "source/top/observation.h"
#include "source/top/terminal.h"
#include "source/top/view.h"

namespace weir::top {
namespace {

using std::chrono::steady_clock;

constexpr Duration AnswerTimeout = std::chrono::seconds(5);

// Signals that can be waited for; they act as always again once this is gone.
class Signals {
 public:
  Signals(std::initializer_list<int> signals) {
    sigemptyset(&set_);
    for (const int signal : signals) sigaddset(&set_, signal);
    sigprocmask(SIG_BLOCK, &set_, nullptr);
    fd_ = ::signalfd(-1, &set_, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  ~Signals() {
    ::close(fd_);
    sigprocmask(SIG_UNBLOCK, &set_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return fd_; }
  // The next one that has come; 0 if none has.
  int take() const {
    signalfd_siginfo info{};
    return ::read(fd_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t set_{};
  int fd_ = -1;
};

Result<Observation> observe(const AdminClient& client) {
  constexpr std::string_view Questions[] = {"/listeners", "/clusters", "/connections?limit=1000",
                                            "/metrics"};
  auto all = client.getAll(Questions);
  if (!all.ok()) return all.error();
  auto& bodies = all.value();
  return readAnswers({.listeners = std::move(bodies[0]),
                      .clusters = std::move(bodies[1]),
                      .connections = std::move(bodies[2]),
                      .metrics = std::move(bodies[3])},
                     steady_clock::now());
}

int fail(const Error& error) {
  fmt::print(stderr, "weir top: {}\n", printable(error.detail));
  if (error.code == ErrorCode::Refused || error.code == ErrorCode::NotFound)
    fmt::print(stderr, "Is Weir running, and has its configuration an admin block?\n");
  return 1;
}

// Until then, or until one of them (-1: none) can be read: true then.
bool waitUntil(MonotonicTime then, const std::vector<int>& fds) {
  std::vector<pollfd> polled;
  for (const int fd : fds) polled.push_back({fd, POLLIN, 0});
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - steady_clock::now());
  return ::poll(polled.data(), polled.size(),
                static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000))) > 0;
}

class Top {
 public:
  explicit Top(const TopOptions& options)
      : options_(options), title_("weir on " + options.admin.toString()) {}

  int run() {
    if (!look({ending_.fd()})) return given();
    return options_.once || ::isatty(STDOUT_FILENO) == 0 ? runBatch() : runLive();
  }

 private:
  // Asks again. False if that failed, perhaps since one of them can be read; error_ says how.
  bool look(std::vector<int> interrupt_fds) {
    auto seen = observe({options_.admin, AnswerTimeout, std::move(interrupt_fds)});
    if (!seen.ok()) {
      error_ = seen.error();
      return false;
    }
    error_.reset();
    before_ = std::exchange(now_, std::move(seen).value());
    return true;
  }

  // The exit status after a look that failed: perhaps since the user wanted no more.
  int given() const { return ending_.take() != 0 ? 0 : fail(*error_); }

  std::vector<Line> lines(const ViewSettings& settings) const {
    return render(title_, before_ ? &*before_ : nullptr, *now_, settings);
  }

  int runBatch() {
    const UnblockedOutput output(STDOUT_FILENO);
    for (;;) {
      const MonotonicTime next = now_->when + options_.interval;
      while (steady_clock::now() < next) {
        waitUntil(next, {ending_.fd()});
        if (ending_.take() != 0) return 0;
      }
      if (!look({ending_.fd()})) return given();
      std::string out;
      for (const Line& line : lines({})) out += line.text + "\n";
      if (!options_.once) out += "\n";
      if (!writeUnless(ending_.fd(), output.fd(), out)) return ending_.take() != 0 ? 0 : 1;
      if (options_.once) return 0;
    }
  }

  int runLive() {
    Terminal terminal(STDIN_FILENO, STDOUT_FILENO, ending_.fd());
    MonotonicTime next = steady_clock::now() + options_.interval;
    for (;;) {
      draw(terminal);
      const bool wanted = waitUntil(next, userFds());
      if (ending_.take() != 0 || !heedKeys()) return 0;
      while (const int signal = screen_.take()) {
        if (signal == SIGTSTP) stop(terminal);
      }
      if (wanted || steady_clock::now() < next) continue;  // what a key changed is drawn first
      // What went wrong is shown; the next look may go well. Who presses a key does not wait for
      // it.
      if (!look(userFds()) && waitUntil(steady_clock::now(), userFds())) {
        error_.reset();
        continue;
      }
      next = steady_clock::now() + options_.interval;
    }
  }

  void draw(Terminal& terminal) const {
    const Terminal::Size size = terminal.size();
    // Two lines for what there is to press, or what is wrong.
    auto all = lines({size.columns, size.rows > 2 ? size.rows - 2 : 1, order_});
    if (size.rows > 2) {
      all.resize(size.rows - 1);
      std::string last = error_
                             ? printable(error_->detail)
                             : fmt::format("every {} s, {} first   b: busiest  n: newest  q: quit",
                                           toSeconds(options_.interval),
                                           order_ == Order::Busiest ? "busiest" : "newest");
      last.resize(std::min(last.size(), size.columns));
      all.push_back({std::move(last), error_.has_value()});
    }
    terminal.draw(all);
  }

  // What the user may want something by.
  std::vector<int> userFds() const { return {ending_.fd(), screen_.fd(), input_fd_}; }

  // False if the user wants no more. An input that has ended is not looked at again.
  bool heedKeys() {
    pollfd ready{input_fd_, POLLIN, 0};
    if (input_fd_ < 0 || ::poll(&ready, 1, 0) <= 0) return true;
    char keys[64];
    const ssize_t n = ::read(input_fd_, keys, sizeof keys);
    if (n <= 0) input_fd_ = -1;
    for (ssize_t i = 0; i < n; ++i) {
      if (keys[i] == 'q') return false;
      if (keys[i] == 'b') order_ = Order::Busiest;
      if (keys[i] == 'n') order_ = Order::Newest;
    }
    return true;
  }

  // Ctrl-Z: the shell gets its terminal as it was.
  static void stop(Terminal& terminal) {
    terminal.leave();
    ::raise(SIGSTOP);
    terminal.enter();
  }

  const TopOptions& options_;
  const std::string title_;
  const Signals ending_{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  const Signals screen_{SIGWINCH, SIGTSTP};
  std::optional<Observation> before_;
  std::optional<Observation> now_;
  std::optional<Error> error_;
  Order order_ = Order::Busiest;
  int input_fd_ = STDIN_FILENO;
};

}  // namespace

int runTop(const TopOptions& options) { return Top(options).run(); }

Result<net::SocketAddress> parseAdminAddress(std::string_view text) {
  constexpr std::string_view Here = "localhost:";
  std::string address(text);
  constexpr std::string_view Unix = "unix:";
  const std::string_view path = text.starts_with(Unix) ? text.substr(Unix.size()) : text;
  if (path.find('/') != path.npos)
    address = std::string(Unix) + std::filesystem::absolute(path).string();
  if (text.starts_with(Here)) address = "127.0.0.1:" + std::string(text.substr(Here.size()));
  if (auto parsed = net::SocketAddress::parse(address)) return *parsed;
  return Error{
      ErrorCode::InvalidArgument, Side::Config,
      "\"" + std::string(text) + "\" is not IP:PORT or the path of a Unix socket, with a / in it"};
}

}  // namespace weir::top
