#include "source/server/worker.h"

#include <algorithm>
#include <utility>

namespace weir::server {

Worker::Worker(ProcessShared& shared, const Clock& clock, Outside outside)
    : shared_(shared),
      outside_(std::move(outside)),
      loop_(clock),
      sweep_(loop_, [this] { sweep(); }) {}

Worker::~Worker() = default;

void Worker::start(WorkerUpdate first) {
  first_.emplace(std::move(first));
  thread_ = std::thread([this] { run(); });
}

void Worker::run() {
  apply(std::move(*first_));
  first_.reset();
  loop_.run();
  stopped_ = true;  // what was posted and has not run is about what goes now
  // Ending a connection takes turns of the loop: hooks are called, and what they held is retired.
  closeAll("shutdown");
  while (loop_.runOnce(false)) {
  }
  leaving_.clear();
  listeners_.clear();
  sweep_.cancel();
  generations_.clear();
}

std::unique_ptr<WorkerListener> Worker::takeListener(uint64_t id) {
  for (auto& listener : listeners_) {
    if (listener != nullptr && listener->id() == id) return std::move(listener);
  }
  return nullptr;
}

std::unique_ptr<WorkerListener> Worker::makeListener(
    const std::shared_ptr<ListenerShared>& shared) {
  return std::make_unique<WorkerListener>(
      shared, shared_,
      WorkerListener::Outside{outside_.tell_others, [this] { sweep_.schedule(); }});
}

void Worker::apply(WorkerUpdate update) {
  Generation* const before = generations_.empty() ? nullptr : generations_.back().get();
  generations_.push_back(std::make_unique<Generation>(
      std::move(update.snapshot),
      Generation::Parts{loop_, slices_, pipes_, stats_, shared_.own_addresses},
      [this] { sweep_.schedule(); }));
  Generation& generation = *generations_.back();
  Listeners next;
  for (size_t i = 0; i < update.listeners.size(); ++i) {
    WorkerUpdate::Listener& given = update.listeners[i];
    auto listener = given.socket ? makeListener(given.shared) : takeListener(given.shared->id);
    listener->adopt(generation, generation.settings().listeners[i]);
    if (given.socket) listener->listen(std::move(*given.socket));
    next.push_back(std::move(listener));
  }
  for (auto& listener : listeners_) {
    if (listener == nullptr) continue;
    listener->finish();
    leaving_.push_back(std::move(listener));
  }
  listeners_ = std::move(next);
  // Its connections would go on under settings that nobody wants any more, for as long as clients
  // use them.
  if (before != nullptr) before->worker().drains.start();
  sweep_.schedule();
}

void Worker::drain(std::function<void()> on_drained) {
  on_drained_ = std::move(on_drained);
  generations_.back()->worker().drains.start();
  for (auto& listener : listeners_) {
    listener->finish();
    leaving_.push_back(std::move(listener));
  }
  listeners_.clear();
  sweep_.schedule();
}

void Worker::closeAll(std::string_view reason) {
  for (Listeners* const list : {&listeners_, &leaving_}) {
    for (auto& listener : *list) listener->closeAll(reason);
  }
  sweep_.schedule();
}

// A task, and not where the last connection goes: what that leaves behind may still be on the stack
// or wait to be freed, and refers to both.
void Worker::sweep() {
  std::erase_if(leaving_, [](const auto& listener) { return listener->done(); });
  // One that leaves still accepts under the generation that was current when it was told.
  const auto in_use = [this](const Generation& generation) {
    return &generation == generations_.back().get() || !generation.empty() ||
           std::any_of(leaving_.begin(), leaving_.end(), [&](const auto& listener) {
             return &listener->generation() == &generation;
           });
  };
  const auto old = std::stable_partition(generations_.begin(), generations_.end(),
                                         [&](const auto& one) { return in_use(*one); });
  for (auto it = old; it != generations_.end(); ++it) {
    // The settings after the generation, which refers to them.
    Snapshot snapshot = (*it)->snapshot();
    it->reset();
    outside_.dispose(std::move(snapshot));
  }
  generations_.erase(old, generations_.end());
  if (on_drained_ != nullptr && leaving_.empty()) std::exchange(on_drained_, nullptr)();
}

void Worker::requestStop() { loop_.stop(); }

void Worker::join() { thread_.join(); }

void Worker::post(std::function<void(Worker&)> work) {
  loop_.post([this, work = std::move(work)] {
    if (!stopped_) work(*this);
  });
}

void Worker::onNews(const LearnedNews& news) {
  for (auto& listener : listeners_) {
    if (listener->id() == news.listener) return listener->onNews(news);
  }
}

void Worker::forEachListener(const std::function<void(WorkerListener&)>& visit) const {
  for (const Listeners* const list : {&listeners_, &leaving_}) {
    for (const auto& listener : *list) visit(*listener);
  }
}

}  // namespace weir::server
