#include <functional>
#include <optional>

#include "test/support/test_peer.h"
#include "test/tls/tls_fixture.h"

namespace weir::tls {
namespace {

// Keeps the last fault's words.
class Faults : public test::RecordingEvents {
 public:
  void onFault(const Error& error) override {
    RecordingEvents::onFault(error);
    detail = error.detail;
    side = error.side;
  }
  std::string detail;
  Side side{};
};

class TransportsTest : public TlsTest {
 protected:
  // What each side says that went wrong, up to the colon; empty if nothing did.
  struct Outcome {
    std::string server;
    std::string client;
    bool operator==(const Outcome&) const = default;
  };

  Outcome connect() {
    makeTransports();
    return connectAgain();
  }

  Outcome connectAgain() {
    test::MemoryPipe pipe(*loop);
    Faults at_server;
    Faults at_client;
    net::Connection accepted(*loop, slices, pipe.takeSecond(), net::Connection::Start::Connected,
                             {}, at_server);
    accepted.secure(*server_transport, costly);
    net::Connection made(*loop, slices, wrap(pipe.takeFirst()), net::Connection::Start::Connecting,
                         {}, at_client);
    run();
    if (!at_server.detail.empty()) accepted.close(false);
    run();
    if (made.security() != nullptr) names = made.security()->peer_names;
    resumed = made.security() != nullptr && made.security()->resumed;
    protocol = made.security() == nullptr ? "" : made.security()->application_protocol;
    connected_both = accepted.security() != nullptr && made.security() != nullptr;
    const auto first = [](const std::string& text) { return text.substr(0, text.find(':')); };
    return {first(at_server.detail), first(at_client.detail)};
  }

