#pragma once

// Three scripted filters a, b and t in a chain, a client, and the lines that the filters wrote. The
// last filter, t, takes all it gets.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/filter/scripted_filter.h"
#include "test/support/filter_harness.h"

namespace weir::filter {

constexpr size_t TestLimit = 1000;
constexpr FilterStatus Continue = FilterStatus::Continue;
constexpr FilterStatus StopIteration = FilterStatus::StopIteration;

class FilterChainTest : public testing::Test {
 protected:
  using Lines = std::vector<std::string>;

  FilterChainTest() {
    t_.on_data = [](buffer::Buffer& data, bool) {
      data.clear();
      return StopIteration;
    };
  }

  // The chain of a, b and t. Scripts may be changed before and after.
  void start() {
    options_.buffer_bytes = TestLimit;
    harness_ = std::make_unique<test::FilterHarness>(
        test::FilterHarness::Factories{std::make_shared<ScriptFactory>(a_),
                                       std::make_shared<ScriptFactory>(b_),
                                       std::make_shared<ScriptFactory>(t_)},
        std::move(options_));
  }
  // Started, and that written off.
  void startQuietly() {
    start();
    take();
  }
  void run() { harness_->run(); }
  // What the filters wrote down since the last call, once everything that can happen has.
  Lines take() {
    run();
    return std::exchange(log_, {});
  }
  test::TestPeer& client() { return harness_->client(); }

  Lines log_;
  Script a_{"a", log_};
  Script b_{"b", log_};
  Script t_{"t", log_};
  test::FilterHarness::Options options_;
  std::unique_ptr<test::FilterHarness> harness_;
};

}  // namespace weir::filter
