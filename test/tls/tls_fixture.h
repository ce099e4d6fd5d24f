#pragma once

// Two connections with TLS between them, over a memory pipe.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "source/net/connection.h"
#include "source/tls/transports.h"
#include "test/support/certificates.h"
#include "test/support/memory_pipe.h"
#include "test/support/recording_events.h"
#include "test/support/test_loop.h"

namespace weir::tls {

using Lines = test::RecordingEvents::Lines;

// A server and a client that trust each other, to be changed by a test before it connects them.
class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    addCertificate(server.common, {"server.test"}, test::KeyType::Ec);
    server.common.trusted_ca = ca.pem();
    client.common.trusted_ca = ca.pem();
    client.common.peer_names = {"server.test"};
    client.server_name = "server.test";
  }

  void addCertificate(CommonSettings& to, std::vector<std::string> names, test::KeyType type) {
    addCertificate(to, {.names = std::move(names), .key = type});
  }
  void addCertificate(CommonSettings& to, const test::CertificateRequest& request) {
    const auto made = ca.issue(request);
    to.certificates.push_back({made.chain, made.key, "", "test"});
  }

  void makeTransports() {
    auto for_server = makeServerTransport(server);
    ASSERT_TRUE(for_server.ok()) << for_server.error().detail;
    server_transport = for_server.value();
    auto for_client = makeClientTransport(client);
    ASSERT_TRUE(for_client.ok()) << for_client.error().detail;
    client_transport = for_client.value();
  }

  // One connection between them.
  struct Pair {
    explicit Pair(TlsTest& test)
        : pipe(*test.loop),
          accepted(*test.loop, test.slices, pipe.takeSecond(), net::Connection::Start::Connected,
                   {}, at_server),
          made(*test.loop, test.slices, test.wrap(pipe.takeFirst()),
               net::Connection::Start::Connecting, {}, at_client) {
      accepted.secure(*test.server_transport, test.costly);
    }

    test::MemoryPipe pipe;
    test::RecordingEvents at_server;
    test::RecordingEvents at_client;
    net::Connection accepted;
    net::Connection made;
  };

  std::unique_ptr<net::Io> wrap(std::unique_ptr<net::Io> io) {
    buffer::Buffer nothing(slices);
    return client_transport->over(std::move(io), nothing, costly, start);
  }
  void run() { loop.runUntilIdle(); }
  void write(net::Connection& to, std::string_view text, bool end = false) {
    buffer::Buffer data(slices);
    data.append(text);
    to.write(data, end);
  }

  buffer::SlicePool slices;
  test::TestLoop loop;
  event::StepQueue costly{*loop};
  test::CertificateAuthority ca{"test root"};
  ServerSettings server;
  ClientSettings client;
  net::Transport::Start start;  // of the client's connections
  std::shared_ptr<const net::Transport> server_transport;
  std::shared_ptr<const net::Transport> client_transport;
};

}  // namespace weir::tls
