#include "source/config/dump.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>

#include "source/base/check.h"
#include "source/config/serialized.h"

namespace weir::config {

// No field is a secret: there are no keys and no passwords in a configuration yet, only addresses,
// names and paths. One that is (a TLS key in the file itself, say) is to be blanked here, in a copy
// of the message, before it becomes text: this is the only way from a configuration to the admin
// port.
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
      types.get(), std::string(Prefix) + "/" + bootstrap.GetTypeName(), serialized(bootstrap), &out,
      options);
  WEIR_CHECK(status.ok());
  return out;
}

}  // namespace weir::config
