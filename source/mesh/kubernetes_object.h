#pragma once

// What Weir knows of a Kubernetes object in a manifest: its kind, where its pods are described, its
// annotations and ports. Reads a tree and points into it. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/yaml_node.h"
#include "source/mesh/ports.h"

namespace weir::mesh {

using config::YamlNode;

enum class ObjectRole : uint8_t {
  Workload,  // has pods: Deployment, CronJob, Pod ...
  Namespace,
  Service,
  NetworkPolicy,
  List,
  Other,
  NoKind,  // no Kubernetes object
};

// By kind and API group: a Service of another group than the core's is Other.
ObjectRole roleOf(const YamlNode& object);

// Who an object is, for messages.
struct ObjectName {
  std::string kind;  // in lower case
  std::string name;
  std::string space;  // its namespace; "" if the manifest does not say

  // "deployment shop/web", "namespace shop"
  std::string text() const;
};
ObjectName nameOf(const YamlNode& object);

// Of a workload: the mapping that has the pods' `metadata` and `spec`; null if there is none.
YamlNode* podTemplateOrNull(YamlNode& workload);
const YamlNode* podTemplateOrNull(const YamlNode& workload);

// Of an object, or a pod template.
std::optional<std::string> annotationOf(const YamlNode& object, std::string_view name);
void setAnnotation(YamlNode& object, std::string_view name, std::string_view value);

// The containers of a pod spec, those that run first (initContainers) behind the others.
std::vector<const YamlNode*> containersOf(const YamlNode& pod_spec);

// A port with what it is for; a port that is not a number from 1 to 65535 is left out.
struct ObjectPort {
  std::string name;   // "" for none
  uint16_t port = 0;  // of a container, or that clients of a service dial
  bool udp = false;
};
// Of a pod template's containers.
std::vector<ObjectPort> containerPorts(const YamlNode& pod_template);
// Of a Service.
std::vector<ObjectPort> servicePorts(const YamlNode& service);
// Those that have names.
std::vector<NamedPort> namesOf(const std::vector<ObjectPort>& ports);

// A scalar that is a port's number.
std::optional<uint16_t> portNumberOf(const YamlNode* node);

}  // namespace weir::mesh
