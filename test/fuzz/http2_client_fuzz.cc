// Any bytes as a server's of HTTP/2, against the client's codec with some requests under way. The
// first byte says how the stream is cut and what kind of requests they are; the rest is the stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "source/base/check.h"
#include "test/http/h2/codec_harness.h"

namespace {

using namespace weir;
using test::ClientHarness;

void begin(ClientHarness& client, unsigned how) {
  if (!client.codec->canTake()) return;
  const bool tunnel = how % 5 == 1;
  const bool whole = how % 2 == 0;
  test::RecordingDecoder& stream = client.request(
      tunnel ? test::FieldList{{":method", "CONNECT"}, {":authority", "a:1"}} : test::get(), whole);
  WEIR_CHECK(client.sent_ok);
  if (!whole) client.write(*stream.encoder, std::string(70'000, 'x'), how % 3 == 0);
  if (how % 11 == 4) stream.encoder->pauseReading(true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const unsigned how = bytes[0];
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  ClientHarness client;
  for (unsigned i = 0; i < 4; ++i) begin(client, how + i);
  client.sent();
  const size_t piece = how % 4 == 0 ? std::max<size_t>(stream.size(), 1) : how;
  for (size_t at = 0; at < stream.size(); at += piece) {
    client.feed(stream.substr(at, piece));
    begin(client, how + static_cast<unsigned>(at));
    client.sent();
    WEIR_CHECK(client.pool.bytesInUse() < 64U << 20);
  }
  if (how % 8 == 2) client.codec->finishDrain();
  client.loop.advance(std::chrono::seconds(400));
  return 0;
}
