#pragma once

// The fields whose value in the file could not be used. What is said later about them, or about
// what is inside them, would only repeat the first error ("address is required" behind a misspelt
// "adress"), so it is left out. One thread, one load.

#include <set>
#include <string>
#include <string_view>

namespace weir::config {

class BrokenFields {
 public:
  void add(std::string path) { paths_.insert(std::move(path)); }
  bool empty() const { return paths_.empty(); }

  // Is this field broken, or one that it is part of?
  bool covers(std::string_view path) const {
    if (paths_.contains(std::string_view())) return true;  // the whole file
    for (std::string_view part = path;; part = part.substr(0, part.find_last_of(".["))) {
      if (paths_.contains(part)) return true;
      if (part.find_last_of(".[") == std::string_view::npos) return false;
    }
  }

  // Is this field broken, or one that it is part of, or one inside it?
  bool touches(std::string_view path) const {
    if (covers(path)) return true;
    const auto next = paths_.lower_bound(path);
    for (auto it = next; it != paths_.end() && it->starts_with(path); ++it) {
      const char after =
          (*it)[path.size()];  // longer than path: an equal one would have been covered
      if (after == '.' || after == '[') return true;
    }
    return false;
  }

 private:
  std::set<std::string, std::less<>> paths_;
};

}  // namespace weir::config
