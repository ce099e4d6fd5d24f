#pragma once

// A client and a server, played by a test, with a relay between them: over any two streams.

#include <memory>
#include <string>

#include "source/net/relay.h"
#include "test/support/test_loop.h"
#include "test/support/test_peer.h"

namespace weir::net {

// One side of the relay: a connection whose events go to it, and the peer behind it.
struct RelaySide final : ConnectionEvents {
  RelaySide(Relay::Side which, event::Loop& loop, buffer::SlicePool& slices,
            std::unique_ptr<Io> own_end, std::unique_ptr<Io> peers_end, size_t limit)
      : side(which),
        peer(loop, std::move(peers_end)),
        connection(loop, slices, std::move(own_end), Connection::Start::Connected, {limit}, *this) {
  }

  void onData(buffer::Buffer& data, bool end_stream) override {
    relay->onData(side, data, end_stream);
  }
  void onWriteReady() override { relay->onWriteReady(side); }
  void onReadReady() override { relay->onReadReady(side); }
  void onFault(const Error& error) override { fault = toString(error.code); }

  const Relay::Side side;
  test::TestPeer peer;
  Connection connection;
  Relay* relay = nullptr;
  std::string fault;  // empty: none
};

// Bytes that tell where they stand, so that a swap or a loss shows.
inline std::string numberedBytes(size_t n, unsigned seed = 1) {
  std::string text(n, '\0');
  for (size_t i = 0; i < n; ++i) text[i] = static_cast<char>((i * 7 + i / 251 + seed) & 0xff);
  return text;
}

}  // namespace weir::net
