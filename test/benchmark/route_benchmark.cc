// What choosing a route costs, with few and with many routes in one virtual host.
//
//   bazel run -c opt //test/benchmark:route_benchmark

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "source/base/check.h"
#include "source/http/path.h"
#include "source/http/route_table.h"

namespace weir::http {
namespace {

enum class Shape { Exact, Prefix, Regex, Mixed };

PathMatch matchOf(Shape shape, int64_t i) {
  const std::string text = "/service-" + std::to_string(i) + "/api/v1";
  if (shape == Shape::Mixed) shape = static_cast<Shape>(i % 3);
  if (shape == Shape::Exact) return {PathMatch::Kind::Exact, text + "/users"};
  if (shape == Shape::Prefix) return {PathMatch::Kind::SeparatedPrefix, text};
  return {PathMatch::Kind::Regex, {}, Regex::compile(text + "/[a-z]+").value()};
}

std::shared_ptr<const RouteTable> tableOf(Shape shape, int64_t routes) {
  std::vector<VirtualHostSpec> hosts(1);
  hosts[0] = {"all", "", {"a.test", "*.a.test", "*"}, {}};
  for (int64_t i = 0; i < routes; ++i) {
    RouteSpec spec;
    spec.match.path = matchOf(shape, i);
    hosts[0].routes.push_back(std::move(spec));
  }
  hosts[0].routes.emplace_back();  // everything else
  Diagnostics diagnostics;
  auto table = RouteTable::compile(std::move(hosts), diagnostics);
  WEIR_CHECK(diagnostics.ok());
  return table;
}

void findRoute(benchmark::State& state, Shape shape) {
  const auto table = tableOf(shape, state.range(0));
  // The last route of all, and requests that are far apart.
  constexpr int64_t Requests = 64;
  std::vector<std::unique_ptr<HeaderMap>> requests;
  for (int64_t i = 1; i <= Requests; ++i) {
    auto& request = *requests.emplace_back(std::make_unique<HeaderMap>());
    const int64_t number = state.range(0) * i / Requests - (i == Requests ? 1 : 0);
    request.add(HeaderId::Method, "GET");
    request.add(HeaderId::Authority, "www.a.test:8080");
    request.add(HeaderId::Path, "/service-" + std::to_string(number) + "/api/v1/users?id=7");
  }
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table->find(*requests[next]));
    next = (next + 1) % Requests;
  }
}
BENCHMARK_CAPTURE(findRoute, exact, Shape::Exact)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK_CAPTURE(findRoute, prefix, Shape::Prefix)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK_CAPTURE(findRoute, regex, Shape::Regex)->Arg(10)->Arg(1'000);
BENCHMARK_CAPTURE(findRoute, mixed, Shape::Mixed)->Arg(10)->Arg(1'000);

void compileTable(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(tableOf(Shape::Prefix, state.range(0)));
}
BENCHMARK(compileTable)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void normalize(benchmark::State& state, std::string_view target) {
  for (auto _ : state) benchmark::DoNotOptimize(normalizePath(target, {}));
}
BENCHMARK_CAPTURE(normalize, usual, "/service-7/api/v1/users?id=7&name=somebody");
BENCHMARK_CAPTURE(normalize, dots, "/service-7/api/../%61pi//v1/users?id=7");

}  // namespace
}  // namespace weir::http

BENCHMARK_MAIN();
