#pragma once

// An HTTP/2 codec of either side on a loop with a manual clock, over a stream that keeps what was
// written; and decoders that keep what they were told as text. Thread: the test's.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/http/h2/client_codec.h"
#include "source/http/h2/server_codec.h"
#include "test/http/h2/frames.h"
#include "test/support/test_loop.h"

namespace weir::test {

// What was written, and whether the connection is blocked: as the test says.
class RecordingStream final : public net::Stream {
 public:
  void write(buffer::Buffer& data, bool end_stream) override {
    written += data.toString();
    data.clear();
    ended |= end_stream;
  }
  bool writeBlocked() const override { return blocked; }
  void pauseReading(net::Pause) override {}
  void resumeReading(net::Pause) override {}

  std::string written;
  bool blocked = false;
  bool ended = false;
};

// One end of a stream. Text of what it was told, a line for each call; the bytes of a body are
// joined, however they came.
class RecordingDecoder final : public http::StreamDecoder {
 public:
  http::HeaderMap& fields(Part part) override { return part == Part::Head ? head_ : trailers_; }
  void onHeaders(bool end_stream) override;
  void onData(buffer::Buffer& data, bool end_stream) override;
  void onTrailers() override;
  void onReset(http::ResetReason reason, std::string_view detail) override;
  void onBadMessage(const http::BadMessage& bad) override;
  void onWriteReady() override { ++write_ready; }

  http::StreamEncoder* encoder = nullptr;
  std::string log;
  std::string body;
  int write_ready = 0;
  bool ended = false;
  bool was_reset = false;

 private:
  void tell(std::string_view what, const http::HeaderMap& fields);

  http::HeaderMap head_;
  http::HeaderMap trailers_;
};

// What a codec told its owner.
class RecordingCodecEvents : public http::ServerCodecEvents {
 public:
  http::StreamDecoder& onNewStream(http::StreamEncoder& encoder, http::Version,
                                   MonotonicTime) override;
  void moreWanted() override {}
  void onStreamEnd() override { ++streams_ended; }
  void onRoomChange() override { ++room_changes; }
  void onEnd(http::ConnectionEnd how, std::string_view reason, bool fault) override;

  std::vector<std::unique_ptr<RecordingDecoder>> streams;
  int streams_ended = 0;
  int room_changes = 0;
  std::string end;  // "flush drained", "reset h2_ping_flood fault"
};

// A map with these fields.
struct Fields : http::HeaderMap {
  Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    for (const auto& [name, value] : fields) add(name, value);
  }
  explicit Fields(const FieldList& fields) {
    for (const auto& [name, value] : fields) add(name, value);
  }
};

template <class CodecType>
class CodecHarness {
 public:
  explicit CodecHarness(const http::Http2Settings& settings = {})
      : own_loop_(std::make_unique<TestLoop>()),
        loop(*own_loop_),
        codec(std::make_unique<CodecType>(*loop, out, pool, settings, events)) {}
  CodecHarness(TestLoop& shared, const http::Http2Settings& settings)
      : loop(shared), codec(std::make_unique<CodecType>(*loop, out, pool, settings, events)) {}
  ~CodecHarness() { codec->onConnectionGone(); }

  // Bytes from the peer; and all that follows from them.
  void feed(std::string_view bytes, bool end_stream = false) {
    buffer::Buffer data(pool);
    data.append(bytes);
    codec->onBytes(data, end_stream);
    loop.runUntilIdle();
  }
  // What was written since the last call.
  std::string sent() {
    loop.runUntilIdle();
    return std::exchange(out.written, {});
  }
  void write(http::StreamEncoder& encoder, std::string_view bytes, bool end_stream) {
    buffer::Buffer data(pool);
    data.append(bytes);
    encoder.encodeData(data, end_stream);
  }
  // A new stream of a client.
  RecordingDecoder& request(const FieldList& fields, bool end_stream = true) {
    events.streams.push_back(std::make_unique<RecordingDecoder>());
    RecordingDecoder& decoder = *events.streams.back();
    decoder.encoder = &codec->newStream(decoder);
    sent_ok = decoder.encoder->encodeHeaders(Fields(fields), end_stream);
    return decoder;
  }
  RecordingDecoder& stream(size_t i = 0) { return *events.streams.at(i); }

 private:
  std::unique_ptr<TestLoop> own_loop_;

 public:
  TestLoop& loop;
  buffer::SlicePool pool;
  RecordingStream out;
  RecordingCodecEvents events;
  std::unique_ptr<CodecType> codec;
  bool sent_ok = false;
};

using ServerHarness = CodecHarness<http::Http2ServerCodec>;
using ClientHarness = CodecHarness<http::Http2ClientCodec>;

// A client and a server that are connected; pump() carries bytes until neither has any.
struct CodecPair {
  explicit CodecPair(const http::Http2Settings& server_settings = {},
                     const http::Http2Settings& client_settings = {})
      : server(loop, server_settings), client(loop, client_settings) {
    pump();
  }
  void pump();

  TestLoop loop;
  ServerHarness server;
  ClientHarness client;
};

}  // namespace weir::test
