#pragma once

// Writes a scalar of a tree into a field of a message, by reflection. Pure functions, any thread.

#include <string>

#include "source/config/format.h"
#include "source/config/node.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace weir::config {

// The field itself, or, if it is a list, a new element of it.
struct ScalarTarget {
  google::protobuf::Message& message;
  const google::protobuf::FieldDescriptor& field;  // not a message
};

// What is wrong with the value, or "" if it was written. A list gets its new element in either
// case.
std::string writeScalar(const Node& node, Format format, const ScalarTarget& target);

}  // namespace weir::config
