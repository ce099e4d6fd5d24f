#pragma once

// From a typed_config to the factory of its type. Main thread, while a configuration is built.

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>

#include "source/base/diagnostics.h"
#include "source/config/extension_factory.h"

namespace weir::config {

// The full name of the message in an Any.
std::string messageTypeOf(const google::protobuf::Any& any);

// The message in an Any; null, and an error at `scope`, if it cannot be decoded.
std::unique_ptr<google::protobuf::Message> unpack(const google::protobuf::Any& any,
                                                  const FieldScope& scope);

// An empty message of a linked type; null if there is none.
std::unique_ptr<google::protobuf::Message> emptyMessage(std::string_view message_type);

// Reports at `scope` why a type has no factory of the wanted kind ("network", "listener" or
// "http").
void reportUnknownType(const google::protobuf::Any& any, const Registry& registry,
                       std::string_view wanted, const FieldScope& scope);

}  // namespace weir::config
