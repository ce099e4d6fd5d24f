#pragma once

// Tells when a configuration file may have changed: it was written and closed, another file was
// renamed over it, or a symbolic link on the way to it was (as Kubernetes swaps the ..data of a
// mounted ConfigMap). Watches folders, since a watch of the file itself ends with the first rename.
// A file that is being written is not told of before it is closed.
//
// On the loop that it was made on.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/event/loop.h"

namespace weir::server {

class ConfigWatch final : private event::IoHandler {
 public:
  // Calls `on_change` some time (100 ms) after something happened, once for all that happened until
  // then. Files that are not this one cause calls, too: look at the content.
  ConfigWatch(event::Loop& loop, std::string path, std::function<void()> on_change);
  ~ConfigWatch() override;

  // Starts to watch; once. An error if the system gives no watch at all.
  Result<void> start();

 private:
  struct Folder {
    int watch;
    std::string path;
  };

  void onIoReady(event::IoReady ready) noexcept override;
  void onEvent(int watch, uint32_t mask, const std::string& name);
  void watchFolders();

  event::Loop& loop_;
  const std::string path_;
  const std::function<void()> on_change_;
  int fd_ = -1;
  std::vector<Folder> folders_;
  std::unique_ptr<event::IoWatch> io_;
  event::Timer settle_;
  event::Timer again_;  // a folder is missing, and may come back
};

// The folders in which an entry decides what `path` leads to: that of the file, and those of the
// symbolic links on the way.
std::vector<std::string> foldersOnTheWay(const std::string& path);

}  // namespace weir::server
