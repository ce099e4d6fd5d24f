#include "source/mesh/netpol.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace weir::mesh {
namespace {

// A workload of the input, and what is opaque of it.
struct KnownPods {
  std::string space;
  YamlNode labels;
  std::vector<NamedPort> names;
  PortSet opaque;
};

struct Cluster {
  ManifestNamespaces namespaces;
  std::vector<KnownPods> pods;
};

// The ports that a policy is about.
struct Scope {
  PortSet opaque;
  std::vector<NamedPort> names;
};

Result<PortSet> opaquePorts(const YamlNode& annotated, const ObjectName& name,
                            const YamlNode* space, const std::vector<NamedPort>& names,
                            const NetpolOptions& options) {
  auto written = writtenPorts(OpaquePortsAnnotation, *options.defaults, space, annotated, name);
  if (options.opaque_ports)
    written.push_back({PortLevel::Object, *options.opaque_ports, "--opaque-ports"});
  const auto ports = effectivePorts(written, names);
  if (!ports.ok()) return ports.error();
  return ports.value().ports();
}

Result<Cluster> readCluster(std::vector<ManifestDocument>& documents,
                            const NetpolOptions& options) {
  Cluster cluster;
  std::string complaints;
  const auto each = [&](const auto& visit) {
    for (ManifestDocument& document : documents) forEachObject(document.yaml.root, visit);
  };
  each([&](YamlNode& object) { cluster.namespaces.add(object); });
  each([&](YamlNode& object) {
    const YamlNode* pods = podTemplateOrNull(std::as_const(object));
    if (pods == nullptr) return;
    const ObjectName name = nameOf(object);
    const auto names = namesOf(containerPorts(*pods));
    auto opaque = opaquePorts(*pods, name, cluster.namespaces.find(name.space), names, options);
    if (!opaque.ok()) {
      complaints += opaque.error().detail + "\n";
      return;
    }
    const YamlNode* labels = pods->findPath("metadata.labels");
    cluster.pods.push_back(
        {name.space, labels == nullptr ? YamlNode{} : *labels, names, std::move(opaque).value()});
  });
  if (!complaints.empty()) {
    complaints.pop_back();
    return Error{ErrorCode::InvalidArgument, Side::Config, std::move(complaints)};
  }
  return cluster;
}

// Of the pods that `of` takes; where the input has none of them, what holds without an annotation.
template <class Of>
Result<Scope> scopeOf(const Cluster& cluster, const ObjectName& policy,
                      const NetpolOptions& options, Of of) {
  Scope scope;
  bool found = false;
  for (const KnownPods& pods : cluster.pods) {
    if (!of(pods)) continue;
    found = true;
    scope.opaque.add(pods.opaque);
    scope.names.insert(scope.names.end(), pods.names.begin(), pods.names.end());
  }
  if (found) return scope;
  auto opaque = opaquePorts({}, policy, cluster.namespaces.find(policy.space), {}, options);
  if (!opaque.ok()) return opaque.error();
  scope.opaque = std::move(opaque).value();
  return scope;
}

// The TCP ports that one entry of `ports` admits; none if it is another protocol's, or a name that
// is not known.
PortSet admittedPorts(const YamlNode& entry, const std::vector<NamedPort>& names) {
  const std::string_view protocol = entry.textAt("protocol");
  if (!protocol.empty() && protocol != "TCP") return {};
  const YamlNode* port = entry.find("port");
  if (port == nullptr || port->kind == YamlNode::Kind::Null) return {{1, 65535}};
  PortSet ports;
  if (const auto first = portNumberOf(port)) {
    const auto last = portNumberOf(entry.find("endPort")).value_or(*first);
    if (*first <= last) ports.add({*first, last});
    return ports;
  }
  for (const NamedPort& named : names) {
    if (named.name == port->text) ports.add({named.port, named.port});
  }
  return ports;
}

PortSet both(const PortSet& left, const PortSet& right) {
  PortSet rest = left;
  rest.remove(right);
  PortSet common = left;
  common.remove(rest);
  return common;
}

// One `ingress` or `egress` rule after another.
class Corrections {
 public:
  Corrections(std::string policy, const NetpolOptions& options)
      : policy_(std::move(policy)), options_(options) {}

