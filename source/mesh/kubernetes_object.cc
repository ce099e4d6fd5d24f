#include "source/mesh/kubernetes_object.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace weir::mesh {
namespace {

struct KnownKind {
  std::string_view kind;
  std::string_view groups;  // of the API, each with a space behind it; "core" for none
  ObjectRole role;
  std::string_view pods;  // the way to the pod template
};

constexpr std::array<KnownKind, 12> Kinds = {{
    {"CronJob", "batch ", ObjectRole::Workload, "spec.jobTemplate.spec.template"},
    {"DaemonSet", "apps extensions ", ObjectRole::Workload, "spec.template"},
    {"Deployment", "apps extensions ", ObjectRole::Workload, "spec.template"},
    {"Job", "batch ", ObjectRole::Workload, "spec.template"},
    {"List", "core ", ObjectRole::List, ""},
    {"Namespace", "core ", ObjectRole::Namespace, ""},
    {"NetworkPolicy", "networking.k8s.io extensions ", ObjectRole::NetworkPolicy, ""},
    {"Pod", "core ", ObjectRole::Workload, ""},
    {"ReplicaSet", "apps extensions ", ObjectRole::Workload, "spec.template"},
    {"ReplicationController", "core ", ObjectRole::Workload, "spec.template"},
    {"Service", "core ", ObjectRole::Service, ""},
    {"StatefulSet", "apps ", ObjectRole::Workload, "spec.template"},
}};

const KnownKind* knownKindOrNull(const YamlNode& object) {
  const std::string_view kind = object.textAt("kind");
  const std::string_view version = object.textAt("apiVersion");
  const size_t slash = version.find('/');
  const std::string group =
      std::string(slash == std::string_view::npos ? "core" : version.substr(0, slash)) + " ";
  const auto* found = std::ranges::find(Kinds, kind, &KnownKind::kind);
  if (found == Kinds.end()) return nullptr;
  const size_t at = found->groups.find(group);
  const bool whole = at != std::string_view::npos && (at == 0 || found->groups[at - 1] == ' ');
  return whole ? found : nullptr;
}

std::vector<ObjectPort> portsOf(const YamlNode* list, std::string_view number_key) {
  std::vector<ObjectPort> ports;
  if (list == nullptr) return ports;
  for (const YamlNode& item : list->items) {
    const auto number = portNumberOf(item.find(number_key));
    if (!number) continue;
    ports.push_back({std::string(item.textAt("name")), *number, item.textAt("protocol") == "UDP"});
  }
  return ports;
}

}  // namespace

ObjectRole roleOf(const YamlNode& object) {
  if (object.textAt("kind").empty()) return ObjectRole::NoKind;
  const KnownKind* known = knownKindOrNull(object);
  return known == nullptr ? ObjectRole::Other : known->role;
}

std::string ObjectName::text() const {
  return kind + " " + (space.empty() ? "" : space + "/") + (name.empty() ? "without a name" : name);
}

ObjectName nameOf(const YamlNode& object) {
  std::string kind(object.textAt("kind"));
  std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string name(object.textAt("metadata.name"));
  if (name.empty()) name = object.textAt("metadata.generateName");
  return {std::move(kind), std::move(name), std::string(object.textAt("metadata.namespace"))};
}

const YamlNode* podTemplateOrNull(const YamlNode& workload) {
  const KnownKind* known = knownKindOrNull(workload);
  if (known == nullptr || known->role != ObjectRole::Workload) return nullptr;
  const YamlNode* node = workload.findPath(known->pods);
  if (node == nullptr || !node->isMapping()) return nullptr;
  const YamlNode* containers = node->findPath("spec.containers");
  return containers != nullptr && containers->isSequence() ? node : nullptr;
}

YamlNode* podTemplateOrNull(YamlNode& workload) {
  return const_cast<YamlNode*>(podTemplateOrNull(std::as_const(workload)));
}

std::optional<std::string> annotationOf(const YamlNode& object, std::string_view name) {
  const YamlNode* annotations = object.findPath("metadata.annotations");
  const YamlNode* value = annotations == nullptr ? nullptr : annotations->find(name);
  if (value == nullptr || value->kind != YamlNode::Kind::Scalar) return std::nullopt;
  return value->text;
}

void setAnnotation(YamlNode& object, std::string_view name, std::string_view value) {
  if (annotationOf(object, name) == value) return;
  YamlNode* metadata = object.find("metadata");
  if (metadata == nullptr || !metadata->isMapping()) metadata = &object.set("metadata", {});
  YamlNode* annotations = metadata->find("annotations");
  if (annotations != nullptr && annotations->isEmpty()) {
    // Empty ones are put to the end, as new ones are: a second run must find what the first made.
    metadata->erase("annotations");
    annotations = nullptr;
  }
  if (annotations == nullptr || !annotations->isMapping())
    annotations = &metadata->set("annotations", {});
  annotations->set(name, YamlNode::string(value));
}

std::vector<const YamlNode*> containersOf(const YamlNode& pod_spec) {
  std::vector<const YamlNode*> containers;
  for (const char* key : {"containers", "initContainers"}) {
    const YamlNode* list = pod_spec.find(key);
    if (list == nullptr) continue;
    for (const YamlNode& container : list->items) containers.push_back(&container);
  }
  return containers;
}

std::vector<ObjectPort> containerPorts(const YamlNode& pod_template) {
  std::vector<ObjectPort> ports;
  const YamlNode* spec = pod_template.find("spec");
  if (spec == nullptr) return ports;
  for (const YamlNode* container : containersOf(*spec)) {
    for (ObjectPort& port : portsOf(container->find("ports"), "containerPort"))
      ports.push_back(std::move(port));
  }
  return ports;
}

std::vector<ObjectPort> servicePorts(const YamlNode& service) {
  return portsOf(service.findPath("spec.ports"), "port");
}

std::vector<NamedPort> namesOf(const std::vector<ObjectPort>& ports) {
  std::vector<NamedPort> names;
  for (const ObjectPort& port : ports) {
    if (!port.name.empty()) names.push_back({port.name, port.port});
  }
  return names;
}

std::optional<uint16_t> portNumberOf(const YamlNode* node) {
  if (node == nullptr || node->kind != YamlNode::Kind::Scalar) return std::nullopt;
  uint16_t port = 0;
  const char* end = node->text.data() + node->text.size();
  const auto read = std::from_chars(node->text.data(), end, port);
  if (read.ec != std::errc() || read.ptr != end || port == 0) return std::nullopt;
  return port;
}

}  // namespace weir::mesh
