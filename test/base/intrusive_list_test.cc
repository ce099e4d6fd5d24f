#include "source/base/intrusive_list.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

struct One : ListMember<One> {
  explicit One(char its_name) : name(its_name) {}
  using ListMember<One>::inList;
  using ListMember<One>::leaveList;
  char name;
};

class IntrusiveListTest : public testing::Test {
 protected:
  std::string names() const {
    std::string all;
    for (const One* at = list_.first(); at != nullptr; at = list_.next(*at)) all += at->name;
    return all;
  }

  One a_{'a'};
  One b_{'b'};
  One c_{'c'};
  IntrusiveList<One> list_;
};

TEST_F(IntrusiveListTest, IsEmptyAtFirst) {
  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(list_.first(), nullptr);
  EXPECT_FALSE(a_.inList());
}

TEST_F(IntrusiveListTest, GrowsAtBothEnds) {
  list_.pushBack(a_);
  list_.pushBack(b_);
  list_.pushFront(c_);
  EXPECT_EQ(names(), "cab");
  EXPECT_FALSE(list_.empty());
  EXPECT_EQ(list_.first(), &c_);
  EXPECT_EQ(list_.next(b_), nullptr);
}

TEST_F(IntrusiveListTest, AnyOfThemLeaves) {
  for (One* const one : {&a_, &b_, &c_}) {
    for (One* const each : {&a_, &b_, &c_}) list_.pushBack(*each);
    one->leaveList();
    EXPECT_FALSE(one->inList());
    EXPECT_EQ(names().size(), 2U);
    EXPECT_EQ(names().find(one->name), std::string::npos);
    while (One* const first = list_.first()) first->leaveList();
    EXPECT_TRUE(list_.empty());
  }
}

TEST_F(IntrusiveListTest, LeavingTwiceIsOnce) {
  list_.pushBack(a_);
  list_.pushBack(b_);
  a_.leaveList();
  a_.leaveList();
  EXPECT_EQ(names(), "b");
}

TEST_F(IntrusiveListTest, WhoHasLeftMayComeAgain) {
  list_.pushBack(a_);
  list_.pushBack(b_);
  a_.leaveList();
  list_.pushBack(a_);
  EXPECT_EQ(names(), "ba");
}

TEST_F(IntrusiveListTest, WhoIsDestroyedLeaves) {
  list_.pushBack(a_);
  {
    One gone('x');
    list_.pushBack(gone);
    list_.pushBack(b_);
    EXPECT_EQ(names(), "axb");
  }
  EXPECT_EQ(names(), "ab");
}

TEST_F(IntrusiveListTest, AListThatIsDestroyedLetsThemGo) {
  {
    IntrusiveList<One> other;
    other.pushBack(a_);
    other.pushBack(b_);
  }
  EXPECT_FALSE(a_.inList());
  EXPECT_FALSE(b_.inList());
  list_.pushBack(a_);
  EXPECT_EQ(names(), "a");
}

TEST_F(IntrusiveListTest, NobodyIsInItTwice) {
  list_.pushBack(a_);
  EXPECT_DEATH(list_.pushBack(a_), "check failed");
}

}  // namespace
}  // namespace weir
