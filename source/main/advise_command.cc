#include "source/main/advise_command.h"

#include <iostream>
#include <vector>

#include "source/mesh/advise.h"
#include "source/mesh/known_protocols.h"

namespace weir {
namespace {

int unknownProtocol(const std::string& name) {
  std::cerr << "weir: --protocol \"" << name << "\" is not known; give --port alone, or one of";
  for (const auto& one : mesh::knownProtocols()) std::cerr << " " << one.name;
  std::cerr << "\n";
  return 2;
}

// The port that was asked about, else all that the protocol has.
std::vector<uint16_t> portsToAskAbout(uint16_t port, const mesh::KnownProtocol* protocol) {
  if (port != 0) return {port};
  std::vector<uint16_t> ports;
  const auto list = mesh::parsePortList(protocol->ports, {});
  list.value().ports().forEachPort([&](uint16_t one) { ports.push_back(one); });
  return ports;
}

}  // namespace

AdviseCommand::AdviseCommand(CLI::App& app) {
  command_ = app.add_subcommand("advise", "say what to configure for a port in the mesh, and why");
  command_->add_option("--port", port_, "of the server")->check(CLI::Range(1, 65535));
  command_->add_option("--protocol", protocol_, "such as mysql (default: what the port tells)");
  command_->add_flag("--tls", tls_, "the application speaks TLS from its first byte");
  command_->add_flag("--off-cluster", off_cluster_, "the server is outside of the mesh");
  command_->add_option("--default", defaults_, "linkerd-2.11 (the default) or linkerd-2.10")
      ->check([](const std::string& name) {
        const bool known = mesh::portDefaultsOrNull(name) != nullptr;
        return known ? std::string() : name + " is neither linkerd-2.11 nor linkerd-2.10";
      });
  command_->add_flag("--json", json_, "a JSON array, with an object for each port");
}

std::optional<int> AdviseCommand::run() {
  if (!*command_) return std::nullopt;
  const auto* protocol = protocol_.empty() ? nullptr : mesh::knownProtocolOrNull(protocol_);
  if (!protocol_.empty() && protocol == nullptr) return unknownProtocol(protocol_);
  if (port_ == 0 && protocol == nullptr) {
    std::cerr << "weir: advise needs --port, or --protocol\n";
    return 2;
  }
  std::string out;
  for (const uint16_t port : portsToAskAbout(port_, protocol)) {
    const auto advice =
        mesh::advise({port, protocol, tls_, off_cluster_, mesh::portDefaultsOrNull(defaults_)});
    if (!out.empty()) out += json_ ? ",\n" : "\n";
    out += json_ ? mesh::adviceJson(advice) : mesh::adviceText(advice);
  }
  std::cout << (json_ ? "[" + out + "]\n" : out);
  return 0;
}

}  // namespace weir
