#pragma once

// Observations as lines of a table. Pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/top/observation.h"

namespace weir::top {

enum class Order : uint8_t { Busiest, Newest };  // of connections

struct ViewSettings {
  size_t columns = 0;  // longer lines are cut; 0: no limit
  size_t rows = 0;     // of the whole; 0: no limit, but MaxConnectionRows
  Order order = Order::Busiest;
};

inline constexpr size_t MaxConnectionRows = 20;

struct Line {
  std::string text;   // printable ASCII, whatever names of others are in it
  bool head = false;  // of a table
};

// `before` is null at first: there are no rates then, nor if it was another process. `title` stands
// in front of the first line.
std::vector<Line> render(std::string_view title, const Observation* before, const Observation& now,
                         const ViewSettings& settings);

// Visible ASCII and blanks; all else becomes "?". Whatever others said goes through this before it
// gets to a terminal.
std::string printable(std::string_view text);
// "0", "512", "1.4K", "23M": at most 4 characters, with powers of 1024 from "1.0K" on.
std::string shortBytes(double bytes);
// "0.5s", "59s", "12m", "30h", "5d".
std::string shortAge(double seconds);

}  // namespace weir::top
