#include "source/config/dump.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>

#include "source/base/check.h"
#include "source/config/serialized.h"

namespace weir::config {

namespace {

constexpr const char* Redacted = "[redacted]";

void blankKeys(v1::FilterChain& chain) {
  if (!chain.has_tls_context()) return;
  auto& common = *chain.mutable_tls_context()->mutable_common_tls_context();
  for (auto& certificate : *common.mutable_tls_certificates()) {
    if (certificate.private_key().has_inline_string())
      certificate.mutable_private_key()->set_inline_string(Redacted);
  }
}

// A copy without what is secret: the private keys that stand in the file itself. This is the only
// way from a configuration to the admin port; whatever else becomes a secret is to be blanked here.
v1::Bootstrap withoutSecrets(const v1::Bootstrap& bootstrap) {
  v1::Bootstrap copy = bootstrap;
  for (auto& listener : *copy.mutable_listeners()) {
    for (auto& chain : *listener.mutable_filter_chains()) blankKeys(chain);
    if (listener.has_default_filter_chain()) blankKeys(*listener.mutable_default_filter_chain());
  }
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
