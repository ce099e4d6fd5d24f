#include "source/mesh/inject_checks.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "source/mesh/port_policy.h"
#include "source/net/address.h"

namespace weir::mesh {
namespace {

constexpr std::string_view InjectAnnotation = "linkerd.io/inject";

// Containers of other meshes, by name.
constexpr std::array<std::string_view, 10> ForeignNames = {
    "istio-proxy",  "istio-init", "istio-validation",          "linkerd-proxy", "linkerd-init",
    "kuma-sidecar", "kuma-init",  "linkerd-network-validator", "envoy-sidecar", "consul-dataplane"};
// By image, without registry and tag.
constexpr std::array<std::string_view, 5> ForeignImages = {"istio/proxyv2", "istio-release/proxyv2",
                                                           "linkerd/proxy", "linkerd-io/proxy",
                                                           "kumahq/kuma-dp"};
// Proxies that are also run by themselves: a sidecar only beside another container.
constexpr std::array<std::string_view, 3> MaybeSidecars = {"envoyproxy/envoy", "envoy",
                                                           "envoyproxy/envoy-alpine"};

// "registry.example:5000/a/b:1.0@sha256:..." -> "registry.example:5000/a/b"
std::string_view withoutTag(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const size_t slash = image.rfind('/');
  const size_t colon = image.find(':', slash == std::string_view::npos ? 0 : slash);
  return image.substr(0, colon);
}

bool isImage(std::string_view image, std::string_view known) {
  if (!image.ends_with(known)) return false;
  return image.size() == known.size() || image[image.size() - known.size() - 1] == '/';
}

bool isForeign(const YamlNode& container, bool alone) {
  const std::string_view name = container.textAt("name");
  const std::string_view image = withoutTag(container.textAt("image"));
  const auto is_image = [&](std::string_view known) { return isImage(image, known); };
  if (std::ranges::find(ForeignNames, name) != ForeignNames.end()) return true;
  if (std::ranges::any_of(ForeignImages, is_image)) return true;
  return !alone && (name == "envoy" || std::ranges::any_of(MaybeSidecars, is_image));
}

void addReason(std::string& reasons, const std::string& reason) {
  if (!reasons.empty()) reasons += '\n';
  reasons += reason;
}

bool runsAs(const YamlNode& node, uint32_t uid) {
  return node.textAt("securityContext.runAsUser") == std::to_string(uid);
}

void addUidReasons(const YamlNode& spec, uint32_t uid, std::string& reasons) {
  const std::string why = " runs as user " + std::to_string(uid) +
                          ", the proxy's own, whose connections are not redirected (--proxy-uid)";
  if (runsAs(spec, uid)) addReason(reasons, "the pod" + why);
  for (const YamlNode* container : containersOf(spec)) {
    if (runsAs(*container, uid))
      addReason(reasons, "container \"" + std::string(container->textAt("name")) + "\"" + why);
  }
}

// Annotations of this prefix that Weir acts on.
bool isReadAnnotation(std::string_view name) {
  return name == OpaquePortsAnnotation || name == SkipInboundPortsAnnotation ||
         name == SkipOutboundPortsAnnotation || name == SkipSubnetsAnnotation;
}

void addAnnotationWarnings(const std::string& object, const YamlNode& pod_template,
                           std::vector<std::string>& warnings) {
  const YamlNode* annotations = pod_template.findPath("metadata.annotations");
  if (annotations == nullptr) return;
  for (const auto& [key, value] : annotations->entries) {
    if (key.text == InjectAnnotation)
      warnings.push_back(object + ": " + std::string(InjectAnnotation) + " is \"" + value.text +
                         "\": Linkerd's injector, if the cluster has it, would add a second proxy");
    if (key.text.starts_with("config.linkerd.io/") && !isReadAnnotation(key.text))
      warnings.push_back(object + ": annotation " + key.text + " is not one that weir acts on");
  }
}

}  // namespace

bool isInjectionDisabled(const YamlNode& pod_template, const YamlNode* space) {
  auto wanted = annotationOf(pod_template, InjectAnnotation);
  if (!wanted && space != nullptr) wanted = annotationOf(*space, InjectAnnotation);
  return wanted == "disabled";
}

std::string whyNotInjectable(const YamlNode& pod_template, const SidecarSettings& settings) {
  const YamlNode& spec = *pod_template.find("spec");
  std::string reasons;
  if (spec.textAt("hostNetwork") == "true") addReason(reasons, "hostNetwork is enabled");
  const auto containers = containersOf(spec);
  for (const YamlNode* container : containers) {
    if (isForeign(*container, containers.size() == 1))
      addReason(reasons, "container \"" + std::string(container->textAt("name")) +
                             "\" is another mesh's sidecar");
  }
  for (const ObjectPort& port : containerPorts(pod_template)) {
    if (port.udp) continue;
    if (port.port == settings.inbound_port || port.port == settings.outbound_port ||
        port.port == settings.admin_port)
      addReason(reasons, "container port " + std::to_string(port.port) +
                             " is the proxy's own (--inbound-port, --outbound-port, --admin-port)");
  }
  addUidReasons(spec, settings.uid, reasons);
  return reasons;
}

std::vector<std::string> injectWarnings(const ObjectName& name, const YamlNode& pod_template,
                                        const SidecarSettings& settings) {
  const std::string object = name.text();
  std::vector<std::string> warnings;
  for (const ObjectPort& port : containerPorts(pod_template)) {
    if (port.udp)
      warnings.push_back(object + ": port " + std::to_string(port.port) +
                         " is UDP, which does not go through the proxy");
  }
  if ((name.kind == "job" || name.kind == "cronjob") && !settings.native)
    warnings.push_back(object +
                       ": its pod goes on running with the proxy when the work is done "
                       "(--native-sidecar, Kubernetes 1.29)");
  addAnnotationWarnings(object, pod_template, warnings);
  return warnings;
}

Result<std::string> readSubnets(std::string_view text) {
  std::string subnets;
  constexpr std::string_view Space = " \t\r\n";
  while (!text.empty()) {
    std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    one.remove_prefix(std::min(one.size(), one.find_first_not_of(Space)));
    one = one.substr(0, one.find_last_not_of(Space) + 1);
    if (one.empty() && text.empty()) break;  // behind the last comma
    if (!net::IpPrefix::parse(one))
      return Error{ErrorCode::InvalidArgument, Side::Config,
                   "\"" + std::string(one) + "\" is no address or prefix such as 10.0.0.0/8"};
    if (!subnets.empty()) subnets += ',';
    subnets += one;
  }
  return subnets;
}

}  // namespace weir::mesh
