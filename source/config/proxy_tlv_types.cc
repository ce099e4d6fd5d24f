#include "source/config/proxy_tlv_types.h"

#include <string>

#include "api/weir/config/v1/proxy_protocol.pb.h"

namespace weir::config {

net::ProxyTlvTypes readProxyTlvTypes(const v1::ProxyProtocolPassThroughTlvs& message,
                                     const FieldScope& scope) {
  net::ProxyTlvTypes types;
  const FieldScope list = scope.field("tlv_type");
  if (message.match_type() == v1::ProxyProtocolPassThroughTlvs::INCLUDE_ALL) {
    if (message.tlv_type_size() > 0)
      list.error("INCLUDE_ALL passes every type on; set match_type: INCLUDE to choose some");
    return types.set();
  }
  if (message.tlv_type_size() == 0) list.error("is required for INCLUDE: at least one type");
  for (int i = 0; i < message.tlv_type_size(); ++i) {
    const uint32_t type = message.tlv_type(i);
    const FieldScope field = list.index(static_cast<size_t>(i));
    if (type >= types.size()) {
      field.error(std::to_string(type) + " is out of range: from 0 to 255 is allowed");
    } else if (type == net::ProxyTlvCrc32c || type == net::ProxyTlvNoop) {
      field.error(std::to_string(type) +
                  " (checksum: 3, padding: 4) belongs to one header and is never passed on");
    } else {
      types.set(type);
    }
  }
  return types;
}

}  // namespace weir::config
