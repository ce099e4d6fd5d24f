// Every rule for the TLS of a filter chain, and what is taken.
#include <cstdio>
#include <fstream>

#include "test/config/rejected_fields.h"
#include "test/support/certificates.h"

namespace weir::config {
namespace {

using test::inlined;

class TlsContextTest : public testing::Test {
 protected:
  static std::string file(const std::string& chain) {
    return "listeners:\n- name: l\n  address: 127.0.0.1:15001\n  filter_chains:\n  - {name: c, "
           "filters: [" +
           Echo + "], " + chain + "}\n";
  }
  std::string certificate() const {
    return "{certificate_chain: " + inlined(made.chain) + ", private_key: " + inlined(made.key) +
           "}";
  }
  std::string context(const std::string& common, const std::string& more = "") const {
    return "tls_context: {common_tls_context: {tls_certificates: [" + certificate() + "], " +
           common + "}" + more + "}";
  }
  // The message of the only error, behind the path of the context.
  static std::string errorOf(const std::string& chain) {
    const std::string all = errorsIn(file(chain));
    const size_t at = all.find("filter_chains[0].");
    return at == all.npos ? all : all.substr(at + 17, all.size() - at - 18);
  }

  const test::CertificateAuthority ca{"root"};
  const test::CertificateAndKey made = ca.issue({.names = {"server.test"}});
};

TEST_F(TlsContextTest, IsTaken) {
  EXPECT_EQ(errorsIn(file(context("alpn_protocols: [h2, http/1.1]"))), "");
  EXPECT_EQ(errorsIn(file(context("validation_context: {trusted_ca: " + inlined(ca.pem()) +
                                      ", verify_subject_alt_name: [a.test, 'spiffe://a/b']}",
                                  ", require_client_certificate: true"))),
            "");
  EXPECT_EQ(errorsIn(file(context(
                "tls_params: {tls_minimum_protocol_version: TLSv1_3, cipher_suites: "
                "[TLS_AES_128_GCM_SHA256, ECDHE-RSA-AES128-GCM-SHA256], ecdh_curves: [P-256]}"))),
            "");
}

TEST_F(TlsContextTest, GivesTheChainATransport) {
  const auto loaded = parseSettings(file(context("")), Format::Yaml, fakeRegistry());
  ASSERT_TRUE(loaded.settings);
  EXPECT_NE(loaded.settings->listeners[0].chains[0].transport, nullptr);
  ASSERT_EQ(loaded.settings->certificates.size(), 1U);
  EXPECT_EQ(loaded.settings->certificates[0].subject, "CN=server.test");
  EXPECT_TRUE(loaded.files.empty());
}

TEST_F(TlsContextTest, KeysAreNotShown) {
  const std::string yaml = file("match: {source_ports: [1]}, " + context("")) +
                           "  default_filter_chain: {name: d, filters: [" + Echo + "], " +
                           context("") + "}\n";
  const auto loaded = parseSettings(yaml, Format::Yaml, fakeRegistry());
  ASSERT_TRUE(loaded.settings);
  EXPECT_NE(loaded.json.find("BEGIN CERTIFICATE"), std::string::npos);
  EXPECT_EQ(loaded.json.find("PRIVATE KEY"), std::string::npos);
  EXPECT_NE(loaded.json.find("[redacted]"), loaded.json.rfind("[redacted]"));  // both
}

TEST_F(TlsContextTest, NeedsACertificate) {
  EXPECT_EQ(errorOf("tls_context: {}"),
            "tls_context.common_tls_context.tls_certificates: is required: the certificate and the "
            "private key that clients are shown");
}

TEST_F(TlsContextTest, NeedsBothHalvesOfACertificate) {
  const std::string at = "tls_context.common_tls_context.tls_certificates[0].";
  EXPECT_EQ(errorOf("tls_context: {common_tls_context: {tls_certificates: [{certificate_chain: " +
                    inlined(made.chain) + "}]}}"),
            at + "private_key: is required: filename or inline_string");
  const auto other = ca.issue({.names = {"server.test"}});
  const std::string wrong =
      errorOf("tls_context: {common_tls_context: {tls_certificates: [{certificate_chain: " +
              inlined(made.chain) + ", private_key: " + inlined(other.key) + "}]}}");
  EXPECT_NE(wrong.find("the private key is not that of the certificate"), wrong.npos) << wrong;
}

TEST_F(TlsContextTest, SaysWhatIsWrong) {
  const std::string common = "tls_context.common_tls_context.";
  EXPECT_EQ(errorOf(context("alpn_protocols: ['']")),
            common + "alpn_protocols[0]: a protocol's name has 1 to 255 bytes");
  EXPECT_EQ(errorOf(context("tls_params: {cipher_suites: ['A:B']}")),
            common +
                "tls_params.cipher_suites[0]: \"A:B\" is not a name of OpenSSL's: one stands "
                "in each entry");
  EXPECT_EQ(errorOf(context("tls_params: {tls_minimum_protocol_version: TLSv1_3, "
                            "tls_maximum_protocol_version: TLSv1_2}")),
            common +
                "tls_params.tls_minimum_protocol_version: is newer than "
                "tls_maximum_protocol_version: no version is left");
  EXPECT_EQ(errorOf(context("", ", require_client_certificate: true")),
            "tls_context.require_client_certificate: needs common_tls_context.validation_context, "
            "which says whom to trust");
  EXPECT_EQ(errorOf(context("validation_context: {}")),
            common +
                "validation_context.trusted_ca: is required: the roots of the clients' "
                "certificates");
  EXPECT_EQ(errorOf(context("validation_context: {trusted_ca: " + inlined(ca.pem()) +
                            ", verify_subject_alt_name: ['*.a.test']}")),
            common +
                "validation_context.verify_subject_alt_name[0]: a \"*\" stands in "
                "certificates, not here: the names that are accepted are exact");
  EXPECT_EQ(errorOf(context("tls_params: {cipher_suites: [NOTHING]}")),
            "tls_context: ciphers: \"NOTHING\" has no cipher that is known (no cipher match)");
  EXPECT_EQ(errorOf("transport_socket_connect_timeout: 1s"),
            "transport_socket_connect_timeout: is only for chains with tls_context");
}

TEST_F(TlsContextTest, AFileThatIsNotThereIsTold) {
  const std::string missing =
      "tls_context: {common_tls_context: {tls_certificates: [{certificate_chain: {filename: "
      "/nowhere/a.crt}, private_key: " +
      inlined(made.key) + "}]}}";
  EXPECT_EQ(errorOf(missing),
            "tls_context.common_tls_context.tls_certificates[0].certificate_chain.filename: "
            "\"/nowhere/a.crt\" cannot be read: No such file or directory");
  EXPECT_EQ(parseSettings(file(missing), Format::Yaml, fakeRegistry()).files,
            std::vector<std::string>{"/nowhere/a.crt"});
}

TEST_F(TlsContextTest, FilesArePartOfWhatTheConfigurationIs) {
  const std::string path = testing::TempDir() + "/chain.pem";
  const auto hash_with = [&](const std::string& content) {
    std::ofstream(path) << content;
    const std::string text = file(
        "tls_context: {common_tls_context: {tls_certificates: [{certificate_chain: {filename: " +
        path + "}, private_key: " + inlined(made.key) + "}]}}");
    return parseSettings(text, Format::Yaml, fakeRegistry()).content_hash;
  };
  const uint64_t first = hash_with(made.chain);
  EXPECT_EQ(hash_with(made.chain), first);
  EXPECT_NE(hash_with(made.chain + "\n"), first);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace weir::config
