#pragma once

// What the filters that one factory makes share on one worker: handles of counters, a rate's
// tokens, a cache. A factory is one for all workers and immutable, a filter lives as long as its
// connection; this lives as long as the worker (and its configuration) and is used by one thread,
// so it needs no lock.
//
//   struct EchoStats { explicit EchoStats(filter::Worker&); stats::Value& messages; };
//   EchoStats& stats = worker.local.get<EchoStats>(this, [&] { return EchoStats(worker); });
//
// Loop: the worker's. Destroyed after the worker's last connection, when nothing else of the worker
// may be used any more.

#include <memory>
#include <unordered_map>

namespace weir::filter {

class WorkerLocal {
 public:
  // The T of `factory`, which make() returns the first time. One factory has one T, and outlives
  // this. The reference stays valid.
  template <class T, class Make>
  T& get(const void* factory, Make make) {
    auto found = held_.find(factory);
    if (found == held_.end()) {
      Held made(new T(make()), [](void* object) { delete static_cast<T*>(object); });
      found = held_.emplace(factory, std::move(made)).first;
    }
    return *static_cast<T*>(found->second.get());
  }

 private:
  using Held = std::unique_ptr<void, void (*)(void*)>;
  std::unordered_map<const void*, Held> held_;
};

}  // namespace weir::filter
