#include "source/http/header_changes.h"

#include <algorithm>

namespace weir::http {
namespace {

void apply(const HeaderToAdd& field, HeaderMap& headers) {
  using Action = HeaderToAdd::Action;
  const bool appends = field.action == Action::Append;
  const bool there = !appends && headers.has(field.name);
  if (appends || (field.action == Action::AddIfAbsent && !there)) {
    headers.add(field.name, field.value);
  } else if (field.action == Action::Overwrite ||
             (field.action == Action::OverwriteIfPresent && there)) {
    headers.set(field.name, field.value);
  }
}

}  // namespace

void apply(const HeaderChanges& changes, HeaderMap& headers) {
  for (const std::string& name : changes.remove) headers.remove(name);
  for (const HeaderToAdd& field : changes.add) apply(field, headers);
}

HeaderChanges combine(HeaderChanges first, const HeaderChanges& second) {
  // What is removed later need not be added at all, and may as well be removed at once.
  std::erase_if(first.add, [&](const HeaderToAdd& field) {
    return std::find(second.remove.begin(), second.remove.end(), field.name) != second.remove.end();
  });
  for (const std::string& name : second.remove) {
    if (std::find(first.remove.begin(), first.remove.end(), name) == first.remove.end()) {
      first.remove.push_back(name);
    }
  }
  first.add.insert(first.add.end(), second.add.begin(), second.add.end());
  return first;
}

}  // namespace weir::http
