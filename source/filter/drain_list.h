#pragma once

// Who wants to know that a worker's configuration takes no further connections: it was replaced, or
// the process is going to end. Connections that would stay for long, because clients use them
// again, end in their own time.
//
// Loop: the worker's. A member leaves by being destroyed.

#include <utility>

namespace weir::filter {

class DrainList {
 public:
  class Member {
   public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    virtual ~Member() { leave(); }
    // Once. The members may leave meanwhile, this one and others.
    virtual void onDrain() = 0;

   private:
    friend class DrainList;
    void leave() {
      if (previous_ == nullptr) return;
      previous_->next_ = next_;
      if (next_ != nullptr) next_->previous_ = previous_;
      previous_ = next_ = nullptr;
    }
    Member* previous_ = nullptr;
    Member* next_ = nullptr;
  };

  DrainList() = default;
  DrainList(const DrainList&) = delete;
  DrainList& operator=(const DrainList&) = delete;
  ~DrainList() { head_.leaveAll(); }

  // True once start() was called: those who come later are not told.
  bool draining() const { return draining_; }
  // Outlives the member.
  void add(Member& member) {
    member.previous_ = &head_;
    member.next_ = head_.next_;
    if (member.next_ != nullptr) member.next_->previous_ = &member;
    head_.next_ = &member;
  }
  // Tells all. Twice is once.
  void start() {
    if (std::exchange(draining_, true)) return;
    while (head_.next_ != nullptr) {
      Member& member = *head_.next_;
      member.leave();
      member.onDrain();
    }
  }

 private:
  struct Head final : Member {
    void onDrain() override {}
    void leaveAll() {
      while (next_ != nullptr) next_->leave();
    }
  };
  Head head_;
  bool draining_ = false;
};

}  // namespace weir::filter