  std::vector<std::string> names;  // of the server's certificate
  std::string protocol;            // agreed on
  bool resumed = false;
  bool connected_both = false;
};

TEST_F(TransportsTest, TheClientVerifiesTheServersName) {
  client.common.peer_names = {"other.test"};
  EXPECT_EQ(connect(), (Outcome{"peer_refuses_certificate", "identity_mismatch"}));
}

TEST_F(TransportsTest, AUriIsComparedExactly) {
  server.common.certificates.clear();
  addCertificate(server.common, {"spiffe://test/ns/a/sa/b"}, test::KeyType::Ec);
  client.common.peer_names = {"spiffe://test/ns/a/sa"};
  EXPECT_EQ(connect().client, "identity_mismatch");
  client.common.peer_names = {"spiffe://test/ns/x", "spiffe://test/ns/a/sa/b"};
  EXPECT_EQ(connect(), (Outcome{}));
}

TEST_F(TransportsTest, AWildcardStandsForOneLabel) {
  server.common.certificates.clear();
  addCertificate(server.common, {"*.wild.test"}, test::KeyType::Ec);
  client.common.peer_names = {"a.wild.test"};
  EXPECT_EQ(connect(), (Outcome{}));
  client.common.peer_names = {"a.b.wild.test"};
  EXPECT_EQ(connect().client, "identity_mismatch");
}

TEST_F(TransportsTest, AnExpiredCertificateIsRefused) {
  server.common.certificates.clear();
  addCertificate(server.common, {.names = {"server.test"},
                                 .not_before = std::chrono::hours(-3),
                                 .not_after = std::chrono::hours(-2)});
  EXPECT_EQ(connect(), (Outcome{"peer_finds_certificate_expired", "certificate_expired"}));
}

TEST_F(TransportsTest, ACertificateOfTheFutureIsRefused) {
  server.common.certificates.clear();
  addCertificate(server.common, {.names = {"server.test"},
                                 .not_before = std::chrono::hours(2),
                                 .not_after = std::chrono::hours(3)});
  EXPECT_EQ(connect().client, "certificate_not_yet_valid");
}

TEST_F(TransportsTest, AnotherAuthorityIsNotTrusted) {
  const test::CertificateAuthority other("other root");
  client.common.trusted_ca = other.pem();
  EXPECT_EQ(connect(), (Outcome{"peer_knows_no_ca", "unknown_ca"}));
}

TEST_F(TransportsTest, WhoeverAnswersIsBelievedIfSoSet) {
  client.verify = false;
  client.common.trusted_ca.clear();
  client.common.peer_names = {};
  EXPECT_EQ(connect(), (Outcome{}));
  EXPECT_TRUE(names.empty());  // nothing was verified, so nothing is said
}

TEST_F(TransportsTest, ACertificateMayBeDemandedOfClients) {
  server.client_certificates = ClientCertificates::Required;
  EXPECT_EQ(connect(), (Outcome{"no_certificate", "peer_demands_certificate"}));
  addCertificate(client.common, {"client.test"}, test::KeyType::Rsa);
  EXPECT_EQ(connect(), (Outcome{}));
}

TEST_F(TransportsTest, AnOptionalCertificateIsVerifiedIfThereIsOne) {
  server.client_certificates = ClientCertificates::Optional;
  EXPECT_EQ(connect(), (Outcome{}));
  const test::CertificateAuthority other("other root");
  const auto foreign = other.issue({.names = {"client.test"}});
  client.common.certificates.push_back({foreign.chain, foreign.key, "", "foreign"});
  EXPECT_EQ(connect(), (Outcome{"unknown_ca", "peer_knows_no_ca"}));
}

TEST_F(TransportsTest, ClientsMustHaveAnAcceptedName) {
  server.client_certificates = ClientCertificates::Required;
  server.common.peer_names = {"good.test"};
  addCertificate(client.common, {"bad.test"}, test::KeyType::Ec);
  EXPECT_EQ(connect().server, "identity_mismatch");
}

TEST_F(TransportsTest, VersionsThatDoNotMeetAreRefused) {
  server.common.min_version = Version::Tls13;
  client.common.max_version = Version::Tls12;
  EXPECT_EQ(connect(), (Outcome{"protocol_version", "protocol_version"}));
}

TEST_F(TransportsTest, Tls12IsSpoken) {
  client.common.max_version = Version::Tls12;
  EXPECT_EQ(connect(), (Outcome{}));
}

TEST_F(TransportsTest, TheCertificateIsChosenByServerName) {
  addCertificate(server.common, {"second.test", "*.deep.second.test"}, test::KeyType::Ec);
  for (const std::string name : {"second.test", "a.deep.second.test", "server.test"}) {
    client.server_name = name;
    client.common.peer_names = {name};
    EXPECT_EQ(connect(), (Outcome{})) << name;
  }
  client.server_name = "unknown.test";  // the first one
  client.common.peer_names = {"server.test"};
  EXPECT_EQ(connect(), (Outcome{}));
  client.server_name = "SECOND.test";
  client.common.peer_names = {"second.test"};
  EXPECT_EQ(connect(), (Outcome{}));
}

TEST_F(TransportsTest, TheCaseOfACertificatesNamesDoesNotMatter) {
  addCertificate(server.common, {"Mixed.Test", "*.Wild.test"}, test::KeyType::Ec);
  for (const std::string name : {"mixed.test", "a.wild.test"}) {
    client.server_name = name;
    client.common.peer_names = {name};
    EXPECT_EQ(connect(), (Outcome{})) << name;
  }
}

TEST_F(TransportsTest, AnRsaAndAnEcKeyMayServeOneName) {
  addCertificate(server.common, {"server.test"}, test::KeyType::Rsa);
  client.common.max_version = Version::Tls12;
  client.common.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  EXPECT_EQ(connect(), (Outcome{}));
  client.common.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_EQ(connect(), (Outcome{}));
}

TEST_F(TransportsTest, SessionsAreResumed) {
  for (const Version version : {Version::Tls12, Version::Tls13}) {
    client.common.max_version = version;
    EXPECT_EQ(connect(), (Outcome{}));
    EXPECT_FALSE(resumed);
    EXPECT_EQ(connectAgain(), (Outcome{}));
    EXPECT_TRUE(resumed);
    EXPECT_EQ(names, std::vector<std::string>{"server.test"});
  }
}

TEST_F(TransportsTest, SessionsAreNotResumedWithoutTickets) {
  server.session_tickets = false;
  EXPECT_EQ(connect(), (Outcome{}));
  EXPECT_EQ(connectAgain(), (Outcome{}));
  EXPECT_FALSE(resumed);
}

// A server in its handshake, with whatever a test makes of the other end.
class HandshakeTest : public TransportsTest {
 protected:
  HandshakeTest() {
    makeTransports();
    accepted.emplace(*loop, slices, pipe.takeSecond(), net::Connection::Start::Connected,
                     net::ConnectionLimits{}, at_server);
    accepted->secure(*server_transport, costly);
  }

