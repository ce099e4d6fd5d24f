// What HTTP/1 costs: to read a request of each usual size, to write its head, and both codecs for a
// whole exchange.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "source/base/check.h"
#include "source/event/loop.h"
#include "source/http/h1/head_gatherer.h"
#include "source/http/h1/head_writer.h"
#include "source/http/h1/server_codec.h"

namespace weir::http {
namespace {

const std::string Small = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench\r\n\r\n";
const std::string Browser =
    "GET /assets/app.js?v=20240401 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Referer: https://www.example.com/index.html\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n"
    "Connection: keep-alive\r\n"
    "Sec-Fetch-Dest: script\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "If-None-Match: \"5f2b-18e9a\"\r\n\r\n";

const std::string& requestOf(const benchmark::State& state) {
  return state.range(0) == 0 ? Small : Browser;
}

void parse(HeadGatherer& gatherer, buffer::Buffer& bytes, HeaderMap& map) {
  static const Http1Settings Settings;
  gatherer.begin(HeadScanner::Kind::Request);
  WEIR_CHECK(gatherer.gather(bytes) == HeadScanner::Status::Whole);
  RequestHead head;
  WEIR_CHECK(!parseRequestHead(gatherer.finish(bytes, map), Settings, map, head));
}

void BM_ParseRequestHead(benchmark::State& state) {
  buffer::SlicePool pool;
  const HeaderLimits limits;
  HeadGatherer gatherer(pool, limits);
  buffer::Buffer bytes(pool);
  HeaderMap map;
  for (auto _ : state) {
    bytes.append(requestOf(state));
    parse(gatherer, bytes, map);
    benchmark::DoNotOptimize(map.entries().data());
    map.clear();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(requestOf(state).size()));
}
BENCHMARK(BM_ParseRequestHead)->Arg(0)->Arg(1);

void BM_WriteRequestHead(benchmark::State& state) {
  buffer::SlicePool pool;
  const HeaderLimits limits;
  HeadGatherer gatherer(pool, limits);
  buffer::Buffer bytes(pool);
  HeaderMap map;
  bytes.append(requestOf(state));
  parse(gatherer, bytes, map);
  for (auto _ : state) {
    const auto plan = planRequest(map, true);
    WEIR_CHECK(plan.has_value());
    writeRequest(map, *plan, false, bytes);
    benchmark::DoNotOptimize(bytes.size());
    bytes.clear();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(requestOf(state).size()));
}
BENCHMARK(BM_WriteRequestHead)->Arg(0)->Arg(1);

// A request and a response without a body through the server codec, with the turns of the loop.
class Exchange final : public ServerCodecEvents, private StreamDecoder, private net::Stream {
 public:
  Exchange() : loop_(clock_), input_(pool_), codec_(loop_, *this, pool_, settings_, *this) {
    answer_.add(HeaderId::Status, "200");
    answer_.add(HeaderId::ContentLength, "0");
  }
  ~Exchange() override { codec_.onConnectionGone(); }

  void run(const std::string& request) {
    input_.append(request);
    codec_.onBytes(input_, false);
    while (loop_.runOnce(false)) {
    }
    head_.clear();
  }

 private:
  StreamDecoder& onNewStream(StreamEncoder& encoder, Version, MonotonicTime) override {
    encoder_ = &encoder;
    return *this;
  }
  void moreWanted() override {}
  void onStreamEnd() override {}
  void onEnd(ConnectionEnd, std::string_view, bool) override { std::abort(); }

  HeaderMap& fields(Part) override { return head_; }
  void onHeaders(bool) override { WEIR_CHECK(encoder_->encodeHeaders(answer_, true)); }
  void onData(buffer::Buffer&, bool) override {}
  void onTrailers() override {}
  void onReset(ResetReason, std::string_view) override {}
  void onBadMessage(const BadMessage&) override { std::abort(); }
  void onWriteReady() override {}

  void write(buffer::Buffer& data, bool) override { data.clear(); }
  bool writeBlocked() const override { return false; }
  void pauseReading(net::Pause) override {}
  void resumeReading(net::Pause) override {}

  SystemClock clock_;
  event::Loop loop_;
  buffer::SlicePool pool_;
  const Http1Settings settings_;
  buffer::Buffer input_;
  HeaderMap head_;
  HeaderMap answer_;
  StreamEncoder* encoder_ = nullptr;
  Http1ServerCodec codec_;
};

void BM_ServerExchange(benchmark::State& state) {
  Exchange exchange;
  for (auto _ : state) exchange.run(requestOf(state));
}
BENCHMARK(BM_ServerExchange)->Arg(0)->Arg(1);

}  // namespace
}  // namespace weir::http

BENCHMARK_MAIN();
