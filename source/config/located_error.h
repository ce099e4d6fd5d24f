#pragma once

// One fault of a configuration file, with the place where it stands. Plain values, any thread.

#include <string>
#include <string_view>
#include <vector>

#include "source/config/node.h"

namespace weir::config {

struct LocatedError {
  Position position;  // line 0: the whole file
  std::string path;   // the field path; empty where there is none (a syntax error)
  std::string message;
};

// `FILE:LINE:COLUMN: path: message`, without the parts that are not known.
std::string formatError(std::string_view filename, const LocatedError& error);

// One line per error, sorted by position: `FILE:LINE:COLUMN: path: message`.
std::string formatErrors(std::string_view filename, std::vector<LocatedError> errors);

}  // namespace weir::config
