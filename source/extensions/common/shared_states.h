#pragma once

// What filters of one name have in common across workers, chains and reloads, such as a number of
// open connections: kept by name as long as any configuration in use refers to it. A member of the
// filter's config factory. Main thread, while a configuration is built; the states themselves are
// used by all workers.

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace weir::extensions {

template <class State>
class SharedStates {
 public:
  // The state of that name; made from `args` if there is none in use. The factories that hold it
  // own it together.
  template <class... Args>
  std::shared_ptr<State> get(const std::string& name, const Args&... args) {
    std::erase_if(states_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<State>& kept = states_[name];
    std::shared_ptr<State> state = kept.lock();
    if (state == nullptr) {
      state = std::make_shared<State>(args...);
      kept = state;
    }
    return state;
  }

 private:
  std::map<std::string, std::weak_ptr<State>> states_;
};

}  // namespace weir::extensions
