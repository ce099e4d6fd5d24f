// The route table against one that tries every route in order, on random routes and requests.

#include <gtest/gtest.h>

#include <set>

#include "source/base/random.h"
#include "test/http/requests.h"

namespace weir::http::test {
namespace {

class RandomRoutes {
 public:
  explicit RandomRoutes(uint64_t seed) : random_(seed) {}

  // Over few letters, so that many begin alike.
  std::string path() {
    std::string text = "/";
    for (uint64_t n = random_.below(5); n > 0; --n) text += "abA1/"[random_.below(5)];
    return text;
  }

  PathMatch pathMatch() {
    PathMatch match;
    match.kind = static_cast<PathMatch::Kind>(random_.below(5));
    match.text = path();
    if (match.kind == PathMatch::Kind::Regex) {
      match.text.clear();
      match.regex = regexFrom(path());
    } else {
      match.case_sensitive = random_.below(3) != 0;
    }
    return match;
  }

  std::vector<RouteSpec> routes() {
    std::vector<RouteSpec> routes;
    for (uint64_t n = random_.below(12); n > 0; --n) {
      RouteMatch match;
      match.path = pathMatch();
      if (random_.below(3) == 0) match.methods = {random_.below(2) == 0 ? "GET" : "CONNECT"};
      if (random_.below(3) == 0) match.headers = {{random_.below(2) == 0 ? "x" : "y"}};
      if (random_.below(6) == 0) match.query = {{"q", std::nullopt}};
      routes.push_back(route(std::to_string(routes.size()), std::move(match)));
    }
    return routes;
  }

  Request someRequest() {
    Fields fields;
    if (random_.below(2) == 0) fields.push_back({"x", "1"});
    if (random_.below(2) == 0) fields.push_back({"y", "1"});
    if (random_.below(8) == 0) return request("h", "", fields, "CONNECT");
    return request("h", path() + (random_.below(3) == 0 ? "?q=1" : ""), fields);
  }

 private:
  std::shared_ptr<const Regex> regexFrom(std::string text) {
    switch (random_.below(5)) {
      case 0: return regex(text);
      case 1: return regex(text + ".*");
      case 2: return regex("(?i)" + text + "[ab]?");
      case 3: return regex(".*" + text);
      default: return regex(text + "|/a.");
    }
  }

  Random random_;
};

const RouteSpec* plainFind(const std::vector<RouteSpec>& routes, const HeaderMap& request) {
  const RequestView view(request);
  for (const RouteSpec& spec : routes) {
    if (holds(spec.match.path, view) && restHolds(spec.match, view)) return &spec;
  }
  return nullptr;
}

TEST(RouteAgreementTest, TheTableChoosesWhatTryingOneByOneChooses) {
  size_t found = 0;
  size_t accused = 0;
  for (uint64_t seed = 1; seed <= 4000; ++seed) {
    RandomRoutes random(seed);
    const std::vector<RouteSpec> routes = random.routes();
    Diagnostics diagnostics;
    const auto table = RouteTable::compile(host(routes), diagnostics);
    std::set<std::string> wrong;
    for (const Diagnostic& error : diagnostics.errors()) wrong.insert(error.path);
    accused += wrong.size();
    for (int i = 0; i < 100; ++i) {
      const Request headers = random.someRequest();
      const RouteSpec* plain = plainFind(routes, headers);
      const Route* route = table->find(headers);
      ASSERT_EQ(nameOf(route), plain == nullptr ? "(none)" : plain->route.name)
          << "seed " << seed << " " << headers.get(HeaderId::Path);
      ASSERT_EQ(table->explain(headers).route, route);
      if (plain == nullptr) continue;
      ++found;
      // No request goes to a route that is called an error.
      ASSERT_FALSE(wrong.contains(plain->path)) << plain->path << ", seed " << seed;
    }
  }
  EXPECT_GT(found, 100'000U);
  EXPECT_GT(accused, 1000U);
}

}  // namespace
}  // namespace weir::http::test
