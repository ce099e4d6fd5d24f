#pragma once

// A server codec, and a connection and a connection manager around it. Not thread-safe.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/h1/server_codec.h"
#include "test/http/h1/recorder.h"
#include "test/support/test_loop.h"

namespace weir::http::test {

class ServerHarness : public RecordingCodecEvents<ServerCodecEvents> {
 public:
  explicit ServerHarness(const Http1Settings& given = {})
      : settings(given), input(pool), codec(*loop, out, pool, settings, *this) {}

  struct Stream {
    StreamEncoder* encoder;
    Version version;
    RecordingDecoder decoder;
  };

  StreamDecoder& onNewStream(StreamEncoder& encoder, Version version, MonotonicTime) override {
    streams.push_back(std::make_unique<Stream>());
    Stream& stream = *streams.back();
    stream.encoder = &encoder;
    stream.version = version;
    if (on_stream) on_stream(stream);
    return stream.decoder;
  }

  // Each request is answered when it is whole, each bad one by its status.
  void answerAll(std::string_view body = "ok") {
    on_stream = [this, body = std::string(body)](Stream& stream) {
      stream.decoder.on_end = [this, &stream, body] { respond(stream, 200, body); };
      stream.decoder.on_bad = [this, &stream](const BadMessage& bad) {
        respond(stream, bad.status, "");
      };
    };
  }
  void respond(Stream& stream, unsigned status, std::string_view body) {
    HeaderMap headers;
    setStatus(headers, status);
    if (!body.empty()) headers.add(HeaderId::ContentLength, std::to_string(body.size()));
    if (!stream.encoder->encodeHeaders(headers, body.empty())) std::abort();
    if (!body.empty()) send(stream, body, true);
  }
  void send(Stream& stream, std::string_view bytes, bool last) {
    buffer::Buffer data(pool);
    data.append(bytes);
    stream.encoder->encodeData(data, last);
  }

  void feed(std::string_view bytes, bool end_stream = false) {
    input.append(bytes);
    input_ended = input_ended || end_stream;
    deliver();
  }
  // As a connection does: what was left is shown again when more is wanted.
  void deliver() {
    codec.onBytes(input, input_ended);
    settle();
  }
  void settle() {
    loop.runUntilIdle();
    while (std::exchange(more_wanted, false) && end.empty()) {
      codec.onBytes(input, input_ended);
      loop.runUntilIdle();
    }
  }
  // All that was told, of all streams.
  std::string story() {
    std::string all;
    for (auto& stream : streams) all += stream->decoder.told();
    if (!end.empty()) all += "connection " + end + "\n";
    return all;
  }
  RecordingDecoder& first() { return streams.at(0)->decoder; }

  weir::test::TestLoop loop;
  buffer::SlicePool pool;
  const Http1Settings settings;
  SinkStream out;
  buffer::Buffer input;
  bool input_ended = false;
  std::vector<std::unique_ptr<Stream>> streams;
  std::function<void(Stream&)> on_stream;
  Http1ServerCodec codec;
};

}  // namespace weir::http::test
