// Every rule for the TLS of a cluster, and what is taken.
#include "test/config/rejected_fields.h"
#include "test/support/certificates.h"

namespace weir::config {
namespace {

using test::inlined;

std::string file(const std::string& cluster) {
  return "listeners:\n- name: l\n  address: 127.0.0.1:15001\n  filter_chains:\n  - {name: c, "
         "filters: [" +
         Echo + "]}\nclusters:\n- {name: up, " + cluster + "}\n";
}

// The message of the only error, behind the path of the cluster.
std::string errorOf(const std::string& cluster) {
  const std::string all = errorsIn(file(cluster));
  const size_t at = all.find("clusters[0]");
  return at == all.npos ? all : all.substr(at + 11, all.size() - at - 12);
}

upstream::ClusterSettings settingsOf(const std::string& cluster) {
  auto loaded = parseSettings(file(cluster), Format::Yaml, fakeRegistry());
  EXPECT_TRUE(loaded.settings) << errorsIn(file(cluster));
  return loaded.settings->clusters.at(0);
}

tls::ClientSettings tlsOf(const upstream::ClusterSettings& settings, size_t endpoint = 0) {
  const upstream::SharedTransport& transport = settings.endpoints.at(endpoint).transport;
  EXPECT_TRUE(transport);
  return transport ? transport->settings : tls::ClientSettings();
}

using Names = std::vector<std::string>;
constexpr char One[] = "endpoints: [{address: 127.0.0.1:1}], ";

TEST(UpstreamTlsTest, TheNameThatIsAskedForIsTheOneThatIsVerified) {
  const auto tls = tlsOf(settingsOf(std::string(One) + "tls_context: {sni: a.test}"));
  EXPECT_EQ(tls.server_name, "a.test");
  EXPECT_EQ(tls.common.peer_names, Names{"a.test"});
  EXPECT_TRUE(tls.verify);
  EXPECT_TRUE(tls.system_roots);
}

TEST(UpstreamTlsTest, AnEndpointsOwnNameIsTheDefault) {
  const auto settings = settingsOf(
      "type: STRICT_DNS, endpoints: [{address: 'a.test:1'}, {address: 'b.test:1'}], "
      "tls_context: {}");
  EXPECT_EQ(tlsOf(settings, 0).server_name, "a.test");
  EXPECT_EQ(tlsOf(settings, 1).common.peer_names, Names{"b.test"});
}

TEST(UpstreamTlsTest, OtherNamesMayBeVerified) {
  const test::CertificateAuthority ca("root");
  const auto tls = tlsOf(settingsOf(
      std::string(One) +
      "tls_context: {sni: a.test, common_tls_context: {validation_context: {trusted_ca: " +
      inlined(ca.pem()) + ", verify_subject_alt_name: ['spiffe://x/y']}}}"));
  EXPECT_EQ(tls.server_name, "a.test");
  EXPECT_EQ(tls.common.peer_names, Names{"spiffe://x/y"});
  EXPECT_FALSE(tls.system_roots);
}

TEST(UpstreamTlsTest, AnEndpointMayHaveAnIdentityOfItsOwn) {
  const auto settings = settingsOf(
      "endpoints: [{address: 127.0.0.1:1, identity: a.mesh, opaque_transport_port: 5432}, "
      "{address: 127.0.0.1:2, identity: 'spiffe://m/b', server_name: b.mesh}, "
      "{address: 127.0.0.1:3, plaintext: true}], tls_context: {sni: all.test}");
  EXPECT_EQ(tlsOf(settings, 0).server_name, "a.mesh");
  EXPECT_EQ(tlsOf(settings, 0).common.peer_names, Names{"a.mesh"});
  EXPECT_EQ(settings.endpoints[0].transport->opaque_port, 5432);
  EXPECT_EQ(tlsOf(settings, 1).server_name, "b.mesh");
  EXPECT_EQ(tlsOf(settings, 1).common.peer_names, Names{"spiffe://m/b"});
  EXPECT_FALSE(settings.endpoints[2].transport);
}

TEST(UpstreamTlsTest, WhatIsNotTrustedMayBeAccepted) {
  const auto tls =
      tlsOf(settingsOf(std::string(One) + "tls_context: {common_tls_context: {validation_context: "
                                          "{trust_chain_verification: ACCEPT_UNTRUSTED}}}"));
  EXPECT_FALSE(tls.verify);
}

TEST(UpstreamTlsTest, AnOriginalDestinationHasItToo) {
  const auto settings = settingsOf("type: ORIGINAL_DST, tls_context: {sni: a.test}");
  ASSERT_TRUE(settings.transport);
  EXPECT_EQ(settings.transport->settings.server_name, "a.test");
}

// So that a reload leaves connections, and sessions to resume, alone.
TEST(UpstreamTlsTest, EqualSettingsAreEqual) {
  const std::string base = std::string(One) + "tls_context: {sni: a.test}";
  EXPECT_EQ(settingsOf(base), settingsOf(base));
  for (const char* other : {"tls_context: {sni: b.test}", "connect_timeout: 4s",
                            "tls_context: {sni: a.test, common_tls_context: {tls_params: "
                            "{tls_minimum_protocol_version: TLSv1_3}}}"})
    EXPECT_FALSE(settingsOf(base) == settingsOf(std::string(One) + other)) << other;
}

TEST(UpstreamTlsTest, EndpointsOfTheSameNameShareOneTransport) {
  const auto settings = settingsOf(
      "endpoints: [{address: 127.0.0.1:1}, {address: 127.0.0.1:2}], tls_context: {sni: a.test}");
  EXPECT_EQ(&*settings.endpoints[0].transport, &*settings.endpoints[1].transport);
}

TEST(UpstreamTlsTest, CertificatesAreWatchedOver) {
  const test::CertificateAuthority ca("root");
  const auto made = ca.issue({.names = {"client.test"}});
  const std::string yaml =
      file(std::string(One) +
           "tls_context: {sni: a.test, common_tls_context: {tls_certificates: "
           "[{certificate_chain: " +
           inlined(made.chain) + ", private_key: " + inlined(made.key) + "}]}}");
  const auto loaded = parseSettings(yaml, Format::Yaml, fakeRegistry());
  ASSERT_TRUE(loaded.settings) << errorsIn(yaml);
  ASSERT_EQ(loaded.settings->certificates.size(), 1U);
  EXPECT_EQ(loaded.settings->certificates[0].subject, "CN=client.test");
  EXPECT_EQ(loaded.json.find("PRIVATE KEY"), std::string::npos);
}

TEST(UpstreamTlsTest, ANameIsRequired) {
  EXPECT_EQ(errorOf(std::string(One) + "tls_context: {}"),
            ".endpoints[0]: no name is known that the server's certificate must have: set the "
            "tls_context's sni or its verify_subject_alt_name, or the endpoint's identity");
  EXPECT_EQ(errorOf("type: ORIGINAL_DST, tls_context: {}"),
            ".tls_context: no name is known that the server's certificate must have: set the "
            "tls_context's sni or its verify_subject_alt_name, or the endpoint's identity");
}

TEST(UpstreamTlsTest, WhatNeedsTheContextSaysSo) {
  const auto endpoint = [](const std::string& fields) {
    return errorOf("endpoints: [{address: 127.0.0.1:1, " + fields + "}]");
  };
  EXPECT_EQ(endpoint("identity: a"), ".endpoints[0].identity: needs the cluster's tls_context");
  EXPECT_EQ(endpoint("server_name: a"),
            ".endpoints[0].server_name: needs the cluster's tls_context");
  EXPECT_EQ(endpoint("opaque_transport_port: 1"),
            ".endpoints[0].opaque_transport_port: needs the cluster's tls_context");
  EXPECT_EQ(endpoint("plaintext: true"),
            ".endpoints[0].plaintext: needs the cluster's tls_context; without it nothing is TLS");
}

TEST(UpstreamTlsTest, SaysWhatIsWrong) {
  const auto endpoint = [](const std::string& fields) {
    return errorOf("endpoints: [{address: 127.0.0.1:1, " + fields +
                   "}], tls_context: {sni: a.test}");
  };
  EXPECT_EQ(endpoint("identity: a, plaintext: true"),
            ".endpoints[0].identity: must not be set with plaintext");
  EXPECT_EQ(endpoint("opaque_transport_port: 65536"),
            ".endpoints[0].opaque_transport_port: 65536 is out of range: from 0 to 65535 is "
            "allowed");
  EXPECT_EQ(errorOf(std::string(One) +
                    "tls_context: {sni: a.test, common_tls_context: {validation_context: "
                    "{trusted_ca: {inline_string: none}}}}"),
            ".tls_context.common_tls_context.validation_context.trusted_ca: trusted_ca: holds no "
            "certificate in PEM (no start line)");
}

}  // namespace
}  // namespace weir::config
