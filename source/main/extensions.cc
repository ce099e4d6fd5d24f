#include "source/main/extensions.h"

#include "source/extensions/http/buffer/factory.h"
#include "source/extensions/http/compressor/factory.h"
#include "source/extensions/http/cors/factory.h"
#include "source/extensions/http/fault/factory.h"
#include "source/extensions/http/grpc_stats/factory.h"
#include "source/extensions/http/header_mutation/factory.h"
#include "source/extensions/http/health_check/factory.h"
#include "source/extensions/http/local_ratelimit/factory.h"
#include "source/extensions/http/rbac/factory.h"
#include "source/extensions/http/router/factory.h"
#include "source/extensions/listener/original_dst/factory.h"
#include "source/extensions/listener/proto_detect/factory.h"
#include "source/extensions/listener/proxy_protocol/factory.h"
#include "source/extensions/listener/tls_inspector/factory.h"
#include "source/extensions/network/bypass/factory.h"
#include "source/extensions/network/connection_limit/factory.h"
#include "source/extensions/network/direct_response/factory.h"
#include "source/extensions/network/echo/factory.h"
#include "source/extensions/network/http_conn_manager/factory.h"
#include "source/extensions/network/local_ratelimit/factory.h"
#include "source/extensions/network/rbac/factory.h"
#include "source/extensions/network/tcp_proxy/factory.h"

namespace weir {

// One line for each, sorted. Nothing else registers anything.
void registerBuiltins(config::Registry& registry) {
  registry.add(http_filters::makeBufferConfigFactory());
  registry.add(http_filters::makeCompressorConfigFactory());
  registry.add(http_filters::makeCorsConfigFactory());
  registry.add(http_filters::makeFaultConfigFactory());
  registry.add(http_filters::makeGrpcStatsConfigFactory());
  registry.add(http_filters::makeHeaderMutationConfigFactory());
  registry.add(http_filters::makeHealthCheckConfigFactory());
  registry.add(http_filters::makeLocalRateLimitConfigFactory());
  registry.add(http_filters::makeRbacConfigFactory());
  registry.add(http_filters::makeRouterConfigFactory());
  registry.add(extensions::makeOriginalDstConfigFactory());
  registry.add(extensions::makeProtoDetectConfigFactory());
  registry.add(extensions::makeProxyProtocolConfigFactory());
  registry.add(extensions::makeTlsInspectorConfigFactory());
  registry.add(extensions::makeBypassConfigFactory());
  registry.add(extensions::makeConnectionLimitConfigFactory());
  registry.add(extensions::makeDirectResponseConfigFactory());
  registry.add(extensions::makeEchoConfigFactory());
  registry.add(extensions::makeHttpConnManagerConfigFactory());
  registry.add(extensions::makeLocalRateLimitConfigFactory());
  registry.add(extensions::makeRbacConfigFactory());
  registry.add(extensions::makeTcpProxyConfigFactory());
}

}  // namespace weir
