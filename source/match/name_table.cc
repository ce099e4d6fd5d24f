#include "source/match/name_table.h"

#include <algorithm>

namespace weir::match {

uint32_t NameTable::intern(std::string_view server_name) {
  if (!isWildcard(server_name)) {
    max_exact_ = std::max(max_exact_, server_name.size());
    return texts_.intern(server_name, ExactName);
  }
  const std::string_view suffix = suffixOf(server_name);
  max_suffix_ = std::max(max_suffix_, suffix.size());
  const auto dots = std::count(suffix.begin(), suffix.end(), '.');
  depths_ |= 1ULL << std::min<ptrdiff_t>(dots, DeepestBit);
  return texts_.intern(suffix, specificityOfWildcard(suffix.size()));
}

void NameTable::link() {
  texts_.forEach([this](uint32_t id) {
    const std::string_view text = texts_.text(id);
    const bool exact = texts_.specificity(id) == ExactName;
    // A wildcard's own suffix is not its parent.
    texts_.setParent(id, findWildcard(text, exact ? text.size() + 1 : text.size()));
  });
}

}  // namespace weir::match
