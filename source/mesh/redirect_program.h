#pragma once

// Calls of the programs that have the kernel's rules, with errors that say what to do. Shared by
// the back ends; one thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/base/time.h"

namespace weir::mesh {

// The first of `names` that is installed; else an error that names the package of Debian.
Result<std::string> redirectProgram(std::span<const std::string> names, std::string_view package);

// What the program writes to standard output. An error has the first line of what it complains of;
// PermissionDenied: perhaps only because this is not root.
Result<std::string> callRedirectProgram(const std::vector<std::string>& command,
                                        std::string_view input, Duration deadline);

}  // namespace weir::mesh
