#pragma once

// The commands on Kubernetes manifests: `weir inject`, `weir uninject` and `weir netpol`.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "source/mesh/inject.h"

namespace weir {

// Adds the commands to `app`, whose results they then hold. Must outlive the parsing.
class ManifestCommands {
 public:
  explicit ManifestCommands(CLI::App& app);
  ManifestCommands(const ManifestCommands&) = delete;
  ManifestCommands& operator=(const ManifestCommands&) = delete;

  // The exit status of the command that was given; nothing if it is none of these.
  std::optional<int> run();

 private:
  void addInject(CLI::App& app);
  void addNetpol(CLI::App& app);
  void addPortLists(CLI::App& command);
  void addSidecarOptions(CLI::App& command);
  int inject();
  int correctPolicies();

  // A list that may be given, and given empty.
  struct ListOption {
    CLI::Option* option = nullptr;
    std::string text;
    std::optional<std::string> given() const;
  };

  CLI::App* inject_command_ = nullptr;
  CLI::App* uninject_command_ = nullptr;
  CLI::App* netpol_command_ = nullptr;
  std::vector<std::string> paths_;
  ListOption opaque_;
  ListOption skip_inbound_;
  ListOption skip_outbound_;
  ListOption opaque_in_policies_;
  std::string defaults_{mesh::OwnPortDefaults};
  mesh::SidecarSettings sidecar_;
};

}  // namespace weir
