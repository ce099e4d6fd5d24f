#pragma once

// `weir netpol`: NetworkPolicies that name opaque ports, made to admit what arrives at the proxy
// instead. A network plugin sees the port that is dialled on the wire, which for opaque connections
// between proxies is the proxy's own. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source/mesh/manifests.h"

namespace weir::mesh {

struct NetpolOptions {
  std::optional<std::string> opaque_ports;  // on top of all lists that the input has
  uint16_t inbound_port = 4143;
  const PortDefaults* defaults = portDefaultsOrNull(OwnPortDefaults);
};

// All documents, with the policies among them corrected. What is opaque is taken from the workloads
// and namespaces in the same input, as far as it has them.
ManifestOutcome correctNetworkPolicies(const std::vector<ManifestFile>& files,
                                       const NetpolOptions& options);

// Whether a pod has such labels: matchLabels and matchExpressions; an empty selector takes all.
bool selects(const YamlNode& selector, const YamlNode& labels);

}  // namespace weir::mesh
