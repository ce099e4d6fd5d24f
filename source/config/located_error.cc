#include "source/config/located_error.h"

#include <algorithm>

namespace weir::config {

std::string formatError(std::string_view filename, const LocatedError& error) {
  std::string out(filename);
  if (error.position.line != 0) {
    out += ':' + std::to_string(error.position.line) + ':' + std::to_string(error.position.column);
  }
  out += ": ";
  if (!error.path.empty()) out += error.path + ": ";
  return out + error.message;
}

std::string formatErrors(std::string_view filename, std::vector<LocatedError> errors) {
  std::stable_sort(errors.begin(), errors.end(), [](const LocatedError& a, const LocatedError& b) {
    return a.position < b.position;
  });
  std::string out;
  for (const LocatedError& error : errors) out += formatError(filename, error) + '\n';
  return out;
}

}  // namespace weir::config
