#pragma once

// Tells when a configuration file may have changed: it was written and closed, another file was
// renamed over it, or a symbolic link on the way to it was, be it to a file or to a folder (as
// Kubernetes swaps the ..data of a mounted ConfigMap). Watches folders, since a watch of the file
// itself ends with the first rename. A file that is being written is not told of before it is
// closed, and what happens to others in the same folder is not told of at all. Folders above that
// are no links and are renamed are not followed.
//
// On the loop that it was made on.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/event/loop.h"

namespace weir::server {

// An entry of a folder that decides what a path leads to.
struct PathStep {
  std::string folder;
  std::string name;
  bool operator==(const PathStep&) const = default;
};

// The symbolic links on the way that `path` goes, in their order, and what it ends at.
std::vector<PathStep> stepsOnTheWay(const std::string& path);

class ConfigWatch final : private event::IoHandler {
 public:
  // Calls `on_change` some time (100 ms) after something happened, once for all that happened until
  // then. The content need not be another one.
  ConfigWatch(event::Loop& loop, std::string path, std::function<void()> on_change);
  ~ConfigWatch() override;

  // Starts to watch; once. An error if the system gives no watch at all.
  Result<void> start();

 private:
  struct Watched {
    int watch;  // of the folder; several entries may have the same
    PathStep step;
  };

  void onIoReady(event::IoReady ready) noexcept override;
  void onEvent(int watch, uint32_t mask, const std::string& name);
  void watchFolders();

  event::Loop& loop_;
  const std::string path_;
  const std::function<void()> on_change_;
  int fd_ = -1;
  std::vector<Watched> watched_;
  std::unique_ptr<event::IoWatch> io_;
  event::Timer settle_;
  event::Timer again_;  // a folder is missing, and may come back
};

}  // namespace weir::server