  test::MemoryPipe pipe{*loop};
  Faults at_server;
  std::optional<net::Connection> accepted;
};

TEST_F(HandshakeTest, PlaintextIsNotTls) {
  test::RecordingEvents at_client;
  net::Connection made(*loop, slices, pipe.takeFirst(), net::Connection::Start::Connected, {},
                       at_client);
  write(made, "GET / HTTP/1.1\r\n\r\n");
  run();
  EXPECT_EQ(at_server.detail.substr(0, 8), "not_tls:");
  EXPECT_EQ(at_server.side, Side::Client);
}

TEST_F(HandshakeTest, AClientThatGoesAwayIsTold) {
  pipe.takeFirst()->shutdownWrite();
  run();
  EXPECT_EQ(at_server.detail, "peer_closed: in the handshake");
}

TEST_F(TransportsTest, AConnectionOffersItsOwnProtocol) {
  server.common.alpn = {"h2", "http/1.1"};
  client.common.alpn = {"h2"};
  start.protocol = "http/1.1";
  EXPECT_EQ(connect(), (Outcome{}));
  EXPECT_EQ(protocol, "http/1.1");
}

TEST_F(TransportsTest, AProtocolThatIsOnlyOfferedMayBeRefused) {
  start.protocol = "http/1.1";
  EXPECT_EQ(connect(), (Outcome{}));
  EXPECT_EQ(protocol, "");
}

TEST_F(TransportsTest, AProtocolThatIsRequiredMustBeAgreedOn) {
  start.protocol = "h2";
  start.protocol_required = true;
  server.common.alpn = {"h2"};
  EXPECT_EQ(connect(), (Outcome{}));
  EXPECT_EQ(protocol, "h2");
  server.common.alpn = {"http/1.1"};
  EXPECT_EQ(connect().client, "no_application_protocol");
  server.common.alpn = {};
  EXPECT_EQ(connect().client, "no_application_protocol");
}

TEST_F(TransportsTest, APreambleGoesInFrontOfTheHelloAndWithIt) {
  makeTransports();
  start.preamble = "PROXY UNKNOWN\r\n";
  test::MemoryPipe pipe(*loop);
  test::TestPeer peer(*loop, pipe.takeSecond());
  test::RecordingEvents events;
  const net::Connection made(*loop, slices, wrap(pipe.takeFirst()),
                             net::Connection::Start::Connecting, {}, events);
  run();
  const std::string first = peer.received();
  EXPECT_EQ(first.substr(0, 17), "PROXY UNKNOWN\r\n\x16\x03");
}

struct BrokenSettings {
  const char* name;
  std::function<void(ServerSettings&)> break_it;
  const char* message;
};

class Broken : public TransportsTest, public testing::WithParamInterface<BrokenSettings> {};

TEST_P(Broken, IsRefusedWithWords) {
  GetParam().break_it(server);
  const auto made = makeServerTransport(server);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().detail.find(GetParam().message), std::string::npos) << made.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    , Broken,
    testing::Values(
        BrokenSettings{"NoCertificate", [](auto& s) { s.common.certificates[0].chain = "hello"; },
                       "test: holds no certificate in PEM"},
        BrokenSettings{"NoKey", [](auto& s) { s.common.certificates[0].key = ""; },
                       "test: its private key cannot be read"},
        BrokenSettings{"AnotherKey",
                       [](auto& s) {
                         s.common.certificates[0].key =
                             test::CertificateAuthority("x").issue({}).key;
                       },
                       "test: the private key is not that of the certificate"},
        BrokenSettings{"BrokenChain",
                       [](auto& s) {
                         s.common.certificates[0].chain +=
                             "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
                       },
                       "certificate 2 is broken"},
        BrokenSettings{"Ciphers", [](auto& s) { s.common.ciphers = "NOTHING"; },
                       "\"NOTHING\" has no cipher"},
        BrokenSettings{"Suites", [](auto& s) { s.common.cipher_suites = "NOTHING"; },
                       "cipher_suites"},
        BrokenSettings{"Groups", [](auto& s) { s.common.groups = "NOTHING"; }, "groups"},
        BrokenSettings{"TrustedCa",
                       [](auto& s) {
                         s.client_certificates = ClientCertificates::Required;
                         s.common.trusted_ca = "nothing";
                       },
                       "trusted_ca: holds no certificate"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(TransportsTest, ACertificateIsDescribed) {
  const auto info = describeCertificate(server.common.certificates[0]);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info.value().subject, "CN=server.test");
  EXPECT_EQ(info.value().names, std::vector<std::string>{"server.test"});
  EXPECT_EQ(info.value().not_after - info.value().not_before, std::chrono::hours(25));
}

}  // namespace
}  // namespace weir::tls
