// Any bytes as what an upstream sends. The first byte says what was asked, the next two where the
// stream is cut. Whatever the cut, the same is told; and a response that was told whole, written to
// a client, is read there as that same response and nothing more.

#include "source/event/loop.h"
#include "source/http/h1/client_codec.h"
#include "source/http/h1/server_codec.h"
#include "test/fuzz/http1_message.h"

namespace weir::http::fuzz {
namespace {

void fillRequest(uint8_t what, HeaderMap& head) {
  const bool connect = what % 4 == 2;
  head.add(HeaderId::Method, connect ? "CONNECT" : what % 4 == 1 ? "HEAD" : "GET");
  head.add(HeaderId::Authority, "a:1");
  if (!connect) head.add(HeaderId::Path, "/");
  if (what % 4 == 3) head.add(HeaderId::Upgrade, "x");
}

class Client final : public CodecEvents {
 public:
  explicit Client(uint8_t what, const Http1Settings& settings = {})
      : loop_(clock_),
        settings_(settings),
        input_(pool_),
        codec_(loop_, out_, pool_, settings_, *this) {
    HeaderMap head;
    fillRequest(what, head);
    WEIR_CHECK(codec_.newStream(message).encodeHeaders(head, what % 4 < 2));
    run();
  }
  ~Client() override { codec_.onConnectionGone(); }

  void moreWanted() override { more_ = true; }
  void onStreamEnd() override { WEIR_CHECK(!std::exchange(stream_ended_, true)); }
  void onEnd(ConnectionEnd, std::string_view reason, bool) override {
    WEIR_CHECK(!std::exchange(ended_, true) && !reason.empty());
  }

  void feed(std::string_view bytes, bool end) {
    input_.append(bytes);
    do {
      more_ = false;
      codec_.onBytes(input_, end);
      run();
    } while (more_ && !ended_);
    if (end) WEIR_CHECK(message.over());
    WEIR_CHECK(input_.empty());
  }

  Message message;

 private:
  void run() {
    while (loop_.runOnce(false)) {
    }
  }

  SystemClock clock_;
  event::Loop loop_;
  buffer::SlicePool pool_;
  const Http1Settings settings_;
  KeptStream out_;
  buffer::Buffer input_;
  bool more_ = false;
  bool ended_ = false;
  bool stream_ended_ = false;
  Http1ClientCodec codec_;
};

class Proxy final : public ServerCodecEvents {
 public:
  // What a client that asked gets to read.
  std::string rewrite(const Message& response, bool head_only) {
    const SystemClock clock;
    event::Loop loop(clock);
    buffer::SlicePool pool;
    const Http1Settings settings;
    KeptStream out;
    Http1ServerCodec codec(loop, out, pool, settings, *this);
    buffer::Buffer input(pool);
    input.append(std::string(head_only ? "HEAD" : "GET") + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    codec.onBytes(input, false);
    const bool bare = response.body.empty() && response.trailers.empty();
    WEIR_CHECK(encoder_->encodeHeaders(response.head, bare));
    if (!response.body.empty()) {
      buffer::Buffer body(pool);
      body.append(response.body);
      encoder_->encodeData(body, response.trailers.empty());
    }
    if (!response.trailers.empty()) encoder_->encodeTrailers(response.trailers);
    while (loop.runOnce(false)) {
    }
    codec.onConnectionGone();
    return out.written;
  }
  StreamDecoder& onNewStream(StreamEncoder& encoder, Version, MonotonicTime) override {
    encoder_ = &encoder;
    return request_;
  }
  void moreWanted() override {}
  void onStreamEnd() override {}
  void onEnd(ConnectionEnd, std::string_view, bool) override {}

 private:
  Message request_;
  StreamEncoder* encoder_ = nullptr;
};

std::string essence(const Message& message) {
  std::string all;
  for (const HeaderMap* map : {&message.head, &message.trailers}) {
    for (const HeaderEntry& entry : map->entries()) {
      if (entry.id == HeaderId::ContentLength) continue;
      all += std::string(entry.name) + ": " + std::string(entry.value) + "\n";
    }
  }
  return all + message.body;
}

}  // namespace
}  // namespace weir::http::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  using namespace weir::http::fuzz;
  const uint8_t what = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data + 3), size - 3);
  Client whole(what);
  whole.feed(bytes, true);
  Client cut(what);
  for (const std::string_view piece : cutInThree(bytes, data[1], data[2])) {
    cut.feed(piece, false);
  }
  cut.feed("", true);
  WEIR_CHECK(whole.message.text() == cut.message.text());

  if (what % 4 >= 2 || !whole.message.whole) return 0;
  const bool head_only = what % 4 == 1;
  Client client(what, withRoomForFraming());
  client.feed(Proxy().rewrite(whole.message, head_only), false);
  WEIR_CHECK(client.message.whole);
  WEIR_CHECK(essence(client.message) == essence(whole.message));
  return 0;
}
