// Choosing a route allocates nothing: every allocation of this program is counted.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/http/path.h"
#include "test/http/requests.h"
#include "test/support/allocation_counter.h"

namespace weir::http::test {
namespace {

TEST(RouteAllocationTest, TheCounterCounts) {
  const uint64_t before = weir::test::allocations();
  const std::vector<std::string> some(3, std::string(100, 'x'));
  EXPECT_EQ(weir::test::allocations() - before, 5U) << some.size();
}

TEST(RouteAllocationTest, ChoosingAllocatesNothing) {
  RouteMatch conditions;
  conditions.path = prefix("/");
  conditions.methods = {"PUT"};
  conditions.headers = {{"x", TextMatch{TextMatch::Kind::Suffix, "a,no"}}};
  conditions.query = {{"q", TextMatch{TextMatch::Kind::Exact, "no"}}};
  RouteMatch header = conditions;
  header.methods.clear();
  RouteMatch query = header;
  query.headers.clear();
  auto hosts = host({route("method", conditions), route("header", header), route("query", query),
                     route("exact", exact("/a")), route("case", anyCase(separated("/B"))),
                     route("regex", pattern("/r[0-9]+")), route("rest", prefix("/"))});
  hosts[0].domains = {"a.test", "*.a.test", "a.*", "*:80"};
  Diagnostics diagnostics;
  const auto table = RouteTable::compile(std::move(hosts), diagnostics);
  ASSERT_TRUE(diagnostics.ok());
  for (const char* authority : {"a.test", "B.A.test:80", "a.b", "b:80", "b"}) {
    for (const char* path : {"/a?q=1&q=no", "/b/c", "/r12", "/none"}) {
      const Request headers = request(authority, path, {{"x", "a"}, {"y", ""}, {"x", "b"}});
      const Route* first = table->find(headers);  // an expression keeps what it has worked out
      const uint64_t before = weir::test::allocations();
      const Route* second = table->find(headers);
      const PathResult normal = normalizePath(path, {});
      ASSERT_EQ(weir::test::allocations(), before) << authority << path;
      EXPECT_EQ(first, second);
      EXPECT_EQ(normal.kind, PathResult::Kind::Unchanged);
    }
  }
}

}  // namespace
}  // namespace weir::http::test
