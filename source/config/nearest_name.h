#pragma once

// "Did you mean": the known name that is nearest to a misspelt one. Pure functions, any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

// The least number of insertions, deletions, replacements and swaps of neighbours between the two;
// upper and lower case count as equal.
size_t editDistance(std::string_view a, std::string_view b);

// The nearest of `known`, the first of several; nothing if none is near enough to be meant (a third
// of the longer one's length).
std::optional<std::string> nearestName(std::string_view name,
                                       const std::vector<std::string>& known);

// `; did you mean "x"?`, or else `; WHAT: a, b, c` with the known names (at most 20 of them), or
// nothing if there are none. To be put behind a message.
std::string suggestion(std::string_view name, const std::vector<std::string>& known,
                       std::string_view what);

}  // namespace weir::config
