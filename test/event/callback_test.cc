#include "source/event/callback.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace weir::event {
namespace {

TEST(Callback, IsTwoWords) { EXPECT_EQ(sizeof(Callback), 2 * sizeof(void*)); }

TEST(Callback, CallsWhatCapturesOnePointer) {
  int calls = 0;
  Callback callback([&calls] { ++calls; });
  callback();
  callback();
  EXPECT_EQ(calls, 2);
}

TEST(Callback, CallsWhatIsLargeOrOwns) {
  std::string said;
  auto owned = std::make_shared<int>(7);
  {
    Callback callback(
        [&said, owned, text = std::string("seven is ")] { said = text + std::to_string(*owned); });
    EXPECT_EQ(owned.use_count(), 2);
    callback();
  }
  EXPECT_EQ(said, "seven is 7");
  EXPECT_EQ(owned.use_count(), 1) << "what it captured is destroyed, once";
}

TEST(Callback, AlsoDestroysASmallCaptureThatOwns) {
  auto shared = std::make_shared<int>(3);
  {
    Callback callback([keep = std::make_unique<std::shared_ptr<int>>(shared)] {});
    EXPECT_EQ(shared.use_count(), 2);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(Callback, MovesWithoutCallingOrDestroyingTwice) {
  auto owned = std::make_shared<int>(0);
  Callback first([owned, pad = std::string("not small")] { ++*owned; });
  Callback second(std::move(first));
  second();
  EXPECT_EQ(*owned, 1);
  EXPECT_EQ(owned.use_count(), 2);
}

}  // namespace
}  // namespace weir::event
