#pragma once

// A client codec, and a connection and a pool around it. Not thread-safe.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/h1/client_codec.h"
#include "test/http/h1/recorder.h"
#include "test/support/test_loop.h"

namespace weir::http::test {

class ClientHarness : public RecordingCodecEvents<CodecEvents> {
 public:
  explicit ClientHarness(const Http1Settings& given = {})
      : settings(given), input(pool), codec(*loop, out, pool, settings, *this) {}

  struct Stream {
    StreamEncoder* encoder = nullptr;
    RecordingDecoder decoder;
  };

  // A stream that has sent nothing.
  Stream& open() {
    streams.push_back(std::make_unique<Stream>());
    streams.back()->encoder = &codec.newStream(streams.back()->decoder);
    return *streams.back();
  }
  // A stream with the head of a request, which is sent.
  Stream& request(std::string_view method = "GET", bool end_stream = true,
                  std::vector<std::pair<std::string, std::string>> more = {}) {
    Stream& stream = open();
    HeaderMap headers;
    headers.add(HeaderId::Method, method);
    headers.add(HeaderId::Authority, method == "CONNECT" ? "a:1" : "a");
    if (method != "CONNECT") headers.add(HeaderId::Path, "/");
    for (const auto& [name, value] : more) headers.add(name, value);
    if (!stream.encoder->encodeHeaders(headers, end_stream)) std::abort();
    loop.runUntilIdle();
    return stream;
  }
  void send(Stream& stream, std::string_view bytes, bool last) {
    buffer::Buffer data(pool);
    data.append(bytes);
    stream.encoder->encodeData(data, last);
    loop.runUntilIdle();
  }

  void feed(std::string_view bytes, bool end_stream = false) {
    input.append(bytes);
    input_ended = input_ended || end_stream;
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
  std::string story() {
    std::string all;
    for (auto& stream : streams) all += stream->decoder.told();
    if (!end.empty()) all += "connection " + end + "\n";
    return all;
  }

  weir::test::TestLoop loop;
  buffer::SlicePool pool;
  const Http1Settings settings;
  SinkStream out;
  buffer::Buffer input;
  bool input_ended = false;
  std::vector<std::unique_ptr<Stream>> streams;
  Http1ClientCodec codec;
};

}  // namespace weir::http::test
