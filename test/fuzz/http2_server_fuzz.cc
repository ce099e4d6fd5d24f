// Any bytes as a client's of HTTP/2, against the server's codec and a handler that answers each
// request. The first byte says how the stream is cut and how the handler goes about it; the rest is
// what follows the preface.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "source/base/check.h"
#include "test/http/h2/codec_harness.h"

namespace {

using namespace weir;
using test::ServerHarness;

// Answers what has come so far, in one of some ways.
void answer(ServerHarness& server, size_t i, unsigned how) {
  http::StreamEncoder& encoder = *server.stream(i).encoder;
  switch ((how + i) % 6) {
    case 0: WEIR_CHECK(encoder.encodeHeaders(test::Fields{{":status", "204"}}, true)); break;
    case 1:
      WEIR_CHECK(encoder.encodeHeaders(test::Fields{{":status", "200"}}, false));
      server.write(encoder, std::string(100'000, 'x'), true);
      break;
    case 2:
      WEIR_CHECK(encoder.encodeHeaders(test::Fields{{":status", "100"}}, false));
      WEIR_CHECK(encoder.encodeHeaders(test::Fields{{":status", "200"}}, false));
      encoder.encodeTrailers(test::Fields{{"a", "b"}});
      break;
    case 3: encoder.reset(http::ResetReason::Cancel); break;
    case 4: encoder.pauseReading(true); break;
    default: break;  // never
  }
}

// A stream ends once: nothing is told of one that has.
bool alive(const test::RecordingDecoder& stream) { return !stream.was_reset; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const unsigned how = bytes[0];
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  ServerHarness server;
  server.feed(test::ClientPreface);
  const size_t piece = how % 4 == 0 ? std::max<size_t>(stream.size(), 1) : how;
  size_t answered = 0;
  for (size_t at = 0; at < stream.size(); at += piece) {
    server.out.blocked = how % 7 == 3 && at / piece % 2 == 0;
    server.feed(stream.substr(at, piece));
    if (!server.out.blocked) server.codec->onWriteReady();
    for (; answered < server.events.streams.size(); ++answered) {
      if (alive(server.stream(answered))) answer(server, answered, how);
    }
    WEIR_CHECK(server.pool.bytesInUse() < 64U << 20);
    if (how % 16 == 5) server.codec->startDrain();
  }
  if (how % 32 == 9) server.codec->finishDrain();
  server.loop.advance(std::chrono::seconds(400));
  return 0;
}
