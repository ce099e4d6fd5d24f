#include "source/mesh/iptables_backend.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "source/mesh/redirect_program.h"

namespace weir::mesh {
namespace {

using net::Family;

constexpr std::string_view Package = "iptables";
constexpr std::chrono::seconds Deadline{30};

std::string_view commandOf(Family family) {
  return family == Family::V4 ? "iptables" : "ip6tables";
}
std::string_view suffixOf(IptablesKind kind) {
  return kind == IptablesKind::Nft ? "-nft" : "-legacy";
}

// Whether the older interface has a table with rules in it. To ask for one would make it, and load
// the kernel's modules. Where the list cannot be read, it may have.
bool legacyTableExists(Family family) {
  const char* path =
      family == Family::V4 ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names";
  std::ifstream names(path);
  std::string name;
  while (names >> name) {
    if (name == "nat" || name == "filter") return true;
  }
  return !names.is_open() && ::access(path, F_OK) == 0;
}

}  // namespace

std::string_view toString(IptablesKind kind) {
  return kind == IptablesKind::Nft ? "iptables-nft" : "iptables-legacy";
}

Result<IptablesKind> kindOfIptables() {
  const std::array<std::string, 1> names{"iptables"};
  const Result<std::string> path = redirectProgram(names, Package);
  if (!path.ok()) return path.error();
  const auto version = callRedirectProgram({path.value(), "--version"}, "", Deadline);
  if (!version.ok()) return version.error();
  // Before 1.8, when there was one kind, none was named.
  const bool nft = version.value().find("(nf_tables)") != std::string::npos;
  return nft ? IptablesKind::Nft : IptablesKind::Legacy;
}

Result<std::string> IptablesBackend::program(Family family, std::string_view verb) const {
  std::vector<std::string> names{fmt::format("{}{}-{}", commandOf(family), suffixOf(kind_), verb)};
  Result<std::string> found = redirectProgram(names, Package);
  if (found.ok()) return found;
  // Without a suffix it may be either kind.
  const Result<IptablesKind> kind = kindOfIptables();
  if (kind.ok() && kind.value() == kind_)
    names.push_back(fmt::format("{}-{}", commandOf(family), verb));
  return redirectProgram(names, Package);
}

Result<void> IptablesBackend::findPrograms() const {
  const Result<std::string> found = program(Family::V4, "restore");
  if (!found.ok()) return found.error();
  return {};
}

std::string IptablesBackend::print(const RedirectSettings& settings,
                                   const Families& families) const {
  std::string text;
  for (const Family family : families) {
    text += fmt::format("# for {}{}-restore --noflush\n", commandOf(family), suffixOf(kind_));
    text += iptablesChange({}, iptablesRules(settings, family));
  }
  return text;
}

Result<std::vector<IptablesTable>> IptablesBackend::read(Family family) const {
  if (kind_ == IptablesKind::Legacy && !legacyTableExists(family)) return Tables{};
  const Result<std::string> path = program(family, "save");
  if (!path.ok()) return path.error();
  const Result<std::string> saved = callRedirectProgram({path.value()}, "", Deadline);
  if (!saved.ok()) return saved.error();
  return readIptables(saved.value());
}

Result<bool> IptablesBackend::present() const {
  for (const Family family : {Family::V4, Family::V6}) {
    if (!kernelHas(family)) continue;
    const Result<Tables> tables = read(family);
    if (!tables.ok()) return tables.error();
    if (!tables.value().empty()) return true;
  }
  return false;
}

Result<void> IptablesBackend::change(Family family, const Tables& present,
                                     const Tables& wanted) const {
  const std::string input = iptablesChange(present, wanted);
  if (input.empty()) return {};
  const Result<std::string> path = program(family, "restore");
  if (!path.ok()) return path.error();
  const auto restored =
      callRedirectProgram({path.value(), "--noflush", fmt::format("--wait={}", lock_wait_.count())},
                          input, Deadline + lock_wait_);
  if (!restored.ok()) return restored.error();
  return {};
}

Result<void> IptablesBackend::undo(std::span<const Change> changes) const {
  for (const Change& change_made : changes) {
    const Result<Tables> now = read(change_made.family);
    if (!now.ok()) return now.error();
    const auto undone = change(change_made.family, now.value(), change_made.before);
    if (!undone.ok()) return undone.error();
  }
  return {};
}

Result<void> IptablesBackend::changeAll(const std::vector<Change>& changes) const {
  for (size_t i = 0; i < changes.size(); ++i) {
    const auto changed = change(changes[i].family, changes[i].before, changes[i].wanted);
    if (changed.ok()) continue;
    // The one that failed, too: its tables are taken one by one.
    const auto undone = undo(std::span(changes).first(i + 1));
    if (undone.ok()) return changed.error();
    Error both = changed.error();
    both.detail += "; and what was there could not be put back: " + undone.error().detail;
    return both;
  }
  return {};
}

Result<void> IptablesBackend::apply(const RedirectSettings& settings, const Families& families) {
  std::vector<Change> changes;
  for (const Family family : {Family::V4, Family::V6}) {
    const bool wanted = std::find(families.begin(), families.end(), family) != families.end();
    if (!wanted && !kernelHas(family)) continue;
    Result<Tables> before = read(family);
    if (!before.ok()) return before.error();
    changes.push_back(
        {family, std::move(before).value(), wanted ? iptablesRules(settings, family) : Tables{}});
  }
  return changeAll(changes);
}

Result<void> IptablesBackend::remove() { return apply({}, {}); }

}  // namespace weir::mesh
