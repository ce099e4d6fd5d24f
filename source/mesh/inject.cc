#include "source/mesh/inject.h"

#include <algorithm>
#include <array>
#include <utility>

#include "source/mesh/inject_checks.h"

namespace weir::mesh {
namespace {

Error failure(const ObjectName& name, std::string_view why) {
  return {ErrorCode::InvalidArgument, Side::Config,
          "failed to inject " + name.text() + ": " + std::string(why)};
}

// Every line of it is about the object.
Error failures(const ObjectName& name, std::string_view lines) {
  std::string detail;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    if (!detail.empty()) detail += '\n';
    detail += failure(name, line).detail;
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
  }
  return {ErrorCode::InvalidArgument, Side::Config, std::move(detail)};
}

void annotate(YamlNode& object, std::string_view name, const std::optional<std::string>& value) {
  if (value) setAnnotation(object, name, *value);
}

void annotateAll(YamlNode& object, const PortAnnotations& ports) {
  annotate(object, OpaquePortsAnnotation, ports.opaque);
  annotate(object, SkipInboundPortsAnnotation, ports.skip_inbound);
  annotate(object, SkipOutboundPortsAnnotation, ports.skip_outbound);
}

constexpr std::array<std::string_view, 3> PortLists = {
    OpaquePortsAnnotation, SkipInboundPortsAnnotation, SkipOutboundPortsAnnotation};

// The three lists of an object, in this order; or every fault of any of them.
Result<std::vector<EffectivePorts>> effectiveLists(const PortDefaults& defaults,
                                                   const YamlNode* space, const YamlNode& annotated,
                                                   const ObjectName& name,
                                                   const std::vector<NamedPort>& names) {
  std::vector<EffectivePorts> lists;
  std::string complaints;
  for (const std::string_view annotation : PortLists) {
    auto ports = effectivePorts(writtenPorts(annotation, defaults, space, annotated, name), names);
    if (ports.ok()) {
      lists.push_back(std::move(ports).value());
      continue;
    }
    if (!complaints.empty()) complaints += '\n';
    complaints += ports.error().detail;
  }
  if (!complaints.empty()) return failures(name, complaints);
  return lists;
}

std::string skippedSubnets(const YamlNode& pod_template, const YamlNode* space) {
  if (const auto own = annotationOf(pod_template, SkipSubnetsAnnotation)) return *own;
  if (space == nullptr) return "";
  return annotationOf(*space, SkipSubnetsAnnotation).value_or("");
}

Result<Injected> injectWorkload(YamlNode& object, const InjectOptions& options,
                                const ManifestNamespaces& namespaces) {
  const ObjectName name = nameOf(object);
  const YamlNode* space = namespaces.find(name.space);
  YamlNode* pod_template = podTemplateOrNull(object);
  if (pod_template == nullptr) return failure(name, "it has no list of containers");
  if (isInjectionDisabled(*pod_template, space))
    return Injected{InjectOutcome::Skipped, {name.text() + ": linkerd.io/inject is \"disabled\""}};
  YamlNode& spec = *pod_template->find("spec");
  removeSidecar(spec);
  if (const std::string refusal = whyNotInjectable(*pod_template, options.sidecar);
      !refusal.empty())
    return failures(name, refusal);
  annotateAll(*pod_template, options.ports);
  const auto lists = effectiveLists(*options.defaults, space, *pod_template, name,
                                    namesOf(containerPorts(*pod_template)));
  if (!lists.ok()) return lists.error();
  const auto subnets = readSubnets(skippedSubnets(*pod_template, space));
  if (!subnets.ok())
    return failure(
        name, annotationSource(SkipSubnetsAnnotation, name.text() + " or its namespace") + ": " +
                  subnets.error().detail);
  Injected injected{InjectOutcome::Injected, injectWarnings(name, *pod_template, options.sidecar)};
  addSidecar(spec, options.sidecar,
             {lists.value()[1].ports(), lists.value()[2].ports(), subnets.value()});
  return injected;
}

bool anyPorts(const PortAnnotations& ports) {
  return ports.opaque || ports.skip_inbound || ports.skip_outbound;
}

Result<Injected> injectNamespace(YamlNode& object, const InjectOptions& options,
                                 const ManifestNamespaces& namespaces) {
  const ObjectName name = nameOf(object);
  annotateAll(object, options.ports);
  const auto lists =
      effectiveLists(*options.defaults, &object, {}, name, namespaces.namedPorts(name.name));
  if (!lists.ok()) return lists.error();
  return Injected{anyPorts(options.ports) ? InjectOutcome::Annotated : InjectOutcome::Skipped, {}};
}

Result<Injected> injectService(YamlNode& object, const InjectOptions& options,
                               const ManifestNamespaces& namespaces) {
  const ObjectName name = nameOf(object);
  annotate(object, OpaquePortsAnnotation, options.ports.opaque);
  const auto ports = effectivePorts(writtenPorts(OpaquePortsAnnotation, *options.defaults,
                                                 namespaces.find(name.space), object, name),
                                    namesOf(servicePorts(object)));
  if (!ports.ok()) return failures(name, ports.error().detail);
  return Injected{options.ports.opaque ? InjectOutcome::Annotated : InjectOutcome::Skipped, {}};
}

}  // namespace

