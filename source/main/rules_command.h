#pragma once

// `weir rules`: what the kernel redirects to the proxy, printed, installed, removed or checked.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/mesh/redirect_backend.h"
#include "source/mesh/redirect_rules.h"

namespace weir {

class RulesCommand {
 public:
  // Adds the command to `app`, which outlives this.
  explicit RulesCommand(CLI::App& app);
  RulesCommand(const RulesCommand&) = delete;
  RulesCommand& operator=(const RulesCommand&) = delete;

  // Whether the command line asks for it.
  bool chosen() const { return command_->parsed(); }
  // The exit status: 0 done, 1 failed, 2 wrong arguments. Order of calls: once, after parsing.
  int run();

 private:
  void addSettings();
  void addActions();
  // What was asked for; an error is a wrong argument.
  Result<mesh::RedirectSettings> settings() const;
  Result<std::vector<net::IpPort>> checkTargets(const mesh::RedirectSettings& settings,
                                                const mesh::Families& families) const;
  // Those asked for, or all that the kernel has.
  Result<mesh::Families> families() const;

  int print(const mesh::RedirectSettings& settings, const mesh::Families& families);
  int apply(const mesh::RedirectSettings& settings, const mesh::Families& families);
  int remove();
  int check(const mesh::RedirectSettings& settings, const std::vector<net::IpPort>& targets) const;

  CLI::App* command_;
  mesh::RedirectSettings settings_;
  std::optional<std::string> admin_ports_;
  std::optional<std::string> skip_inbound_ports_;
  std::optional<std::string> skip_outbound_ports_;
  std::vector<std::string> ignore_subnets_;
  std::string backend_ = "auto";
  std::vector<std::string> check_addresses_;
  double check_timeout_seconds_ = 10;
  unsigned wait_seconds_ = 10;
  bool ipv4_ = false;
  bool ipv6_ = false;
  bool apply_ = false;
  bool remove_ = false;
  bool check_ = false;
};

}  // namespace weir
