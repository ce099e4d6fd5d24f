#pragma once

// A listener's settings for tests of choosing and detecting: HTTP to one cluster, everything else
// to another, with the real detection and matching.

#include <memory>

#include "source/base/check.h"
#include "source/config/settings.h"
#include "source/extensions/listener/proto_detect/proto_detect.h"
#include "source/extensions/network/tcp_proxy/tcp_proxy.h"

namespace weir::server {

inline config::FilterChainSettings chainTo(const std::string& cluster) {
  config::FilterChainSettings chain;
  chain.name = cluster;
  chain.filters.push_back(
      std::make_shared<extensions::TcpProxyFactory>(extensions::TcpProxySettings{{{cluster}}, {}}));
  return chain;
}

inline void compile(config::ListenerSettings& settings) {
  Diagnostics diagnostics;
  settings.matcher = match::Matcher::compile(settings.chain_specs, {}, diagnostics);
  WEIR_CHECK(diagnostics.ok());
}

inline config::ListenerSettings httpAndTcp(const filter::SilencePolicy& policy = {}) {
  config::ListenerSettings settings;
  settings.name = "in";
  settings.listener_filters.push_back(std::make_shared<extensions::ProtoDetectFactory>(
      extensions::ProtoDetectSettings{policy, {}}));
  settings.chains.push_back(chainTo("http"));
  match::ChainSpec http{"http", "filter_chains[0]", {}};
  http.match.application_protocols = {"http/1.0", "http/1.1", "h2c"};
  settings.chain_specs.push_back(http);
  settings.default_chain = chainTo("tcp");
  compile(settings);
  return settings;
}

}  // namespace weir::server
