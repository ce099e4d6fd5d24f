// What detection costs a connection: the bytes of its first segment, seen once.

#include <benchmark/benchmark.h>

#include <string>

#include "source/extensions/listener/common/client_hello.h"
#include "source/extensions/listener/proto_detect/http_sniffer.h"
#include "source/extensions/listener/proto_detect/proto_detect.h"
#include "source/extensions/listener/proto_detect/protocol_names.h"
#include "test/extensions/listener/common/hello_builder.h"
#include "test/support/every_prefix.h"

namespace weir::extensions {
namespace {

using weir::test::bytesOf;

std::string requestLine(size_t size) {
  const std::string end = " HTTP/1.1\r\n";
  return "GET /" + std::string(size - 5 - end.size(), 'x') + end;
}

void BM_HttpRequestLine(benchmark::State& state) {
  const HttpMethods methods;
  const std::string line = requestLine(static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(sniffHttp(bytesOf(line), methods));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_HttpRequestLine)->Arg(32)->Arg(100)->Arg(1'000)->Arg(65'536);

void BM_HttpRequestLineByteByByte(benchmark::State& state) {
  const HttpMethods methods;
  const std::string line = requestLine(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    HttpSniffer sniffer(methods);
    for (size_t size = 1; size <= line.size(); ++size) {
      benchmark::DoNotOptimize(sniffer.scan(bytesOf(line).first(size)));
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_HttpRequestLineByteByByte)->Arg(100)->Arg(65'536);

void BM_ClientHello(benchmark::State& state) {
  const auto padding = static_cast<size_t>(state.range(0));
  const std::string stream = test::helloWith(test::serverNameExtension("www.example.com") +
                                             test::alpnExtension({"h2", "http/1.1"}) +
                                             test::extension(51, std::string(padding, 'k')));
  for (auto _ : state) {
    ClientHello hello;
    benchmark::DoNotOptimize(sniffClientHello(bytesOf(stream), &hello));
  }
}
BENCHMARK(BM_ClientHello)->Arg(300)->Arg(1'500)->Arg(30'000);

void BM_ClientHelloByteByByte(benchmark::State& state) {
  const std::string message(static_cast<size_t>(state.range(0)), 'k');
  const std::string stream = test::helloWith(test::extension(51, message));
  for (auto _ : state) {
    ClientHelloScanner scanner;
    for (size_t size = 1; size <= stream.size(); ++size) {
      benchmark::DoNotOptimize(scanner.scan(bytesOf(stream).first(size)));
    }
  }
}
BENCHMARK(BM_ClientHelloByteByByte)->Arg(500)->Arg(60'000);

void BM_NameOfUnknownBytes(benchmark::State& state) {
  const std::string bytes(100, '~');
  for (auto _ : state) benchmark::DoNotOptimize(nameClientBytes(bytesOf(bytes)));
}
BENCHMARK(BM_NameOfUnknownBytes);

// The whole filter, from making it to its answer.
void BM_ProtoDetect(benchmark::State& state, const std::string& bytes) {
  const ProtoDetectFactory factory{ProtoDetectSettings()};
  for (auto _ : state) {
    filter::Facts facts;
    filter::Sniffed out{.facts = facts, .settled = {}, .protocol = {}, .reject_reason = {}};
    benchmark::DoNotOptimize(factory.create()->onBytes(bytesOf(bytes), out));
  }
}
BENCHMARK_CAPTURE(BM_ProtoDetect, http, requestLine(100));
BENCHMARK_CAPTURE(BM_ProtoDetect, redis, std::string("*1\r\n$4\r\nPING\r\n"));
BENCHMARK_CAPTURE(BM_ProtoDetect, unknown, std::string(100, '~'));

}  // namespace
}  // namespace weir::extensions

BENCHMARK_MAIN();
