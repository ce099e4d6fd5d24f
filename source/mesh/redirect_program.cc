#include "source/mesh/redirect_program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "source/mesh/program.h"

namespace weir::mesh {
namespace {

// The first line that is no remark.
std::string_view complaint(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!line.empty() && !line.starts_with('#')) return line;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return {};
}

}  // namespace

Result<std::string> redirectProgram(std::span<const std::string> names, std::string_view package) {
  for (const std::string& name : names) {
    if (auto path = findProgram(name)) return *path;
  }
  return Error{ErrorCode::NotFound, Side::Self,
               fmt::format("{} is missing: apt-get install --no-install-recommends {}",
                           names.front(), package)};
}

Result<std::string> callRedirectProgram(const std::vector<std::string>& command,
                                        std::string_view input, Duration deadline) {
  Result<ProgramEnd> end = runProgram(command, input, deadline);
  if (!end.ok()) return end.error();
  if (end.value().status == 0) return std::move(end).value().output;
  std::string detail = fmt::format("{} ended with {}", command.front(), end.value().status);
  if (const std::string_view said = complaint(end.value().errors); !said.empty())
    detail += fmt::format(": {}", said);
  if (::geteuid() == 0) return Error{ErrorCode::Os, Side::Self, std::move(detail)};
  detail += "; it needs root, or the capability CAP_NET_ADMIN";
  return Error{ErrorCode::PermissionDenied, Side::Self, std::move(detail)};
}

}  // namespace weir::mesh
