#include "source/config/nearest_name.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace weir::config {
namespace {

constexpr size_t MaxCompared = 256;     // bytes; a longer name is not a typing error
constexpr size_t MaxCandidates = 1000;  // of more, only the first are compared
constexpr size_t MaxListed = 20;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> nearestName(std::string_view name,
                                       const std::vector<std::string>& known) {
  if (name.empty() || name.size() > MaxCompared) return std::nullopt;
  const std::string* best = nullptr;
  size_t best_distance = 0;
  for (const std::string& candidate :
       std::span(known).first(std::min(known.size(), MaxCandidates))) {
    const size_t longer = std::max(name.size(), candidate.size());
    if (longer - std::min(name.size(), candidate.size()) > longer / 3) continue;
    const size_t distance = editDistance(name, candidate);
    if (distance > std::max<size_t>(1, longer / 3)) continue;
    if (best == nullptr || distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  // A name of one or two letters is "near" to every other.
  if (best == nullptr || best_distance >= std::max(name.size(), best->size())) return std::nullopt;
  return *best;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known,
                       std::string_view what) {
  if (known.empty()) return "";
  if (const auto nearest = nearestName(name, known)) return "; did you mean \"" + *nearest + "\"?";
  std::string out = "; " + std::string(what) + ": ";
  for (size_t i = 0; i < known.size() && i < MaxListed; ++i) {
    if (i > 0) out += ", ";
    out += known[i];
  }
  if (known.size() > MaxListed) out += ", ...";
  return out;
}

}  // namespace weir::config
