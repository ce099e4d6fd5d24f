#pragma once

// A callable without arguments, in two words: what captures one pointer is held in place, as the
// callbacks of every connection's timers and tasks do; anything larger is on the heap. Owned by
// one object; moves, does not copy.

#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace weir::event {

class Callback {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Callback> && std::is_invocable_v<F&>)
      Callback(F&& callable) {  // implicit, as a lambda is what one passes
    using Held = std::remove_cvref_t<F>;
    if constexpr (fits<Held>()) {
      new (&state_) Held(std::forward<F>(callable));
      operate_ = [](void** state, Do what) {
        if (what == Do::Call) (*std::launder(reinterpret_cast<Held*>(state)))();
      };
    } else {
      state_ = new Held(std::forward<F>(callable));
      operate_ = [](void** state, Do what) {
        auto* held = static_cast<Held*>(*state);
        what == Do::Call ? (*held)() : delete held;
      };
    }
  }
  Callback(Callback&& other) noexcept
      : operate_(std::exchange(other.operate_, nullptr)), state_(other.state_) {}
  Callback& operator=(Callback&&) = delete;
  ~Callback() {
    if (operate_ != nullptr) operate_(&state_, Do::Destroy);
  }

  // Requires: it was not moved from.
  void operator()() { operate_(&state_, Do::Call); }

 private:
  enum class Do : unsigned char { Call, Destroy };

  template <class F>
  static constexpr bool fits() {
    return sizeof(F) <= sizeof(void*) && alignof(F) <= alignof(void*) &&
           std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>;
  }

  void (*operate_)(void** state, Do what);
  void* state_;
};

}  // namespace weir::event
