#pragma once

// A client, a whole connection manager, and a server, the two ends on codecs of ours, each of
// either version of HTTP: what is written at one end is told at the other one. Thread: the test's.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "source/http/h1/client_codec.h"
#include "source/http/h1/server_codec.h"
#include "source/http/h2/client_codec.h"
#include "source/http/h2/server_codec.h"
#include "test/http/h2/codec_harness.h"
#include "test/support/http_proxy_harness.h"

namespace weir::test {

// More fields of the cluster.
inline std::string upstreamSpeaks(bool h2) {
  return std::string(", http_protocol_options: {upstream_protocol: HTTP") + (h2 ? "2}" : "1}");
}

// One end of a connection with the proxy: a codec of ours, over a peer.
class Party : public RecordingCodecEvents {
 public:
  explicit Party(TestPeer& peer) : peer_(peer) {}
  ~Party() override { codec->onConnectionGone(); }

  void moreWanted() override { more_ = true; }
  // Carries what there is; false if there was nothing.
  bool carry() {
    const bool any = take();
    const bool wrote = !out.written.empty();
    if (wrote && !gone_ && !end_sent_) peer_.send(out.written);
    out.written.clear();
    if ((out.ended || !end.empty()) && !gone_ && !std::exchange(end_sent_, true)) peer_.sendEnd();
    return any || wrote;
  }

  buffer::SlicePool pool;
  RecordingStream out;
  std::unique_ptr<http::Codec> codec;

 private:
  bool take() {
    const std::string came = peer_.takeReceived();
    const bool ended = peer_.ended() && !std::exchange(ended_, true);
    const bool gone = peer_.error() != 0 && !std::exchange(gone_, true);
    const bool more = std::exchange(more_, false);
    if (!end.empty()) return false;
    input_.append(came);
    if (!came.empty() || ended || more) codec->onBytes(input_, ended_);
    if (gone) codec->onConnectionGone();
    return ended || gone || more || !came.empty();
  }

  TestPeer& peer_;
  buffer::Buffer input_{pool};
  bool more_ = false;
  bool ended_ = false;
  bool gone_ = false;
  bool end_sent_ = false;
};

inline void write(buffer::SlicePool& pool, http::StreamEncoder& encoder, std::string_view bytes,
                  bool last) {
  buffer::Buffer data(pool);
  data.append(bytes);
  encoder.encodeData(data, last);
}

struct Message {
  FieldList fields;
  std::string body = {};
  FieldList trailers = {};
};

// A client, the proxy, and a server, with one request at a time.
class Exchange {
 public:
  Exchange(bool to_client_h2, bool to_server_h2, const std::string& route = "",
           const std::string& manager = "")
      : client_h2(to_client_h2),
        server_h2(to_server_h2),
        proxy({.manager = manager,
               .routes = "[{match: {prefix: /}, route: {cluster: up" + route +
                         "}}, {match: {connect_matcher: {}}, route: {cluster: up}}]",
               .cluster = upstreamSpeaks(server_h2)}) {
    client_ = std::make_unique<Party>(proxy.client());
    if (client_h2) {
      client_->codec = std::make_unique<http::Http2ClientCodec>(*proxy.loop(), client_->out,
                                                                client_->pool, h2_, *client_);
    } else {
      client_->codec = std::make_unique<http::Http1ClientCodec>(*proxy.loop(), client_->out,
                                                                client_->pool, h1_, *client_);
    }
    settle();
  }
  ~Exchange() {
    servers_.clear();
    client_.reset();
  }

  // All that can happen without time passing.
  void settle() {
    int quiet = 0;
    proxy.until([&] {
      proxy.run();
      while (servers_.size() < proxy.upstream().connections()) accept();
      bool any = client_->carry();
      for (auto& server : servers_) any |= server->carry();
      quiet = any ? 0 : quiet + 1;
      return quiet > 300;
    });
  }
  // Until the server has got `count` requests.
  bool served(size_t count) {
    return proxy.until([&] {
      settle();
      return requests().size() >= count;
    });
  }

  // Until the client has got the whole response.
  bool answered() {
    return proxy.until([&] {
      settle();
      return client().ended;
    });
  }

  void begin(const FieldList& fields, bool end) {
    auto& codec = dynamic_cast<http::ClientCodec&>(*client_->codec);
    client_->streams.push_back(std::make_unique<RecordingDecoder>());
    RecordingDecoder& decoder = *client_->streams.back();
    decoder.encoder = &codec.newStream(decoder);
    EXPECT_TRUE(decoder.encoder->encodeHeaders(Fields(fields), end));
    settle();
  }
  void request(const Message& message) {
    begin(message.fields, message.body.empty() && message.trailers.empty());
    finish(*client_, *client().encoder, message);
  }
  void respond(const Message& message) {
    const bool end = message.body.empty() && message.trailers.empty();
    EXPECT_TRUE(server().encoder->encodeHeaders(Fields(message.fields), end));
    settle();
    finish(*servers_.back(), *server().encoder, message);
  }
  void toServer(std::string_view bytes, bool last) {
    write(client_->pool, *client().encoder, bytes, last);
    settle();
  }
  void toClient(std::string_view bytes, bool last) {
    write(servers_.back()->pool, *server().encoder, bytes, last);
    settle();
  }

  RecordingDecoder& client() { return *client_->streams.back(); }
  RecordingDecoder& server() { return *requests().back(); }
  std::vector<RecordingDecoder*> requests() {
    std::vector<RecordingDecoder*> all;
    for (auto& one : servers_) {
      for (auto& stream : one->streams) all.push_back(stream.get());
    }
    return all;
  }
  Party& lastServer() { return *servers_.back(); }
  Party& clientParty() { return *client_; }
  std::string name() const {
    return std::string(client_h2 ? "h2" : "h1") + " to " + (server_h2 ? "h2" : "h1");
  }

  const bool client_h2;
  const bool server_h2;
  HttpProxyHarness proxy;

 private:
  void accept() {
    servers_.push_back(std::make_unique<Party>(proxy.upstream().peer(servers_.size())));
    Party& server = *servers_.back();
    if (server_h2) {
      server.codec = std::make_unique<http::Http2ServerCodec>(*proxy.loop(), server.out,
                                                              server.pool, h2_, server);
    } else {
      server.codec = std::make_unique<http::Http1ServerCodec>(*proxy.loop(), server.out,
                                                              server.pool, h1_, server);
    }
  }
  void finish(Party& party, http::StreamEncoder& encoder, const Message& message) {
    const bool trailers = !message.trailers.empty();
    if (!message.body.empty()) write(party.pool, encoder, message.body, !trailers);
    if (trailers) encoder.encodeTrailers(Fields(message.trailers));
    settle();
  }

  const http::Http1Settings h1_;
  const http::Http2Settings h2_;
  std::unique_ptr<Party> client_;
  std::vector<std::unique_ptr<Party>> servers_;
};

}  // namespace weir::test
