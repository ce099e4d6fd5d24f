#pragma once

// A loop on a manual clock that has nothing to do, and lines that callbacks write.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "test/support/test_loop.h"

namespace weir::event {

using Lines = std::vector<std::string>;

class LoopTest : public testing::Test {
 protected:
  LoopTest() { loop_.runUntilIdle(); }

  // A callback that writes `line` down.
  std::function<void()> note(std::string line) {
    return [this, line] { lines_.push_back(line); };
  }

  test::TestLoop loop_;
  Lines lines_;
};

}  // namespace weir::event
