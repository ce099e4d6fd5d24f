#pragma once

// Runs a program to its end, without a shell. Blocks the calling thread; for commands, never for a
// worker.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/base/time.h"

namespace weir::mesh {

struct ProgramEnd {
  int status = 0;      // what it returned; 128 and the signal's number if a signal ended it
  std::string output;  // standard output
  std::string errors;  // standard error
};

// The path of a program: in PATH, or where system administration's programs are.
std::optional<std::string> findProgram(std::string_view name);

// `command`: its path and its arguments. `input` is its standard input. Messages are in English
// whatever the user's language. One that has not ended by the deadline is killed: TimedOut.
Result<ProgramEnd> runProgram(const std::vector<std::string>& command, std::string_view input,
                              Duration deadline);

}  // namespace weir::mesh