  void correct(YamlNode& policy, std::string_view direction, const Scope& scope) {
    YamlNode* rules = policy.findPath("spec." + std::string(direction));
    if (rules == nullptr) return;
    for (size_t i = 0; i < rules->items.size(); ++i) {
      const std::string where = std::string(direction) + " rule " + std::to_string(i + 1);
      YamlNode* ports = rules->items[i].find("ports");
      if (ports != nullptr && !ports->items.empty()) correctRule(*ports, where, scope);
    }
  }

  bool corrected() const { return corrected_; }
  std::vector<std::string> takeMessages() {
    if (admits_proxy_)
      messages_.push_back(
          policy_ + ": to admit " + std::to_string(options_.inbound_port) +
          " admits, for clients in the mesh, every port of the pods: say by an rbac filter of "
          "theirs which ports and addresses are allowed");
    return std::move(messages_);
  }

 private:
  void correctRule(YamlNode& ports, const std::string& where, const Scope& scope) {
    PortSet admitted;
    for (const YamlNode& entry : ports.items) {
      const PortSet some = admittedPorts(entry, scope.names);
      if (some.empty() && isUnknownName(entry, scope))
        messages_.push_back(policy_ + ": " + where +
                            ": no workload in the input has a port named \"" +
                            std::string(entry.textAt("port")) + "\": it was not looked into");
      admitted.add(some);
    }
    const PortSet opaque = both(admitted, scope.opaque);
    if (opaque.empty()) return;
    admits_proxy_ = true;
    if (admitted.contains(options_.inbound_port)) return;
    corrected_ = true;
    messages_.push_back(policy_ + ": " + where + " breaks: what is sent to " + opaque.toString() +
                        " is opaque, and arrives from clients in the mesh at " +
                        std::to_string(options_.inbound_port) + ", which was added");
    YamlNode added = YamlNode::mapping({});
    added.set("port", YamlNode::plain(std::to_string(options_.inbound_port)));
    added.set("protocol", YamlNode::string("TCP"));
    ports.items.push_back(std::move(added));
  }

  static bool isUnknownName(const YamlNode& entry, const Scope& scope) {
    const YamlNode* port = entry.find("port");
    const std::string_view protocol = entry.textAt("protocol");
    return port != nullptr && port->kind == YamlNode::Kind::Scalar && !portNumberOf(port) &&
           (protocol.empty() || protocol == "TCP") &&
           std::ranges::none_of(scope.names,
                                [&](const NamedPort& named) { return named.name == port->text; });
  }

  std::string policy_;
  const NetpolOptions& options_;
  std::vector<std::string> messages_;
  bool corrected_ = false;
  bool admits_proxy_ = false;
};

Result<Injected> correctPolicy(YamlNode& object, const Cluster& cluster,
                               const NetpolOptions& options) {
  if (roleOf(object) != ObjectRole::NetworkPolicy) return Injected{};
  const ObjectName name = nameOf(object);
  const YamlNode* selector = object.findPath("spec.podSelector");
  const auto ingress = scopeOf(cluster, name, options, [&](const KnownPods& pods) {
    return pods.space == name.space && (selector == nullptr || selects(*selector, pods.labels));
  });
  if (!ingress.ok()) return ingress.error();
  // Whom the selected pods may call is anyone's guess: all workloads of the input.
  const auto egress = scopeOf(cluster, name, options, [](const KnownPods&) { return true; });
  if (!egress.ok()) return egress.error();
  Corrections corrections(name.text(), options);
  corrections.correct(object, "ingress", ingress.value());
  corrections.correct(object, "egress", egress.value());
  return Injected{corrections.corrected() ? InjectOutcome::Corrected : InjectOutcome::Skipped,
                  corrections.takeMessages()};
}

}  // namespace

ManifestOutcome correctNetworkPolicies(const std::vector<ManifestFile>& files,
                                       const NetpolOptions& options) {
  auto documents = readManifests(files);
  if (!documents.ok()) return failedManifests(documents.error());
  const auto cluster = readCluster(documents.value(), options);
  if (!cluster.ok()) return failedManifests(cluster.error());
  return changeManifests(
      documents.value(),
      [&](YamlNode& object) { return correctPolicy(object, cluster.value(), options); },
      "no policy has to be corrected");
}

}  // namespace weir::mesh
