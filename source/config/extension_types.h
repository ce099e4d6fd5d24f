#pragma once

// The message types that may stand in a typed_config, by name. Any thread.

#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

inline constexpr std::string_view TypeUrlPrefix = "type.googleapis.com/";

// What is wrong with a type that is not among `known`: the one that was probably meant, or, for a
// type of ours, that it is not part of this build, and which types of its kind are.
std::string unknownTypeMessage(std::string_view type, const std::vector<std::string>& known);

}  // namespace weir::config
