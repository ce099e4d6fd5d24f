// Once warm, neither side allocates for a request and its response: every allocation of this
// program is counted.

#include <gtest/gtest.h>

#include <string>

#include "source/http/h1/client_codec.h"
#include "source/http/h1/server_codec.h"
#include "test/support/allocation_counter.h"
#include "test/support/test_loop.h"

namespace weir::http::test {
namespace {

// One direction of a connection: what one codec writes lies here until the other one reads it.
class Wire final : public net::Stream {
 public:
  explicit Wire(buffer::SlicePool& pool) : bytes(pool) {}
  void write(buffer::Buffer& data, bool) override { bytes.take(data); }
  bool writeBlocked() const override { return false; }
  void pauseReading(net::Pause) override {}
  void resumeReading(net::Pause) override {}

  buffer::Buffer bytes;
};

class Message final : public StreamDecoder {
 public:
  explicit Message(buffer::SlicePool& pool) : body(pool) {}
  HeaderMap& fields(Part part) override { return part == Part::Head ? head : trailers; }
  void onHeaders(bool end_stream) override { whole = end_stream; }
  void onData(buffer::Buffer& data, bool end_stream) override {
    body.take(data);
    whole = end_stream;
  }
  void onTrailers() override { whole = true; }
  void onReset(ResetReason, std::string_view) override {}
  void onBadMessage(const BadMessage&) override {}
  void onWriteReady() override {}
  void clear() {
    head.clear();
    trailers.clear();
    body.clear();
    whole = false;
  }

  HeaderMap head;
  HeaderMap trailers;
  buffer::Buffer body;
  bool whole = false;
};

class Pair final : public ServerCodecEvents {
 public:
  Pair()
      : request(pool),
        response(pool),
        to_server(pool),
        to_client(pool),
        client(*loop, to_server, pool, settings, *this),
        server(*loop, to_client, pool, settings, *this) {
    ask.add(HeaderId::Method, "POST");
    ask.add(HeaderId::Path, "/some/path?with=query");
    ask.add(HeaderId::Authority, "example.com");
    ask.add("accept", "text/html,application/xhtml+xml");
    ask.add("x-request-id", "0123456789abcdef");
    answer.add(HeaderId::Status, "200");
    answer.add("content-type", "text/plain");
    answer.add("date", "Thu, 01 Jan 1970 00:00:00 GMT");
  }

  StreamDecoder& onNewStream(StreamEncoder& encoder, Version, MonotonicTime) override {
    server_encoder = &encoder;
    return request;
  }
  void moreWanted() override {}
  void onStreamEnd() override {}
  void onEnd(ConnectionEnd, std::string_view, bool) override { ended = true; }

  // A chunked body each way.
  bool exchange() {
    StreamEncoder& encoder = client.newStream(response);
    if (!encoder.encodeHeaders(ask, false)) return false;
    encode(encoder, "request body");
    server.onBytes(to_server.bytes, false);
    if (!request.whole || !server_encoder->encodeHeaders(answer, false)) return false;
    encode(*server_encoder, "response body");
    client.onBytes(to_client.bytes, false);
    loop.runUntilIdle();
    const bool done = response.whole && request.body.size() == 12 && response.body.size() == 13;
    request.clear();
    response.clear();
    return done && !ended;
  }

 private:
  void encode(StreamEncoder& encoder, std::string_view text) {
    buffer::Buffer data(pool);
    data.append(text);
    encoder.encodeData(data, true);
    loop.runUntilIdle();
  }

  weir::test::TestLoop loop;
  buffer::SlicePool pool;
  const Http1Settings settings;
  HeaderMap ask;
  HeaderMap answer;
  Message request;
  Message response;
  Wire to_server;
  Wire to_client;
  StreamEncoder* server_encoder = nullptr;
  bool ended = false;
  Http1ClientCodec client;
  Http1ServerCodec server;
};

TEST(AllocationTest, TheCounterCounts) {
  const uint64_t before = weir::test::allocations();
  const std::string text(100, 'x');
  EXPECT_EQ(weir::test::allocations() - before, 1U) << text.size();
}

TEST(AllocationTest, AThousandRequestsAllocateNothing) {
  Pair pair;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pair.exchange());
  const uint64_t before = weir::test::allocations();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pair.exchange());
  EXPECT_EQ(weir::test::allocations(), before);
}

}  // namespace
}  // namespace weir::http::test
