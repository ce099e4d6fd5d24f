#include "source/mesh/sidecar.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::mesh {
namespace {

using config::YamlEntry;
using config::YamlNode;

constexpr std::string_view InitContainer = "weir-init";
constexpr std::string_view ProxyContainer = "weir-proxy";
constexpr std::string_view ConfigVolume = "weir-config";
constexpr std::string_view IdentityVolume = "weir-identity";
constexpr std::string_view LockVolume = "weir-xtables-lock";
constexpr std::array<std::string_view, 5> OwnNames = {InitContainer, ProxyContainer, ConfigVolume,
                                                      IdentityVolume, LockVolume};
constexpr std::array<const char*, 3> Lists = {"containers", "initContainers", "volumes"};

using Fields = std::initializer_list<std::pair<std::string_view, YamlNode>>;

YamlNode map(Fields fields) {
  YamlNode node = YamlNode::mapping({});
  for (const auto& [key, value] : fields) node.set(key, value);
  return node;
}

YamlNode text(std::string_view value) { return YamlNode::string(value); }
YamlNode number(uint32_t value) { return YamlNode::plain(std::to_string(value)); }
YamlNode boolean(bool value) { return YamlNode::plain(value ? "true" : "false"); }

YamlNode texts(const std::vector<std::string>& values) {
  YamlNode node = YamlNode::sequence({});
  for (const std::string& value : values) node.items.push_back(text(value));
  return node;
}

YamlNode list(std::initializer_list<YamlNode> items) { return YamlNode::sequence(items); }

// The rights that both containers do without.
void addCommonSecurity(YamlNode& security) {
  security.set("allowPrivilegeEscalation", boolean(false));
  security.set("privileged", boolean(false));
  security.set("readOnlyRootFilesystem", boolean(true));
  security.set("seccompProfile", map({{"type", text("RuntimeDefault")}}));
}

// Every list is given, also an empty one: the rules have defaults of their own. The admin port is
// asked as it is by the kubelet's probes and by Prometheus.
std::vector<std::string> ruleArguments(const SidecarSettings& settings,
                                       const SkippedPorts& skipped) {
  std::vector<std::string> arguments = {"rules",
                                        "--apply",
                                        "--inbound-port",
                                        std::to_string(settings.inbound_port),
                                        "--outbound-port",
                                        std::to_string(settings.outbound_port),
                                        "--admin-port",
                                        std::to_string(settings.admin_port),
                                        "--proxy-uid",
                                        std::to_string(settings.uid),
                                        "--skip-inbound-ports",
                                        skipped.inbound.toString(),
                                        "--skip-outbound-ports",
                                        skipped.outbound.toString()};
  if (!skipped.subnets.empty()) {
    arguments.emplace_back("--ignore-subnets");
    arguments.push_back(skipped.subnets);
  }
  return arguments;
}

YamlNode initContainer(const SidecarSettings& settings, const SkippedPorts& skipped) {
  YamlNode capabilities = map({{"add", texts({"NET_ADMIN", "NET_RAW"})}, {"drop", texts({"ALL"})}});
  YamlNode security = map({{"capabilities", std::move(capabilities)},
                           // Capabilities that are added reach the process of root alone.
                           {"runAsUser", number(0)},
                           {"runAsGroup", number(0)},
                           {"runAsNonRoot", boolean(false)}});
  addCommonSecurity(security);
  return map(
      {{"name", text(InitContainer)},
       {"image", text(settings.image)},
       {"command", texts({"weir"})},
       {"args", texts(ruleArguments(settings, skipped))},
       {"securityContext", std::move(security)},
       {"terminationMessagePolicy", text("FallbackToLogsOnError")},
       // iptables locks a file there.
       {"volumeMounts", list({map({{"name", text(LockVolume)}, {"mountPath", text("/run")}})})}});
}

YamlNode probe(std::string_view path, uint16_t port, uint32_t delay_seconds) {
  YamlNode node = map({{"httpGet", map({{"path", text(path)}, {"port", number(port)}})}});
  if (delay_seconds > 0) node.set("initialDelaySeconds", number(delay_seconds));
  return node;
}

YamlNode containerPort(std::string_view name, uint16_t port) {
  return map({{"name", text(name)}, {"containerPort", number(port)}, {"protocol", text("TCP")}});
}

YamlNode mount(std::string_view name, std::string_view path) {
  return map({{"name", text(name)}, {"mountPath", text(path)}, {"readOnly", boolean(true)}});
}

YamlNode proxyContainer(const SidecarSettings& settings) {
  YamlNode security = map({{"capabilities", map({{"drop", texts({"ALL"})}})},
                           {"runAsUser", number(settings.uid)},
                           {"runAsNonRoot", boolean(true)}});
  addCommonSecurity(security);
  YamlNode container = map({{"name", text(ProxyContainer)},
                            {"image", text(settings.image)},
                            {"command", texts({"weir"})},
                            {"args", texts({"run", "-c", "/etc/weir/weir.yaml"})},
                            {"ports", list({containerPort("weir-inbound", settings.inbound_port),
                                            containerPort("weir-admin", settings.admin_port)})},
                            {"livenessProbe", probe("/live", settings.admin_port, 10)},
                            {"readinessProbe", probe("/ready", settings.admin_port, 2)}});
  if (settings.native) {
    container.set("restartPolicy", text("Always"));
    YamlNode startup = probe("/ready", settings.admin_port, 0);
    startup.set("periodSeconds", number(1));
    startup.set("failureThreshold", number(120));
    container.set("startupProbe", std::move(startup));
  }
  container.set("securityContext", std::move(security));
  container.set("terminationMessagePolicy", text("FallbackToLogsOnError"));
  container.set("volumeMounts", list({mount(ConfigVolume, "/etc/weir"),
                                      mount(IdentityVolume, "/var/run/weir/identity")}));
  return container;
}

// A list of the spec to put something into.
YamlNode& listOf(YamlNode& pod_spec, std::string_view key) {
  YamlNode* present = pod_spec.find(key);
  if (present != nullptr && !present->isEmpty()) return *present;
  pod_spec.erase(key);
  return pod_spec.set(key, YamlNode::sequence({}));
}

bool isOwn(const YamlNode& item) {
  return std::ranges::find(OwnNames, item.textAt("name")) != OwnNames.end();
}

}  // namespace

