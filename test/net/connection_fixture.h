#pragma once

// A connection with a limit of 1000 bytes at one end of a memory pipe, what it told, and the peer
// at the other end.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "source/net/connection.h"
#include "test/support/memory_pipe.h"
#include "test/support/recording_events.h"
#include "test/support/test_loop.h"
#include "test/support/test_peer.h"

namespace weir::net {

using Lines = test::RecordingEvents::Lines;

constexpr size_t Limit = 1000;

// A connection at one end of a pipe, and the peer at the other.
struct ConnectionFixture {
  explicit ConnectionFixture(Connection::Start start = Connection::Start::Connected)
      : pipe(*loop, start == Connection::Start::Connecting ? test::MemoryPipe::Start::Connecting
                                                           : test::MemoryPipe::Start::Connected),
        peer(*loop, pipe.takeSecond()),
        connection(*loop, slices, pipe.takeFirst(), start, {Limit}, events) {}

  void run() { loop.runUntilIdle(); }
  Lines told() {
    run();
    return events.take();
  }
  void write(std::string_view text, bool end = false) {
    buffer::Buffer data(slices);
    data.append(text);
    connection.write(data, end);
    EXPECT_TRUE(data.empty());
  }

  // In this order: each uses those above it.
  buffer::SlicePool slices;
  test::TestLoop loop;
  test::MemoryPipe pipe;
  test::TestPeer peer;
  test::RecordingEvents events;
  Connection connection;
};

class ConnectionTest : public testing::Test, protected ConnectionFixture {};
class ConnectingTest : public testing::Test, protected ConnectionFixture {
 protected:
  ConnectingTest() : ConnectionFixture(Connection::Start::Connecting) {}
};

}  // namespace weir::net
