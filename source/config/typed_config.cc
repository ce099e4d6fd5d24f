#include "source/config/typed_config.h"

#include <google/protobuf/descriptor.h>

#include "source/config/extension_types.h"
#include "source/config/node.h"

namespace weir::config {

std::string messageTypeOf(const google::protobuf::Any& any) {
  return any.type_url().substr(any.type_url().rfind('/') + 1);
}

std::unique_ptr<google::protobuf::Message> emptyMessage(std::string_view message_type) {
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
      std::string(message_type));
  if (type == nullptr) return nullptr;
  const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  return std::unique_ptr<google::protobuf::Message>(prototype == nullptr ? nullptr
                                                                         : prototype->New());
}

std::unique_ptr<google::protobuf::Message> unpack(const google::protobuf::Any& any,
                                                  const FieldScope& scope) {
  auto message = emptyMessage(messageTypeOf(any));
  if (message != nullptr && message->ParseFromString(any.value())) return message;
  scope.error("the settings of " + quote(any.type_url()) + " cannot be decoded");
  return nullptr;
}

void reportUnknownType(const google::protobuf::Any& any, const Registry& registry,
                       std::string_view wanted, const FieldScope& scope) {
  const std::string type = messageTypeOf(any);
  if (type.empty()) {
    scope.error("is required: the type and its settings, " + std::string(TypeUrlPrefix) +
                "weir.extensions." + std::string(wanted) + ".NAME.v1.MESSAGE");
  } else if (registry.listenerFilter(type) != nullptr || registry.networkFilter(type) != nullptr ||
             registry.httpFilter(type) != nullptr) {
    scope.error(quote(type) + " is " + extensionPlace(type));
  } else {
    scope.error(unknownTypeMessage(type, registry.messageTypes(),
                                   "weir.extensions." + std::string(wanted) + "."));
  }
}

}  // namespace weir::config
