#include "source/main/manifest_commands.h"

#include <iostream>
#include <utility>

#include "source/mesh/manifests.h"
#include "source/mesh/netpol.h"
#include "source/mesh/port_policy.h"

namespace weir {
namespace {

std::vector<std::string> defaultsNames() {
  std::vector<std::string> names;
  for (const auto& defaults : mesh::allPortDefaults()) names.emplace_back(defaults.name);
  return names;
}

int print(const mesh::ManifestOutcome& outcome) {
  std::cout << outcome.output << std::flush;
  std::cerr << outcome.report;
  if (!std::cout) {
    std::cerr << "weir: standard output cannot be written\n";
    return 1;
  }
  return outcome.ok ? 0 : 1;
}

template <class Act>
int withFiles(const std::vector<std::string>& paths, Act act) {
  const auto files = mesh::readManifestFiles(paths);
  if (files.ok()) return print(act(files.value()));
  std::cerr << "weir: " << files.error().detail << "\n";
  return 1;
}

void addPaths(CLI::App& command, std::vector<std::string>& paths) {
  command.add_option("files", paths, "manifests: files, folders, or - for standard input")
      ->required();
}

}  // namespace

std::optional<std::string> ManifestCommands::ListOption::given() const {
  return option->count() > 0 ? std::optional(text) : std::nullopt;
}

ManifestCommands::ManifestCommands(CLI::App& app) {
  addInject(app);
  uninject_command_ =
      app.add_subcommand("uninject", "take out of Kubernetes manifests what inject has put in");
  addPaths(*uninject_command_, paths_);
  addNetpol(app);
}

void ManifestCommands::addNetpol(CLI::App& app) {
  netpol_command_ = app.add_subcommand(
      "netpol", "correct NetworkPolicies that name opaque ports, for clients in the mesh");
  addPaths(*netpol_command_, paths_);
  opaque_in_policies_.option = netpol_command_->add_option(
      "--opaque-ports", opaque_in_policies_.text, "opaque ports, on top of what the manifests say");
  netpol_command_->add_option("--inbound-port", sidecar_.inbound_port, "of the proxy (4143)")
      ->check(CLI::Range(1, 65535));
  netpol_command_
      ->add_option("--default", defaults_, "lists where there is no annotation (linkerd-2.11)")
      ->check(CLI::IsMember(defaultsNames()));
}

void ManifestCommands::addInject(CLI::App& app) {
  inject_command_ = app.add_subcommand(
      "inject", "add Weir as a sidecar to the workloads of Kubernetes manifests");
  addPaths(*inject_command_, paths_);
  addPortLists(*inject_command_);
  addSidecarOptions(*inject_command_);
}

void ManifestCommands::addPortLists(CLI::App& command) {
  opaque_.option =
      command.add_option("--opaque-ports", opaque_.text,
                         "annotate: carry connections to these ports without looking into them");
  skip_inbound_.option = command.add_option("--skip-inbound-ports", skip_inbound_.text,
                                            "annotate: do not redirect connections to these ports");
  skip_outbound_.option =
      command.add_option("--skip-outbound-ports", skip_outbound_.text,
                         "annotate: do not redirect connections from the pods to these ports");
  command.add_option("--default", defaults_, "lists where there is no annotation (linkerd-2.11)")
      ->check(CLI::IsMember(defaultsNames()));
}

void ManifestCommands::addSidecarOptions(CLI::App& command) {
  const auto port = [&](const char* flag, uint16_t& value, const char* help) {
    command.add_option(flag, value, help)->check(CLI::Range(1, 65535));
  };
  port("--inbound-port", sidecar_.inbound_port, "of the proxy, for connections to it (4143)");
  port("--outbound-port", sidecar_.outbound_port, "of the proxy, for the pod's own (4140)");
  port("--admin-port", sidecar_.admin_port, "of the proxy, for probes and metrics (4191)");
  command.add_option("--proxy-image", sidecar_.image, "image with weir in its PATH");
  command.add_option("--proxy-uid", sidecar_.uid, "user that the proxy runs as (2102)")
      ->check(CLI::Range(1U, 2147483647U));
  command.add_option("--config-map", sidecar_.config_map, "ConfigMap with weir.yaml (weir-config)");
  command.add_option("--identity-secret", sidecar_.identity_secret,
                     "Secret with the certificate, at /var/run/weir/identity (weir-identity)");
  command.add_flag("--native-sidecar", sidecar_.native,
                   "the proxy as an init container that goes on running (Kubernetes 1.29)");
}

int ManifestCommands::inject() {
  if (sidecar_.inbound_port == sidecar_.outbound_port ||
      sidecar_.inbound_port == sidecar_.admin_port ||
      sidecar_.outbound_port == sidecar_.admin_port) {
    std::cerr << "weir: --inbound-port, --outbound-port and --admin-port must differ\n";
    return 2;
  }
  const mesh::InjectOptions options{
      {opaque_.given(), skip_inbound_.given(), skip_outbound_.given()},
      sidecar_,
      mesh::portDefaultsOrNull(defaults_)};
  return withFiles(paths_, [&](const auto& files) { return injectManifests(files, options); });
}

int ManifestCommands::correctPolicies() {
  const mesh::NetpolOptions options{opaque_in_policies_.given(), sidecar_.inbound_port,
                                    mesh::portDefaultsOrNull(defaults_)};
  return withFiles(paths_,
                   [&](const auto& files) { return mesh::correctNetworkPolicies(files, options); });
}

std::optional<int> ManifestCommands::run() {
  if (*inject_command_) return inject();
  if (*uninject_command_)
    return withFiles(paths_, [](const auto& files) { return mesh::uninjectManifests(files); });
  if (*netpol_command_) return correctPolicies();
  return std::nullopt;
}

}  // namespace weir
