#pragma once

// A tree (node.h) into a protobuf message, by reflection. Collects every fault and goes on: unknown
// and repeated fields, wrong types, ranges, enum values, durations, base64, two fields of one
// oneof, unknown types in an Any. Pure function, any thread.

#include <string>
#include <vector>

#include "source/config/broken_fields.h"
#include "source/config/format.h"
#include "source/config/located_error.h"
#include "source/config/node.h"

namespace google::protobuf {
class Message;
}

namespace weir::config {

struct Conversion {
  std::vector<LocatedError> errors;
  BrokenFields broken;
};

// Field names may be written as in the .proto or in lowerCamelCase. An Any is `"@type": URL` beside
// the fields in YAML and JSON, and `[URL] { }` in text format; its type must be one of
// `known_types` and linked into the program. Null counts as absent. `out` gets everything that is
// right; a list keeps the place of an element that is wrong.
Conversion treeToProto(const Node& root, Format format, const std::vector<std::string>& known_types,
                       google::protobuf::Message& out);

}  // namespace weir::config
