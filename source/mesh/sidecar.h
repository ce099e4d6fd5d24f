#pragma once

// The containers and volumes that a pod of the mesh has beside its own: an init container that runs
// `weir rules --apply`, and the proxy. Puts them into a pod's spec and takes them out again. Works
// on a tree; any thread.

#include <cstdint>
#include <string>

#include "source/base/version.h"
#include "source/config/yaml_node.h"
#include "source/mesh/ports.h"

namespace weir::mesh {

struct SidecarSettings {
  std::string image = "weir:" + std::string(Version);  // has `weir` in its PATH
  uint32_t uid = 2102;  // of the proxy alone: whose connections are not redirected
  uint16_t inbound_port = 4143;
  uint16_t outbound_port = 4140;
  uint16_t admin_port = 4191;
  std::string config_map = "weir-config";         // has weir.yaml
  std::string identity_secret = "weir-identity";  // is at /var/run/weir/identity
  // The proxy as an init container that goes on running: it starts before the others, and a Job's
  // pod ends without it. Needs Kubernetes 1.29.
  bool native = false;
};

struct SkippedPorts {
  PortSet inbound;
  PortSet outbound;
  std::string subnets;  // by comma
};

// Requires: no sidecar is there. Lists of the spec that were empty are put to its end.
void addSidecar(config::YamlNode& pod_spec, const SidecarSettings& settings,
                const SkippedPorts& skipped);

// Takes out what addSidecar has put in, by name, and the lists that it leaves empty. True if there
// was anything.
bool removeSidecar(config::YamlNode& pod_spec);

}  // namespace weir::mesh
