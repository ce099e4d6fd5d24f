#pragma once

// Asks all workers the same question, and hands the answers over together. Nobody waits for a
// worker that is busy: the answers come when the last one has had its turn.
//
// Main thread; a member of what asks. Dropping it forgets what is under way: an answer that still
// comes goes nowhere. The server outlives it.

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "source/server/server.h"

namespace weir::server {

class WorkerSurvey {
 public:
  // How many may be under way: each holds the answers that have come so far.
  static constexpr size_t MaxUnderWay = 64;

  explicit WorkerSurvey(Server& server) : server_(server) {}

  // The server runs, and there is room for one more.
  bool possible() const { return server_.running() && *under_way_ < MaxUnderWay; }
  // Calls `question` on the thread of each worker, then `done` with what they gave, in the order of
  // the workers, in a later turn of the main loop. If the server ends first, `done` is not called.
  // Both may be destroyed on any thread.
  // Requires: possible().
  template <class Part>
  void ask(std::function<Part(Worker&)> question, std::function<void(std::vector<Part>)> done);

 private:
  template <class Part>
  struct Round {
    std::vector<Part> parts;
    size_t missing;
    std::function<void(std::vector<Part>)> done;
  };

  Server& server_;
  // Also says, by being there, that this is.
  const std::shared_ptr<size_t> under_way_ = std::make_shared<size_t>(0);
};

template <class Part>
void WorkerSurvey::ask(std::function<Part(Worker&)> question,
                       std::function<void(std::vector<Part>)> done) {
  const size_t workers = server_.workerCount();
  auto round = std::make_shared<Round<Part>>();
  round->parts.resize(workers);
  round->missing = workers;
  round->done = std::move(done);
  ++*under_way_;
  const std::weak_ptr<size_t> asking = under_way_;
  event::Loop& main = server_.loop();
  for (size_t i = 0; i < workers; ++i) {
    server_.postToWorker(i, [=, &main](Worker& worker) {
      auto part = std::make_shared<Part>(question(worker));
      main.post([=] {
        const auto under_way = asking.lock();
        if (under_way == nullptr) return;
        round->parts[i] = std::move(*part);
        if (--round->missing > 0) return;
        --*under_way;
        round->done(std::move(round->parts));
      });
    });
  }
}

}  // namespace weir::server
