#pragma once

// TLS contexts, as transports. Main thread, while a configuration is built.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/weir/config/v1/cluster.pb.h"
#include "source/base/diagnostics.h"
#include "source/net/io.h"
#include "source/tls/transports.h"
#include "source/upstream/host_transport.h"

namespace weir::config {

// Null, and errors at the fields, if something is wrong. `certificates`: the own ones are appended.
std::shared_ptr<const net::Transport> parseDownstreamTls(
    const v1::DownstreamTlsContext& context, const FieldScope& scope,
    std::vector<tls::CertificateInfo>& certificates);

// The transports of one cluster's endpoints, from its tls_context. Endpoints of which the same is
// known share one. Of a wrong configuration there are none, and errors at the fields.
class ClusterTransports {
 public:
  // All outlive it.
  ClusterTransports(const v1::Cluster& cluster, const FieldScope& scope,
                    std::vector<tls::CertificateInfo>& certificates);

  // `name`: of the endpoint, if it has one. `scope`: the endpoint's.
  upstream::SharedTransport of(const v1::Endpoint& endpoint, std::string_view name,
                               const FieldScope& scope);
  // Where there are no endpoints.
  upstream::SharedTransport ofAll();

 private:
  upstream::SharedTransport make(const v1::Endpoint& endpoint, std::string_view name,
                                 const FieldScope& scope);
  bool checkEndpoint(const v1::Endpoint& endpoint, const FieldScope& scope) const;

  const v1::Cluster& cluster_;
  const FieldScope tls_scope_;
  tls::ClientSettings base_;
  bool usable_ = false;
  std::map<std::string, upstream::SharedTransport> made_;
};

}  // namespace weir::config
