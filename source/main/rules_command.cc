#include "source/main/rules_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string_view>
#include <utility>

#include "source/mesh/ports.h"
#include "source/mesh/redirect_check.h"

namespace weir {
namespace {

using mesh::Families;
using mesh::RedirectSettings;
using net::Family;

std::string_view familyName(Family family) { return family == Family::V4 ? "IPv4" : "IPv6"; }

std::string familyNames(const Families& families) {
  std::string names;
  for (const Family family : families)
    names += (names.empty() ? "" : " and ") + std::string(familyName(family));
  return names;
}

int complain(const Error& error, int status) {
  std::cerr << "weir: " << error.detail << "\n";
  return status;
}

Error wrongArgument(std::string_view option, std::string_view what) {
  return {ErrorCode::InvalidArgument, Side::Config, fmt::format("--{}: {}", option, what)};
}

// Replaces or changes `ports` as `text` says, if there is one.
Result<void> readPorts(std::string_view option, const std::optional<std::string>& text,
                       mesh::PortSet& ports) {
  if (!text) return {};
  const auto list = mesh::parsePortList(*text, {});
  if (!list.ok()) return wrongArgument(option, list.error().detail);
  ports = list.value().over(ports);
  return {};
}

}  // namespace

RulesCommand::RulesCommand(CLI::App& app)
    : command_(app.add_subcommand(
          "rules", "print, install or remove the rules that redirect connections to the proxy")) {
  addSettings();
  addActions();
}

void RulesCommand::addSettings() {
  const CLI::Range ports(1, 65535);
  command_->add_option("--inbound-port", settings_.inbound_port, "of the proxy (default: 4143)")
      ->check(ports);
  command_->add_option("--outbound-port", settings_.outbound_port, "of the proxy (default: 4140)")
      ->check(ports);
  command_->add_option("--admin-port", admin_ports_,
                       "ports of the proxy itself, not redirected (default: 4191)");
  command_->add_option("--proxy-uid", settings_.proxy_uid,
                       "user of the proxy, whose connections are left alone (default: 2102)");
  command_->add_option("--proxy-gid", settings_.proxy_gid, "its group, left alone, too");
  command_->add_option(
      "--skip-inbound-ports", skip_inbound_ports_,
      "ports, ranges; a list replaces the default of 4567,4568, +9000,-4568 changes it");
  command_->add_option("--skip-outbound-ports", skip_outbound_ports_, "the same, of destinations");
  command_
      ->add_option("--ignore-subnets", ignore_subnets_,
                   "PREFIX,...: left alone, as sources inbound and as destinations outbound")
      ->delimiter(',');
  command_->add_flag("--ipv4", ipv4_, "IPv4 (default: both that the kernel has)");
  command_->add_flag("--ipv6", ipv6_, "IPv6");
  command_
      ->add_option("--backend", backend_,
                   "auto, nftables, iptables (the kind that the command is), iptables-nft or "
                   "iptables-legacy")
      ->check(CLI::IsMember({"auto", "nftables", "iptables", "iptables-nft", "iptables-legacy"}));
}

void RulesCommand::addActions() {
  auto* apply = command_->add_flag("--apply", apply_, "install them, in place of earlier ones");
  command_->add_flag("--remove", remove_, "remove them")->excludes(apply);
  command_
      ->add_option("--wait", wait_seconds_,
                   "seconds to wait while another iptables is at work (default: 10)")
      ->check(CLI::Range(0, 3600));
  auto* check = command_->add_flag("--check", check_,
                                   "prove by a connection that they work; before the proxy runs");
  command_
      ->add_option("--check-address", check_addresses_,
                   "IP:PORT to connect to (default: 192.0.2.1:20001 and [2001:db8::1]:20001)")
      ->needs(check)
      ->delimiter(',');
  command_
      ->add_option("--check-timeout", check_timeout_seconds_,
                   "seconds until the check has failed (default: 10)")
      ->needs(check)
      ->check(CLI::Range(0.1, 3600.0));
}

Result<RedirectSettings> RulesCommand::settings() const {
  RedirectSettings settings = settings_;
  const auto admin = readPorts("admin-port", admin_ports_, settings.admin_ports);
  if (!admin.ok()) return admin.error();
  const auto inbound =
      readPorts("skip-inbound-ports", skip_inbound_ports_, settings.skip_inbound_ports);
  if (!inbound.ok()) return inbound.error();
  const auto outbound =
      readPorts("skip-outbound-ports", skip_outbound_ports_, settings.skip_outbound_ports);
  if (!outbound.ok()) return outbound.error();
  for (const std::string& text : ignore_subnets_) {
    if (text.empty()) continue;
    const auto subnet = net::IpPrefix::parse(text);
    if (!subnet) {
      return wrongArgument("ignore-subnets",
                           fmt::format("\"{}\" is not a prefix such as 10.0.0.0/8, with no bit set "
                                       "behind its length",
                                       text));
    }
    settings.ignore_subnets.push_back(*subnet);
  }
  const auto checked = mesh::checkRedirectSettings(settings);
  if (!checked.ok()) return checked.error();
  return settings;
}

Result<Families> RulesCommand::families() const {
  Families families;
  for (const Family family : {Family::V4, Family::V6}) {
    const bool asked = family == Family::V4 ? ipv4_ : ipv6_;
    if (!asked && (ipv4_ || ipv6_)) continue;
    if (mesh::kernelHas(family)) {
      families.push_back(family);
    } else if (asked) {
      return Error{ErrorCode::Unreachable, Side::Self,
                   fmt::format("this kernel has no {}", familyName(family))};
    } else {
      std::cerr << "weir: this kernel has no " << familyName(family) << ": left out\n";
    }
  }
  return families;
}

Result<std::vector<net::IpPort>> RulesCommand::checkTargets(const RedirectSettings& settings,
                                                            const Families& families) const {
  std::vector<net::IpPort> targets;
  for (const std::string& text : check_addresses_) {
    const auto target = net::IpPort::parse(text);
    if (!target || target->port == 0 || target->ip.isLoopback())
      return wrongArgument("check-address",
                           fmt::format("\"{}\" is not the IP:PORT of another machine", text));
    targets.push_back(*target);
  }
  for (const Family family : families) {
    const auto given = std::any_of(targets.begin(), targets.end(), [&](const net::IpPort& target) {
      return target.ip.family == family;
    });
    if (!given) targets.push_back(mesh::redirectCheckTarget(settings, family));
  }
  std::erase_if(targets, [&](const net::IpPort& target) {
    return std::find(families.begin(), families.end(), target.ip.family) == families.end();
  });
  return targets;
}

int RulesCommand::run() {
  if (remove_) return remove();
  const auto settings = this->settings();
  if (!settings.ok()) return complain(settings.error(), 2);
  const auto families = this->families();
  if (!families.ok()) return complain(families.error(), 1);
  if (!apply_ && !check_) return print(settings.value(), families.value());
  const auto targets = checkTargets(settings.value(), families.value());
  if (!targets.ok()) return complain(targets.error(), 2);
  if (apply_) {
    if (const int status = apply(settings.value(), families.value()); status != 0) return status;
  }
  return check_ ? check(settings.value(), targets.value()) : 0;
}

int RulesCommand::print(const RedirectSettings& settings, const Families& families) {
  const auto backends = mesh::makeRedirectBackends(std::chrono::seconds(wait_seconds_));
  const auto backend = mesh::namedRedirectBackend(backends, backend_);
  if (!backend.ok()) return complain(backend.error(), 1);
  std::cout << backend.value()->print(settings, families);
  return 0;
}

int RulesCommand::apply(const RedirectSettings& settings, const Families& families) {
  const auto backends = mesh::makeRedirectBackends(std::chrono::seconds(wait_seconds_));
  const auto backend = mesh::applicableRedirectBackend(backends, backend_);
  if (!backend.ok()) return complain(backend.error(), 1);
  const auto applied = backend.value()->apply(settings, families);
  if (!applied.ok()) return complain(applied.error(), 1);
  std::cout << "rules for " << familyNames(families) << " installed by " << backend.value()->name()
            << "\n";
  return 0;
}

int RulesCommand::remove() {
  const auto backends = mesh::makeRedirectBackends(std::chrono::seconds(wait_seconds_));
  const auto named = mesh::namedRedirectBackend(backends, backend_);
  if (!named.ok()) return complain(named.error(), 1);
  bool any_asked = false;
  for (const auto& backend : backends) {
    const bool meant =
        backend_ == "auto" ? backend->findPrograms().ok() : backend.get() == named.value();
    if (!meant) continue;
    const auto present = backend->present();
    if (!present.ok()) {
      complain(present.error(), 1);
      if (present.error().code == ErrorCode::PermissionDenied) return 1;
      continue;  // the kernel may not have it
    }
    any_asked = true;
    if (!present.value()) continue;
    const auto removed = backend->remove();
    if (!removed.ok()) return complain(removed.error(), 1);
    std::cout << "rules of " << backend->name() << " removed\n";
  }
  return any_asked ? 0 : 1;
}

int RulesCommand::check(const RedirectSettings& settings,
                        const std::vector<net::IpPort>& targets) const {
  const auto timeout =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(check_timeout_seconds_));
  bool any = false;
  for (const net::IpPort& target : targets) {
    const auto possible = mesh::checkIsRedirected(settings, target, ::geteuid(), ::getegid());
    if (!possible.ok()) return complain(possible.error(), 1);
    const auto works = mesh::checkRedirection(settings, target, timeout);
    const bool asked = target.ip.family == Family::V4 ? ipv4_ : ipv6_;
    if (!works.ok() && works.error().code == ErrorCode::Unreachable && !asked) {
      std::cerr << "weir: " << familyName(target.ip.family)
                << " is not checked: " << works.error().detail << "\n";
      continue;
    }
    if (!works.ok()) return complain(works.error(), 1);
    any = true;
    std::cout << familyName(target.ip.family) << " is redirected (checked with "
              << target.toString() << ")\n";
  }
  if (any) return 0;
  return complain({ErrorCode::Unreachable, Side::Self, "no family could be checked"}, 1);
}

}  // namespace weir
