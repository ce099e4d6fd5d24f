// Any bytes as what a client sends. The first two bytes say where the stream is cut. Whatever the
// cut, the same is told; and a request that was told, written to an upstream, is read there as that
// same request and nothing more: no smuggling.

#include "source/event/loop.h"
#include "source/http/h1/client_codec.h"
#include "source/http/h1/server_codec.h"
#include "test/fuzz/http1_message.h"

namespace weir::http::fuzz {
namespace {

constexpr size_t MaxRequests = 50;

// Answers each request when it is whole, and a tunnel at once.
class Server final : public ServerCodecEvents {
 public:
  explicit Server(const Http1Settings& settings = {})
      : loop_(clock_),
        settings_(settings),
        input_(pool_),
        codec_(loop_, out_, pool_, settings_, *this) {}
  ~Server() override { codec_.onConnectionGone(); }

  StreamDecoder& onNewStream(StreamEncoder& encoder, Version, MonotonicTime) override {
    WEIR_CHECK(!ended_);
    encoder_ = &encoder;
    answered_ = false;
    messages.push_back(std::make_unique<Message>());
    return *messages.back();
  }
  void moreWanted() override { more_ = true; }
  void onStreamEnd() override {}
  void onEnd(ConnectionEnd, std::string_view reason, bool) override {
    WEIR_CHECK(!std::exchange(ended_, true) && !reason.empty());
  }

  void feed(std::string_view bytes, bool end) {
    input_.append(bytes);
    end_ = end_ || end;
    do {
      more_ = false;
      codec_.onBytes(input_, end_);
      answer();
      while (loop_.runOnce(false)) {
      }
    } while (more_ && !ended_ && messages.size() < MaxRequests);
  }

  std::vector<std::unique_ptr<Message>> messages;

 private:
  void answer() {
    if (messages.empty() || answered_) return;
    Message& message = *messages.back();
    const bool held = message.has_head && (message.head.has(HeaderId::Upgrade) ||
                                           message.head.get(HeaderId::Method) == "CONNECT");
    if (message.reset || (!message.over() && !held)) return;
    answered_ = true;
    HeaderMap head;
    setStatus(head, message.refused != 0 ? message.refused : 403);
    WEIR_CHECK(encoder_->encodeHeaders(head, true));
  }

  SystemClock clock_;
  event::Loop loop_;
  buffer::SlicePool pool_;
  const Http1Settings settings_;
  KeptStream out_;
  buffer::Buffer input_;
  StreamEncoder* encoder_ = nullptr;
  bool answered_ = false;
  bool more_ = false;
  bool end_ = false;
  bool ended_ = false;
  Http1ServerCodec codec_;
};

struct NoEvents final : CodecEvents {
  void moreWanted() override {}
  void onStreamEnd() override {}
  void onEnd(ConnectionEnd, std::string_view, bool) override {}
};

// The bytes of a request that was told whole.
std::string rewrite(const Message& message) {
  const SystemClock clock;
  event::Loop loop(clock);
  buffer::SlicePool pool;
  const Http1Settings settings;
  KeptStream out;
  NoEvents events;
  Message response;
  Http1ClientCodec codec(loop, out, pool, settings, events);
  StreamEncoder& encoder = codec.newStream(response);
  const bool bare = message.body.empty() && message.trailers.empty();
  WEIR_CHECK(encoder.encodeHeaders(message.head, bare));
  if (!message.body.empty()) {
    buffer::Buffer body(pool);
    body.append(message.body);
    encoder.encodeData(body, message.trailers.empty());
  }
  if (!message.trailers.empty()) encoder.encodeTrailers(message.trailers);
  while (loop.runOnce(false)) {
  }
  codec.onConnectionGone();
  return out.written;
}

// Without what a proxy may change: a length that is told where there was none.
std::string essence(const Message& message) {
  std::string all;
  for (const HeaderEntry& entry : message.head.entries()) {
    if (entry.id == HeaderId::ContentLength || entry.id == HeaderId::Te) continue;
    if (entry.id == HeaderId::Scheme || entry.id == HeaderId::Upgrade) continue;
    all += std::string(entry.name) + ": " + std::string(entry.value) + "\n";
  }
  for (const HeaderEntry& entry : message.trailers.entries()) {
    all += std::string(entry.name) + ": " + std::string(entry.value) + "\n";
  }
  return all + message.body;
}

void checkRewritten(const Message& message) {
  // HTTP/1.0 may leave the authority out, which is an empty Host in HTTP/1.1.
  if (!message.whole || message.refused != 0 || message.head.get(HeaderId::Authority).empty()) {
    return;
  }
  if (message.head.get(HeaderId::Method) == "CONNECT" || message.head.has(HeaderId::Upgrade))
    return;
  Server upstream(withRoomForFraming());
  upstream.feed(rewrite(message), false);
  WEIR_CHECK(upstream.messages.size() == 1);
  WEIR_CHECK(upstream.messages[0]->whole);
  WEIR_CHECK(essence(*upstream.messages[0]) == essence(message));
}

}  // namespace
}  // namespace weir::http::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  using namespace weir::http::fuzz;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  Server whole;
  whole.feed(bytes, true);
  Server cut;
  const auto pieces = cutInThree(bytes, data[0], data[1]);
  for (const std::string_view piece : pieces) cut.feed(piece, false);
  cut.feed("", true);

  WEIR_CHECK(whole.messages.size() == cut.messages.size());
  for (size_t i = 0; i < whole.messages.size(); ++i) {
    WEIR_CHECK(whole.messages[i]->text() == cut.messages[i]->text());
    checkRewritten(*whole.messages[i]);
  }
  return 0;
}