void addSidecar(YamlNode& pod_spec, const SidecarSettings& settings, const SkippedPorts& skipped) {
  auto& first = listOf(pod_spec, "initContainers").items;
  if (settings.native) {
    // In front, so that the other init containers have the mesh.
    first.insert(first.begin(), {initContainer(settings, skipped), proxyContainer(settings)});
  } else {
    // Behind, so that the other init containers have a network: no proxy runs yet.
    first.push_back(initContainer(settings, skipped));
    listOf(pod_spec, "containers").items.push_back(proxyContainer(settings));
  }
  auto& volumes = listOf(pod_spec, "volumes").items;
  volumes.push_back(map(
      {{"name", text(ConfigVolume)}, {"configMap", map({{"name", text(settings.config_map)}})}}));
  volumes.push_back(map({{"name", text(IdentityVolume)},
                         {"secret", map({{"secretName", text(settings.identity_secret)}})}}));
  volumes.push_back(map({{"name", text(LockVolume)}, {"emptyDir", map({})}}));
}

bool removeSidecar(YamlNode& pod_spec) {
  bool removed = false;
  for (const char* key : Lists) {
    YamlNode* present = pod_spec.find(key);
    if (present == nullptr || std::erase_if(present->items, isOwn) == 0) continue;
    removed = true;
    if (present->items.empty()) pod_spec.erase(key);
  }
  return removed;
}

}  // namespace weir::mesh
