#pragma once

// A list of objects that somebody else owns, each of them in at most one such list of its kind: the
// links are in the objects, so that neither joining nor leaving allocates or searches. One that is
// destroyed leaves; a list that is destroyed lets go of those that are still in it.
//
// Thread: whoever owns the list and what is in it.

#include "source/base/check.h"

namespace weir {

template <class T>
class IntrusiveList;

// A public base of `T`.
template <class T>
class ListMember {
 public:
  ListMember() = default;
  ListMember(const ListMember&) = delete;
  ListMember& operator=(const ListMember&) = delete;

 protected:
  ~ListMember() { leaveList(); }
  bool inList() const { return next_ != nullptr; }
  // Nothing if it is in no list.
  void leaveList() {
    if (!inList()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }

 private:
  friend class IntrusiveList<T>;
  ListMember* previous_ = nullptr;
  ListMember* next_ = nullptr;
};

template <class T>
class IntrusiveList {
 public:
  IntrusiveList() { ends_.previous_ = ends_.next_ = &ends_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) ends_.next_->leaveList();
  }

  bool empty() const { return ends_.next_ == &ends_; }
  // Null if it is empty.
  T* first() const { return memberAt(ends_.next_); }
  // Null behind the last one. Requires: `member` is in this list.
  T* next(const T& member) const { return memberAt(linkOf(member).next_); }

  // Requires: it is in no list.
  void pushFront(T& member) { insert(member, ends_, *ends_.next_); }
  void pushBack(T& member) { insert(member, *ends_.previous_, ends_); }

 private:
  // Both its ends: in front of the first one and behind the last one.
  struct Ends final : ListMember<T> {};
  using Link = ListMember<T>;

  static const Link& linkOf(const T& member) { return member; }
  T* memberAt(Link* link) const { return link == &ends_ ? nullptr : static_cast<T*>(link); }
  static void insert(Link& link, Link& before, Link& after) {
    WEIR_CHECK(!link.inList());
    link.previous_ = &before;
    link.next_ = &after;
    before.next_ = after.previous_ = &link;
  }

  Ends ends_;
};

}  // namespace weir
