// What it costs to compile a listener's chains and to choose one, from 1 to 100,000 chains with
// ports, prefixes, exact and wildcard names mixed. The bars: choosing takes at most 100 ns with
// 4,096 chains and grows no faster than log n; compiling takes at most 2 us a chain.
//
//   bazel run --config=opt //test/benchmark:match_benchmark

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "source/filter/facts.h"
#include "source/match/matcher.h"

namespace weir::match {
namespace {

using filter::Fact;
using filter::Facts;
using filter::FactSet;

constexpr int Kinds = 8;
// Few enough to stay in the processor's cache: in a proxy, a listener filter has just written them
// there.
constexpr size_t Connections = 1024;

net::IpAddress v4(uint32_t bits) {
  net::IpAddress ip;
  ip.family = net::Family::V4;
  for (int i = 3; i >= 0; --i, bits >>= 8) ip.bytes[static_cast<size_t>(i)] = bits & 0xFF;
  return ip;
}

net::IpAddress v6(uint32_t network) {
  net::IpAddress ip = *net::IpAddress::parse("2001:db8::");
  for (size_t i = 7; i >= 4; --i, network >>= 8) ip.bytes[i] = network & 0xFF;
  return ip;
}

std::string number(uint32_t i) { return std::to_string(i); }

// Chain i is of kind i % Kinds; its values follow from i.
uint16_t opaquePort(uint32_t i) { return static_cast<uint16_t>(21000 + i / Kinds); }
uint16_t servicePort(uint32_t i) { return static_cast<uint16_t>(20000 + i % 1000); }
uint32_t subnet(uint32_t i) { return 0x0A000000U + (i / Kinds << 8); }
uint32_t host(uint32_t i) { return 0xAC100000U + i; }
uint32_t site(uint32_t i) { return 0xC0000000U + ((i / Kinds & 0xFF) << 16); }
std::string service(uint32_t i) {
  return "svc-" + number(i) + ".ns-" + number(i % 97) + ".example.com";
}
std::string tenant(uint32_t i) { return "tenant-" + number(i) + ".example.org"; }

ChainMatch matchOf(uint32_t i) {
  ChainMatch match;
  switch (i % Kinds) {
    case 0: match.destination_ports = {opaquePort(i)}; break;
    case 1: match.destination_prefixes = {{v4(subnet(i)), 24}}; break;
    case 2:
      match.destination_ports = {servicePort(i)};
      match.destination_prefixes = {{v4(host(i)), 32}};
      break;
    case 3: match.server_names = {service(i)}; break;
    case 4: match.server_names = {"*." + tenant(i)}; break;
    case 5:
      match.destination_ports = {443, 8443};
      match.server_names = {service(i), "*." + service(i)};
      match.transport = Transport::Tls;
      break;
    case 6:
      match.destination_prefixes = {{v4(site(i)), 16}};
      match.server_names = {service(i)};
      match.application_protocols = {"h2", "http/1.1"};
      break;
    default: match.destination_prefixes = {{v6(i), 64}}; break;
  }
  return match;
}

std::vector<ChainSpec> chainsOf(size_t count) {
  std::vector<ChainSpec> chains;
  for (uint32_t i = 0; i < count; ++i) {
    chains.push_back({"chain-" + number(i), "filter_chains[" + number(i) + "]", matchOf(i)});
  }
  return chains;
}

std::unique_ptr<const Matcher> compile(const std::vector<ChainSpec>& chains) {
  Diagnostics diagnostics;
  auto matcher = Matcher::compile(chains, {}, diagnostics);
  for (const Diagnostic& error : diagnostics.errors())
    std::fprintf(stderr, "%s\n", error.message.c_str());
  if (!diagnostics.ok()) std::abort();
  return matcher;
}

// A TLS connection from outside to a place that no chain names.
Facts elsewhere(uint32_t i) {
  Facts facts;
  facts.known = FactSet::all();
  facts.destination = {v4(0xC6336400U + i % 256), 9};
  facts.source = {v4(0x08080000U + i), static_cast<uint16_t>(40000 + i % 20000)};
  facts.direct_source = facts.source.ip;
  facts.tls = true;
  facts.server_name = "www.unheard-of-" + number(i) + ".net";
  facts.application_protocols = {"h2", "http/1.1"};
  return facts;
}

// A connection that belongs to chain i.
Facts hit(uint32_t i) {
  Facts facts = elsewhere(i);
  switch (i % Kinds) {
    case 0: facts.destination.port = opaquePort(i); break;
    case 1: facts.destination.ip = v4(subnet(i) + 7); break;
    case 2: facts.destination = {v4(host(i)), servicePort(i)}; break;
    case 3: facts.server_name = service(i); break;
    case 4: facts.server_name = "www." + tenant(i); break;
    case 5:
      facts.destination.port = 443;
      facts.server_name = (i & 8) != 0 ? service(i) : "www." + service(i);
      break;
    case 6:
      facts.destination.ip = v4(site(i) + 99);
      facts.server_name = service(i);
      break;
    default: facts.destination.ip = v6(i); break;
  }
  return facts;
}

// A connection that matches parts of several chains, and no chain whole.
Facts miss(uint32_t i) {
  Facts facts = elsewhere(i);
  facts.destination = {v4(site(i) + 99), (i & 1) != 0 ? uint16_t{443} : servicePort(i)};
  facts.server_name = "www." + number(i) + ".example.com";
  return facts;
}

// The same before the client has sent anything.
Facts beforeBytes(Facts facts) {
  facts.known = Fact::Destination | Fact::Source | FactSet(Fact::DirectSource);
  return facts;
}

template <class Make>
std::vector<Facts> connections(size_t chains, Make make) {
  std::mt19937 random(7);
  std::vector<Facts> result;
  for (size_t i = 0; i < Connections; ++i)
    result.push_back(make(static_cast<uint32_t>(random() % chains)));
  return result;
}

void choose(benchmark::State& state, const std::vector<Facts>& facts, Choice::Kind expected) {
  const std::vector<ChainSpec> chains = chainsOf(static_cast<size_t>(state.range(0)));
  const auto matcher = compile(chains);
  for (const Facts& f : facts) {
    if (matcher->choose(f).kind != expected) state.SkipWithError("not what the case is about");
  }
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(matcher->choose(facts[i]));
    i = (i + 1) % facts.size();
  }
  state.SetComplexityN(state.range(0));
}

void BM_ChooseHit(benchmark::State& state) {
  choose(state, connections(static_cast<size_t>(state.range(0)), hit), Choice::Kind::Chosen);
}

void BM_ChooseMiss(benchmark::State& state) {
  choose(state, connections(static_cast<size_t>(state.range(0)), miss), Choice::Kind::NoChain);
}

// The choice hangs on the client's bytes.
void BM_ChooseNeedsFacts(benchmark::State& state) {
  const auto facts = connections(static_cast<size_t>(state.range(0)),
                                 [](uint32_t i) { return beforeBytes(miss(i)); });
  choose(state, facts, Choice::Kind::NeedFacts);
}

// An opaque port: chosen before the client has sent anything.
void BM_ChooseOpaque(benchmark::State& state) {
  const auto facts = connections(static_cast<size_t>(state.range(0)),
                                 [](uint32_t i) { return beforeBytes(hit(i - i % Kinds)); });
  choose(state, facts, Choice::Kind::Chosen);
}

void BM_Compile(benchmark::State& state) {
  const std::vector<ChainSpec> chains = chainsOf(static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(compile(chains));
  state.counters["per_chain"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  for (const int n : {1, 10, 100, 1000, 4096, 10000, 100000}) benchmark->Arg(n);
}

// With fewer chains than kinds, nothing needs the client's bytes.
void sizesWithNames(benchmark::internal::Benchmark* benchmark) {
  for (const int n : {10, 100, 1000, 4096, 10000, 100000}) benchmark->Arg(n);
}

BENCHMARK(BM_ChooseHit)->Apply(sizes)->Complexity(benchmark::oLogN);
BENCHMARK(BM_ChooseMiss)->Apply(sizes)->Complexity(benchmark::oLogN);
BENCHMARK(BM_ChooseNeedsFacts)->Apply(sizesWithNames)->Complexity(benchmark::oLogN);
BENCHMARK(BM_ChooseOpaque)->Apply(sizes)->Complexity(benchmark::oLogN);
BENCHMARK(BM_Compile)->Apply(sizes)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace weir::match

BENCHMARK_MAIN();