void ManifestNamespaces::add(const YamlNode& object) {
  const ObjectName name = nameOf(object);
  if (roleOf(object) == ObjectRole::Namespace) {
    namespaces_[name.name] = object;
    return;
  }
  const bool service = roleOf(object) == ObjectRole::Service;
  const YamlNode* pod_template = service ? nullptr : podTemplateOrNull(object);
  if (!service && pod_template == nullptr) return;
  auto& ports = ports_[name.space];
  for (NamedPort& port : namesOf(service ? servicePorts(object) : containerPorts(*pod_template)))
    ports.push_back(std::move(port));
}

void ManifestNamespaces::annotate(const PortAnnotations& ports) {
  for (auto& [name, object] : namespaces_) annotateAll(object, ports);
}

const YamlNode* ManifestNamespaces::find(std::string_view name) const {
  const auto found = namespaces_.find(name);
  return found == namespaces_.end() ? nullptr : &found->second;
}

std::vector<NamedPort> ManifestNamespaces::namedPorts(std::string_view name) const {
  const auto found = ports_.find(name);
  return found == ports_.end() ? std::vector<NamedPort>{} : found->second;
}

Result<Injected> injectObject(YamlNode& object, const InjectOptions& options,
                              const ManifestNamespaces& namespaces) {
  switch (roleOf(object)) {
    case ObjectRole::Workload: return injectWorkload(object, options, namespaces);
    case ObjectRole::Namespace: return injectNamespace(object, options, namespaces);
    case ObjectRole::Service: return injectService(object, options, namespaces);
    case ObjectRole::NetworkPolicy:
    case ObjectRole::List:
    case ObjectRole::Other:
    case ObjectRole::NoKind: break;
  }
  return Injected{};
}

Injected uninjectObject(YamlNode& object) {
  YamlNode* pod_template = podTemplateOrNull(object);
  if (pod_template == nullptr || !removeSidecar(*pod_template->find("spec"))) return {};
  return {InjectOutcome::Uninjected, {}};
}

std::vector<WrittenPorts> writtenPorts(std::string_view annotation, const PortDefaults& defaults,
                                       const YamlNode* space, const YamlNode& annotated,
                                       const ObjectName& name) {
  const bool opaque = annotation == OpaquePortsAnnotation;
  std::vector<WrittenPorts> written = {{PortLevel::Default,
                                        std::string(opaque ? defaults.opaque : defaults.skipped),
                                        "default " + std::string(defaults.name)}};
  if (space != nullptr) {
    if (auto list = annotationOf(*space, annotation))
      written.push_back({PortLevel::Namespace, std::move(*list),
                         annotationSource(annotation, nameOf(*space).text())});
  }
  if (auto list = annotationOf(annotated, annotation))
    written.push_back(
        {PortLevel::Object, std::move(*list), annotationSource(annotation, name.text())});
  return written;
}

}  // namespace weir::mesh
