#pragma once

// What is said of a value that has another shape than its field wants. Any thread.

#include <string>

#include "source/config/node.h"

namespace weir::config {

// What to write in the place of a node that was refused for its shape, as the end of a sentence:
// of a list, its one element; of an address in Envoy's form, the text. Empty: nothing is known.
std::string shapeHint(const Node& refused);

}  // namespace weir::config
