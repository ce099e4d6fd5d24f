#pragma once

// Who wants to know that a worker's configuration takes no further connections: it was replaced, or
// the process is going to end. Connections that would stay for long, because clients use them
// again, end in their own time.
//
// Loop: the worker's. A member leaves by being destroyed.

#include <utility>

#include "source/base/intrusive_list.h"

namespace weir::filter {

class DrainList {
 public:
  class Member : public ListMember<Member> {
   public:
    virtual ~Member() = default;
    // Once. The members may leave meanwhile, this one and others.
    virtual void onDrain() = 0;

   private:
    friend class DrainList;
  };

  // True once start() was called: those who come later are not told.
  bool draining() const { return draining_; }
  void add(Member& member) { members_.pushFront(member); }
  // Tells all. Twice is once.
  void start() {
    if (std::exchange(draining_, true)) return;
    while (Member* const member = members_.first()) {
      member->leaveList();
      member->onDrain();
    }
  }

 private:
  IntrusiveList<Member> members_;
  bool draining_ = false;
};

}  // namespace weir::filter
