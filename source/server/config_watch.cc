#include "source/server/config_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <filesystem>
#include <utility>

namespace weir::server {
namespace {

namespace fs = std::filesystem;

constexpr Duration SettleTime = std::chrono::milliseconds(100);
constexpr Duration RetryAfter = std::chrono::seconds(1);
constexpr int MaxLinks = 40;
constexpr uint32_t Mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF |
                          IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr uint32_t FolderIsGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED;

// What was made just now is whole already: a link to something. A new file is not; it is heard of
// when it is closed.
bool isLink(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return false;
  return S_ISLNK(info.st_mode) || (S_ISREG(info.st_mode) && info.st_nlink > 1);
}

}  // namespace

std::vector<PathStep> stepsOnTheWay(const std::string& path) {
  std::vector<PathStep> steps;
  const fs::path whole = path;
  std::deque<fs::path> rest(whole.begin(), whole.end());
  fs::path done = ".";
  for (int links = 0; !rest.empty() && links <= MaxLinks;) {
    const fs::path name = rest.front();
    rest.pop_front();
    if (name.empty() || name == ".") continue;
    if (name.is_absolute()) {
      done = name;
      continue;
    }
    std::error_code error;
    const fs::path target = fs::read_symlink(done / name, error);
    const bool is_link = !error;
    const PathStep step{done.string(), name.string()};
    const bool is_new = std::find(steps.begin(), steps.end(), step) == steps.end();
    if ((is_link || rest.empty()) && is_new) steps.push_back(step);
    if (is_link) {
      rest.insert(rest.begin(), target.begin(), target.end());
      ++links;
    } else {
      done /= name;
    }
  }
  return steps;
}

ConfigWatch::ConfigWatch(event::Loop& loop, std::string path, std::function<void()> on_change)
    : loop_(loop),
      path_(std::move(path)),
      on_change_(std::move(on_change)),
      settle_(loop,
              [this] {
                watchFolders();
                on_change_();
              }),
      again_(loop, [this] { settle_.arm(Duration::zero()); }) {}

ConfigWatch::~ConfigWatch() {
  io_.reset();
  if (fd_ >= 0) ::close(fd_);
}

Result<void> ConfigWatch::start() {
  fd_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd_ < 0) return errnoError(Side::Self, "inotify", errno);
  io_ = std::make_unique<event::IoWatch>(loop_, fd_, static_cast<event::IoHandler&>(*this));
  watchFolders();
  if (watched_.empty()) return errnoError(Side::Self, "inotify: " + path_, errno);
  return {};
}

// Links may lead elsewhere than before: the watches follow.
void ConfigWatch::watchFolders() {
  std::vector<Watched> now;
  bool missing = false;
  for (PathStep& step : stepsOnTheWay(path_)) {
    const int watch = ::inotify_add_watch(fd_, step.folder.c_str(), Mask);
    if (watch < 0) {
      missing = true;
      continue;
    }
    now.push_back({watch, std::move(step)});  // a folder that is watched already keeps its number
  }
  for (const Watched& old : watched_) {
    const bool stays = std::any_of(now.begin(), now.end(),
                                   [&](const Watched& one) { return one.watch == old.watch; });
    if (!stays) ::inotify_rm_watch(fd_, old.watch);
  }
  watched_ = std::move(now);
  if (missing) again_.arm(RetryAfter);
}

void ConfigWatch::onIoReady(event::IoReady) noexcept {
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd_, buffer, sizeof buffer);
    if (got <= 0) return;
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      onEvent(event->wd, event->mask, event->len > 0 ? event->name : "");
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
}

void ConfigWatch::onEvent(int watch, uint32_t mask, const std::string& name) {
  const bool all = (mask & IN_Q_OVERFLOW) != 0;
  const bool gone = (mask & FolderIsGone) != 0;
  const auto meant = std::find_if(watched_.begin(), watched_.end(), [&](const Watched& one) {
    return one.watch == watch && (gone || one.step.name == name);
  });
  if (meant == watched_.end() && !all) return;
  if (!all && !gone && (mask & IN_CREATE) != 0 && !isLink(meant->step.folder + "/" + name)) return;
  // Not moved by what comes later: a busy folder must not put it off for ever.
  if (!settle_.armed()) settle_.arm(SettleTime);
}

}  // namespace weir::server
