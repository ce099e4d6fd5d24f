#include "source/mesh/nftables_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/mesh/redirect_program.h"

namespace weir::mesh {
namespace {

using net::Family;

constexpr Duration Deadline = std::chrono::seconds(30);

Result<std::string> program() {
  const std::array<std::string, 1> names{"nft"};
  return redirectProgram(names, "nftables");
}

Result<std::string> call(std::vector<std::string> arguments, std::string_view input) {
  const Result<std::string> path = program();
  if (!path.ok()) return path.error();
  arguments.insert(arguments.begin(), path.value());
  return callRedirectProgram(arguments, input, Deadline);
}

bool hasLine(std::string_view text, std::string_view line) {
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find('\n'));
    if (one == line) return true;
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
  return false;
}

bool has(const Families& families, Family family) {
  return std::find(families.begin(), families.end(), family) != families.end();
}

// The whole file is one transaction.
Result<void> load(const std::string& script) {
  const Result<std::string> loaded = call({"-f", "-"}, script);
  if (!loaded.ok()) return loaded.error();
  return {};
}

}  // namespace

Result<void> NftablesBackend::findPrograms() const {
  const Result<std::string> found = program();
  if (!found.ok()) return found.error();
  return {};
}

std::string NftablesBackend::print(const RedirectSettings& settings,
                                   const Families& families) const {
  std::string text;
  for (const Family family : families) {
    // Takes the place of a table that is there: deleting one that is not would fail.
    text += fmt::format("add table {0}\ndelete table {0}\n", nftablesTableName(family));
    text += nftablesRules(settings, family);
  }
  return text;
}

Result<Families> NftablesBackend::tables() const {
  const Result<std::string> listed = call({"list", "tables"}, "");
  if (!listed.ok()) return listed.error();
  Families families;
  for (const Family family : {Family::V4, Family::V6}) {
    if (hasLine(listed.value(), "table " + nftablesTableName(family))) families.push_back(family);
  }
  return families;
}

Result<bool> NftablesBackend::present() const {
  const Result<Families> families = tables();
  if (!families.ok()) return families.error();
  return !families.value().empty();
}

Result<void> NftablesBackend::apply(const RedirectSettings& settings, const Families& families) {
  const Result<Families> before = tables();
  if (!before.ok()) return before.error();
  std::string script = print(settings, families);
  for (const Family family : before.value()) {
    if (!has(families, family))
      script += fmt::format("delete table {}\n", nftablesTableName(family));
  }
  return load(script);
}

Result<void> NftablesBackend::remove() {
  const Result<Families> before = tables();
  if (!before.ok()) return before.error();
  std::string script;
  for (const Family family : before.value())
    script += fmt::format("delete table {}\n", nftablesTableName(family));
  if (script.empty()) return {};
  return load(script);
}

}  // namespace weir::mesh
