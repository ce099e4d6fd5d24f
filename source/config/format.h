#pragma once

// The formats of a configuration file, and which one a file name stands for. Any thread.

#include <cstdint>
#include <string_view>

#include "source/base/result.h"

namespace weir::config {

enum class Format : uint8_t { Yaml, Json, Text };

// .yaml and .yml; .json; .textproto, .txtpb, .pb_text and .pbtxt. Any other ending is an error that
// lists these.
Result<Format> formatOf(std::string_view filename);

}  // namespace weir::config
