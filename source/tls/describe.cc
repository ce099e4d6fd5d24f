#include "source/tls/describe.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "source/tls/openssl_ptr.h"

namespace weir::tls {
namespace {

struct Name {
  long code;
  std::string_view name;
};

// Of the peer's certificate, as we see it.
constexpr std::array VerifyNames = {
    Name{X509_V_ERR_CERT_HAS_EXPIRED, "certificate_expired"},
    Name{X509_V_ERR_CERT_NOT_YET_VALID, "certificate_not_yet_valid"},
    Name{X509_V_ERR_HOSTNAME_MISMATCH, "identity_mismatch"},
    Name{X509_V_ERR_CERT_REVOKED, "certificate_revoked"},
    Name{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "unknown_ca"},
    Name{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "unknown_ca"},
    Name{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "unknown_ca"},
    Name{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "unknown_ca"},
    Name{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "unknown_ca"},
    Name{X509_V_ERR_CERT_SIGNATURE_FAILURE, "unknown_ca"},
    Name{X509_V_ERR_INVALID_PURPOSE, "certificate_purpose"},
};

constexpr std::array ReasonNames = {
    Name{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "no_certificate"},
    Name{SSL_R_HTTP_REQUEST, "not_tls"},
    Name{SSL_R_HTTPS_PROXY_REQUEST, "not_tls"},
    Name{SSL_R_WRONG_VERSION_NUMBER, "not_tls"},
    Name{SSL_R_UNSUPPORTED_PROTOCOL, "protocol_version"},
    Name{SSL_R_UNKNOWN_PROTOCOL, "protocol_version"},
    Name{SSL_R_VERSION_TOO_LOW, "protocol_version"},
    Name{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "protocol_version"},
    Name{SSL_R_NO_SHARED_CIPHER, "no_shared_cipher"},
    Name{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "no_shared_cipher"},
    Name{SSL_R_NO_SUITABLE_KEY_SHARE, "no_shared_cipher"},
    Name{SSL_R_NO_APPLICATION_PROTOCOL, "no_application_protocol"},
    Name{SSL_R_TLSV1_UNRECOGNIZED_NAME, "unrecognized_name"},
    Name{SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "peer_demands_certificate"},
    Name{SSL_R_TLSV1_ALERT_UNKNOWN_CA, "peer_knows_no_ca"},
    Name{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "peer_finds_certificate_expired"},
    Name{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "peer_refuses_certificate"},
    Name{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "peer_refuses_certificate"},
    Name{SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "peer_refuses_handshake"},
};

template <size_t N>
std::string_view nameOf(const std::array<Name, N>& names, long code, std::string_view other) {
  for (const Name& one : names) {
    if (one.code == code) return one.name;
  }
  return other;
}

std::string text(const char* value) { return value == nullptr ? std::string() : value; }

void describePeer(const SSL& ssl, net::Security& security) {
  const X509* peer = SSL_get0_peer_certificate(&ssl);
  const bool asked = (SSL_get_verify_mode(&ssl) & SSL_VERIFY_PEER) != 0;
  if (peer == nullptr || !asked || SSL_get_verify_result(&ssl) != X509_V_OK) return;
  security.peer_verified = true;
  security.peer_names = alternativeNames(*peer);
  security.peer_subject = subjectOf(*peer);
}

}  // namespace

std::string subjectOf(const X509& certificate) {
  const OpensslPtr<BIO> memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

std::vector<std::string> alternativeNames(const X509& certificate) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS && name->type != GEN_URI) continue;
    const ASN1_IA5STRING* value = name->d.ia5;
    const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                 static_cast<size_t>(ASN1_STRING_length(value)));
    if (!bytes.empty() && bytes.find('\0') == bytes.npos) names.emplace_back(bytes);
  }
  GENERAL_NAMES_free(all);
  return names;
}

net::Security describeSecurity(const SSL& ssl) {
  net::Security security;
  security.version = SSL_get_version(&ssl);
  security.cipher = text(SSL_CIPHER_get_name(SSL_get_current_cipher(&ssl)));
  security.server_name = text(SSL_get_servername(&ssl, TLSEXT_NAMETYPE_host_name));
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(&ssl, &protocol, &size);
  security.application_protocol.assign(reinterpret_cast<const char*>(protocol), size);
  security.resumed = SSL_session_reused(&ssl) == 1;
  describePeer(ssl, security);
  return security;
}

Error describeFailure(const SSL& ssl, Side side) {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  const long verified = SSL_get_verify_result(&ssl);
  Error result{.code = ErrorCode::Refused, .side = side, .detail = {}};
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
    result.detail = nameOf(VerifyNames, verified, "certificate_refused");
    result.detail += ": ";
    result.detail += X509_verify_cert_error_string(verified);
  } else {
    result.detail = nameOf(ReasonNames, reason, "tls_error");
    result.detail += ": ";
    const char* words = ERR_reason_error_string(error);
    result.detail += words != nullptr ? words : "no reason given";
  }
  ERR_clear_error();
  return result;
}

}  // namespace weir::tls
