#include "source/http/route_coverage.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>

#include "source/http/route_table.h"

namespace weir::http {
namespace {

using Kind = PathMatch::Kind;

std::string nameOf(const std::string& kind, const std::string& name, const std::string& path) {
  return kind + (name.empty() ? "" : " '" + name + "'") + (path.empty() ? "" : " (" + path + ")");
}
std::string nameOf(const RouteSpec& spec) { return nameOf("route", spec.route.name, spec.path); }
// Of one whose path the error has in front.
std::string shortNameOf(const RouteSpec& spec) { return nameOf("route", spec.route.name, ""); }

bool hasLetter(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return lowerCase(c) >= 'a' && lowerCase(c) <= 'z'; });
}

// Paths of which `match` takes no others: what a regular expression takes begins so.
struct Reach {
  explicit Reach(const PathMatch& match)
      : text(match.kind == Kind::Regex ? match.regex->commonPrefix() : match.text),
        kind(match.kind == Kind::Regex ? Kind::Prefix : match.kind),
        any_case(!match.case_sensitive && hasLetter(match.text)) {}
  std::string text;
  Kind kind;
  bool any_case;
};

// Whether a route that says only `earlier` takes every path of `reach`, which begins with the
// earlier one's text.
bool takesAll(const PathMatch& earlier, const Reach& reach) {
  const bool whole = reach.text.size() == earlier.text.size();
  switch (earlier.kind) {
    case Kind::Prefix: return true;
    case Kind::Exact: return whole && reach.kind == Kind::Exact;
    case Kind::SeparatedPrefix:
      return whole ? reach.kind != Kind::Prefix : reach.text[earlier.text.size()] == '/';
    case Kind::Regex:
    case Kind::Connect: return false;
  }
  return false;
}

// The routes that have no other condition than their path.
class PlainRoutes {
 public:
  explicit PlainRoutes(const std::vector<RouteSpec>& routes)
      : routes_(routes), exact_case_(entries(true)), any_case_(entries(false), true) {
    for (size_t i = 0; i < routes.size(); ++i) {
      if (!routes[i].match.onlyPath()) continue;
      if (routes[i].match.path.kind == Kind::Connect) connects_.push_back(i);
      if (routes[i].match.path.kind == Kind::Regex) regexes_.push_back(i);
    }
    if (regexes_.size() > MostRegexes) regexes_.resize(MostRegexes);
  }

  // The first one before `route` that takes all of its requests.
  std::optional<size_t> before(size_t route) const {
    const PathMatch& match = routes_[route].match.path;
    size_t best = route;
    if (match.kind == Kind::Connect) {
      if (!connects_.empty()) best = std::min(best, connects_.front());
    } else {
      lookForTexts(Reach(match), best);
      lookForRegexes(match, best);
    }
    if (best == route) return std::nullopt;
    return best;
  }

 private:
  static constexpr size_t MostRegexes = 32;  // each is tried on every path

  std::vector<PathIndex::Entry> entries(bool case_sensitive) const {
    std::vector<PathIndex::Entry> entries;
    for (uint32_t i = 0; i < routes_.size(); ++i) {
      const RouteMatch& match = routes_[i].match;
      const bool text = match.path.kind != Kind::Connect && match.path.kind != Kind::Regex;
      if (!text || !match.onlyPath()) continue;
      // Without a letter in it the case makes no difference.
      const bool in_exact = match.path.case_sensitive || !hasLetter(match.path.text);
      const bool in_any = !match.path.case_sensitive || !hasLetter(match.path.text);
      if (case_sensitive ? in_exact : in_any) entries.push_back({match.path.text, i});
    }
    return entries;
  }

  void lookForTexts(const Reach& reach, size_t& best) const {
    const auto visit = [&](std::span<const uint32_t> list, size_t) {
      for (const uint32_t index : list) {
        if (index >= best) return;
        if (takesAll(routes_[index].match.path, reach)) best = index;
      }
    };
    if (!reach.any_case) exact_case_.eachPrefixOf(reach.text, visit);
    any_case_.eachPrefixOf(reach.text, visit);
  }

  void lookForRegexes(const PathMatch& match, size_t& best) const {
    if (match.kind != Kind::Exact || (!match.case_sensitive && hasLetter(match.text))) return;
    for (const size_t index : regexes_) {
      if (index >= best) return;
      if (routes_[index].match.path.regex->matches(match.text)) best = index;
    }
  }

  const std::vector<RouteSpec>& routes_;
  PathIndex exact_case_;
  PathIndex any_case_;
  std::vector<size_t> connects_;
  std::vector<size_t> regexes_;
};

}  // namespace

void checkDomains(const std::vector<VirtualHostSpec>& hosts, Diagnostics& diagnostics) {
  DomainIndex seen;
  for (uint32_t i = 0; i < hosts.size(); ++i) {
    const FieldScope list = FieldScope(diagnostics, hosts[i].path).field("domains");
    for (size_t j = 0; j < hosts[i].domains.size(); ++j) {
      const std::string& domain = hosts[i].domains[j];
      if (seen.add(domain, i)) continue;
      const VirtualHostSpec& owner = hosts[*seen.valueOf(domain)];
      list.index(j).error("\"" + domain + "\" is already a domain of " +
                          nameOf("virtual host", owner.name, owner.path));
    }
  }
}

void checkCoverage(const std::vector<RouteSpec>& routes, Diagnostics& diagnostics) {
  const PlainRoutes plain(routes);
  std::unordered_map<std::string, size_t> seen;
  for (size_t i = 0; i < routes.size(); ++i) {
    const auto [same, is_new] = seen.emplace(keyOf(routes[i].match), i);
    if (!is_new) {
      diagnostics.error(routes[i].path, shortNameOf(routes[i]) + " has the same conditions as " +
                                            nameOf(routes[same->second]) +
                                            ", which comes first: it can never be chosen");
    } else if (const auto taker = plain.before(i)) {
      diagnostics.error(routes[i].path, shortNameOf(routes[i]) +
                                            " can never be chosen: every request that it matches "
                                            "goes to " +
                                            nameOf(routes[*taker]) + ", which comes first");
    }
  }
}

}  // namespace weir::http
