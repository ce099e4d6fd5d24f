#include "source/config/dump.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>
#include <vector>

#include "source/base/check.h"
#include "source/config/serialized.h"

namespace weir::config {

namespace {

constexpr const char* Redacted = "[redacted]";

using google::protobuf::Message;

void blankSecrets(Message& message);

// What stands in a typed_config. Types that are not linked in were refused when it was read.
void blankInside(google::protobuf::Any& any) {
  const std::string& url = any.type_url();
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
      url.substr(url.rfind('/') + 1));
  if (type == nullptr) return;
  const std::unique_ptr<Message> inside(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!inside->ParseFromString(any.value())) return;
  blankSecrets(*inside);
  any.set_value(serialized(*inside));
}

// The private keys that stand in the file itself, wherever they are. This is the only way from a
// configuration to the admin port; whatever else becomes a secret is to be blanked here.
void blankSecrets(Message& message) {
  if (auto* any = dynamic_cast<google::protobuf::Any*>(&message)) return blankInside(*any);
  if (auto* certificate = dynamic_cast<v1::TlsCertificate*>(&message)) {
    if (certificate->private_key().has_inline_string())
      certificate->mutable_private_key()->set_inline_string(Redacted);
    return;
  }
  const auto& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      blankSecrets(*reflection.MutableMessage(&message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i)
      blankSecrets(*reflection.MutableRepeatedMessage(&message, field, i));
  }
}

v1::Bootstrap withoutSecrets(const v1::Bootstrap& bootstrap) {
  v1::Bootstrap copy = bootstrap;
  blankSecrets(copy);
  return copy;
}

}  // namespace

std::string dumpBootstrap(const v1::Bootstrap& bootstrap) {
  constexpr const char* Prefix = "type.googleapis.com";
  const std::unique_ptr<google::protobuf::util::TypeResolver> types(
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          Prefix, google::protobuf::DescriptorPool::generated_pool()));
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string out;
  // Can only fail for a typed_config whose type is not linked in; reading has refused those.
  const auto status = google::protobuf::util::BinaryToJsonString(
      types.get(), std::string(Prefix) + "/" + bootstrap.GetTypeName(),
      serialized(withoutSecrets(bootstrap)), &out, options);
  WEIR_CHECK(status.ok());
  return out;
}

}  // namespace weir::config
