#include "source/base/fixed_array.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

// Cannot be copied or moved, and tells when it goes.
struct Part {
  Part(std::string its_name, std::vector<std::string>& list)
      : name(std::move(its_name)), gone(list), self(this) {}
  ~Part() { gone.push_back(name); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  std::string name;
  std::vector<std::string>& gone;
  Part* self;
};

TEST(FixedArrayTest, ElementsStayWhereTheyAreMade) {
  std::vector<std::string> gone;
  {
    FixedArray<Part> parts;
    EXPECT_EQ(parts.size(), 0U);
    EXPECT_EQ(parts.begin(), parts.end());
    parts.reserve(3);
    Part& first = parts.emplace_back("first", gone);
    Part& second = parts.emplace_back("second", gone);
    EXPECT_EQ(&second, &parts.back());
    EXPECT_EQ(&parts[0], &first);
    std::string names;
    for (const Part& part : parts) {
      EXPECT_EQ(part.self, &part);
      names += part.name + " ";
    }
    EXPECT_EQ(names, "first second ");
    EXPECT_EQ(parts.size(), 2U);
    EXPECT_TRUE(gone.empty());
  }
  EXPECT_EQ(gone, (std::vector<std::string>{"second", "first"}));
}

TEST(FixedArrayDeathTest, HoldsNoMoreThanItWasMadeFor) {
  FixedArray<int> numbers;
  EXPECT_DEATH(numbers.emplace_back(1), "size_ < capacity_");
  numbers.reserve(1);
  numbers.emplace_back(1);
  EXPECT_DEATH(numbers.emplace_back(2), "size_ < capacity_");
  EXPECT_DEATH(numbers.reserve(2), "data_ == nullptr");
}

}  // namespace
}  // namespace weir
