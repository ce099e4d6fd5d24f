#include "source/mesh/iptables_tables.h"

#include <algorithm>
#include <array>
#include <optional>

namespace weir::mesh {
namespace {

constexpr std::array<std::string_view, 3> Chains{InboundChain, OutboundChain, GuardChain};

bool isOurs(std::string_view chain) {
  return std::find(Chains.begin(), Chains.end(), chain) != Chains.end();
}

// The word that begins at `from`, to the next space.
std::string_view wordAt(std::string_view line, size_t from) {
  if (from >= line.size()) return {};
  return line.substr(from, line.find(' ', from) - from);
}

// Whether a rule of another chain leads to one of ours. Targets stand behind the matches, and a
// comment has its quotes, so the last one counts.
bool leadsToOurs(std::string_view line) {
  size_t at = line.rfind(" -j ");
  if (at == std::string_view::npos) at = line.rfind(" -g ");
  return at != std::string_view::npos && isOurs(wordAt(line, at + 4));
}

void readLine(std::string_view line, IptablesTable& table) {
  if (line.starts_with(':') && isOurs(wordAt(line, 1))) table.chains.emplace_back(wordAt(line, 1));
  if (!line.starts_with("-A ")) return;
  if (isOurs(wordAt(line, 3)))
    table.rules.emplace_back(line);
  else if (leadsToOurs(line))
    table.jumps.emplace_back(line);
}

const IptablesTable* find(const std::vector<IptablesTable>& tables, std::string_view name) {
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&](const IptablesTable& table) { return table.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

std::string tableChange(const IptablesTable& present, const IptablesTable& wanted) {
  std::string text = "*" + wanted.name + "\n";
  // Makes a chain, or empties the one that there is.
  for (const std::string& chain : wanted.chains) text += ":" + chain + " - [0:0]\n";
  std::vector<std::string_view> superfluous;
  for (const std::string& chain : present.chains) {
    if (std::find(wanted.chains.begin(), wanted.chains.end(), chain) != wanted.chains.end())
      continue;
    text += ":" + chain + " - [0:0]\n";
    superfluous.push_back(chain);
  }
  for (const std::string& jump : present.jumps) text += "-D" + jump.substr(2) + "\n";
  for (const std::string_view chain : superfluous) {
    text += "-X ";
    text += chain;
    text += "\n";
  }
  for (const std::string& rule : wanted.rules) text += rule + "\n";
  for (const std::string& jump : wanted.jumps) {
    const std::string_view chain = wordAt(jump, 3);
    text += "-I ";
    text += chain;
    text += " 1" + jump.substr(3 + chain.size()) + "\n";
  }
  return text + "COMMIT\n";
}

}  // namespace

std::vector<IptablesTable> readIptables(std::string_view saved) {
  std::vector<IptablesTable> tables;
  std::optional<IptablesTable> table;
  const auto finish = [&] {
    if (table && !(table->chains.empty() && table->jumps.empty()))
      tables.push_back(std::move(*table));
    table.reset();
  };
  while (!saved.empty()) {
    const size_t end = std::min(saved.find('\n'), saved.size());
    const std::string_view line = saved.substr(0, end);
    saved.remove_prefix(std::min(end + 1, saved.size()));
    if (line.starts_with('*')) {
      finish();
      table = IptablesTable{.name = std::string(line.substr(1))};
    } else if (table) {
      readLine(line, *table);
    }
  }
  finish();
  return tables;
}

std::string iptablesChange(const std::vector<IptablesTable>& present,
                           const std::vector<IptablesTable>& wanted) {
  std::string text;
  for (const IptablesTable& table : wanted) {
    const IptablesTable* before = find(present, table.name);
    text += tableChange(before != nullptr ? *before : IptablesTable{}, table);
  }
  for (const IptablesTable& table : present) {
    if (find(wanted, table.name) == nullptr) text += tableChange(table, {.name = table.name});
  }
  return text;
}

}  // namespace weir::mesh
