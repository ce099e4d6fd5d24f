#include "source/tls/context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "source/base/check.h"
#include "source/tls/describe.h"
#include "source/tls/transports.h"

namespace weir::tls {
namespace {

constexpr const char* DefaultCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* DefaultGroups = "X25519:P-256:P-384";
// As much ciphertext as one read of a socket takes in: four records.
constexpr size_t ReadBufferBytes = 4 * (16384 + 256);

Error invalid(const std::string& what, const std::string& problem) {
  return {ErrorCode::InvalidArgument, Side::Config, what + ": " + problem};
}

// With OpenSSL's own words about the last error, which are taken.
Error opensslError(const std::string& what, const std::string& problem) {
  const char* words = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return invalid(what, words == nullptr ? problem : problem + " (" + words + ")");
}

OpensslPtr<BIO> readerOf(const std::string& text) {
  OpensslPtr<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  WEIR_CHECK(bio != nullptr);
  return bio;
}

// Nobody is there to be asked for a passphrase.
int noPassphrase(char*, int, int, void*) { return -1; }

int protocolVersion(Version version) {
  return version == Version::Tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

void setModes(SSL_CTX& context) {
  SSL_CTX_set_options(
      &context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // A connection at rest has no buffers.
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(&context, 1);
  SSL_CTX_set_default_read_buffer_len(&context, ReadBufferBytes);
}

bool hasName(const X509& certificate, const std::string& name) {
  if (name.find("://") == name.npos) {
    return X509_check_host(
               const_cast<X509*>(&certificate), name.data(), name.size(),
               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
               nullptr) == 1;
  }
  const std::vector<std::string> names = alternativeNames(certificate);
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Where a context keeps its CommonSettings, for verifyName().
int settingsIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Called for each certificate of the chain once it was verified, the peer's own last.
int verifyName(int verified, X509_STORE_CTX* chain) {
  if (verified != 1 || X509_STORE_CTX_get_error_depth(chain) != 0) return verified;
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto& settings = *static_cast<const CommonSettings*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), settingsIndex()));
  const X509& own = *X509_STORE_CTX_get_current_cert(chain);
  const auto& names = settings.peer_names;
  if (names.empty()) return 1;
  if (std::any_of(names.begin(), names.end(), [&](const auto& n) { return hasName(own, n); }))
    return 1;
  X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

}  // namespace

Result<std::vector<OpensslPtr<X509>>> readCertificates(const std::string& pem,
                                                       const std::string& what) {
  const OpensslPtr<BIO> reader = readerOf(pem);
  std::vector<OpensslPtr<X509>> all;
  ERR_clear_error();
  while (X509* one = PEM_read_bio_X509(reader.get(), nullptr, noPassphrase, nullptr))
    all.emplace_back(one);
  // The end of the text is told as an error, too.
  const unsigned long error = ERR_peek_last_error();
  if (all.empty()) return opensslError(what, "holds no certificate in PEM");
  if (ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
    return opensslError(what, "certificate " + std::to_string(all.size() + 1) + " is broken");
  ERR_clear_error();
  return all;
}

Result<LoadedCertificate> loadCertificate(const CertificateSettings& settings) {
  auto certificates = readCertificates(settings.chain, settings.name);
  if (!certificates.ok()) return certificates.error();
  LoadedCertificate loaded;
  loaded.own = std::move(certificates.value().front());
  for (size_t i = 1; i < certificates.value().size(); ++i)
    loaded.chain.push_back(std::move(certificates.value()[i]));
  const OpensslPtr<BIO> reader = readerOf(settings.key);
  loaded.key.reset(PEM_read_bio_PrivateKey(reader.get(), nullptr, noPassphrase, nullptr));
  if (loaded.key == nullptr)
    return opensslError(settings.name, "its private key cannot be read as PEM without passphrase");
  const int type = EVP_PKEY_get_base_id(loaded.key.get());
  if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC)
    return invalid(settings.name, "its private key is neither RSA nor EC");
  if (X509_check_private_key(loaded.own.get(), loaded.key.get()) != 1)
    return opensslError(settings.name, "the private key is not that of the certificate");
  loaded.ocsp_response = settings.ocsp_response;
  return loaded;
}

Result<OpensslPtr<SSL_CTX>> makeContext(const SSL_METHOD* method, const CommonSettings& settings) {
  ERR_clear_error();
  OpensslPtr<SSL_CTX> context(SSL_CTX_new(method));
  WEIR_CHECK(context != nullptr);
  SSL_CTX* raw = context.get();
  setModes(*raw);
  if (settings.min_version > settings.max_version)
    return invalid("versions", "the least one is newer than the newest one");
  SSL_CTX_set_min_proto_version(raw, protocolVersion(settings.min_version));
  SSL_CTX_set_max_proto_version(raw, protocolVersion(settings.max_version));
  const std::string ciphers = settings.ciphers.empty() ? DefaultCiphers : settings.ciphers;
  if (SSL_CTX_set_cipher_list(raw, ciphers.c_str()) != 1)
    return opensslError("ciphers", "\"" + ciphers + "\" has no cipher that is known");
  if (!settings.cipher_suites.empty() &&
      SSL_CTX_set_ciphersuites(raw, settings.cipher_suites.c_str()) != 1)
    return opensslError("cipher_suites", "\"" + settings.cipher_suites + "\" cannot be used");
  const std::string groups = settings.groups.empty() ? DefaultGroups : settings.groups;
  if (SSL_CTX_set1_groups_list(raw, groups.c_str()) != 1)
    return opensslError("groups", "\"" + groups + "\" cannot be used");
  return context;
}

Result<void> useCertificate(SSL_CTX& context, const LoadedCertificate& certificate,
                            const std::string& name) {
  ERR_clear_error();
  STACK_OF(X509)* chain = sk_X509_new_null();
  for (const auto& one : certificate.chain) sk_X509_push(chain, one.get());
  const int used = SSL_CTX_use_cert_and_key(&context, certificate.own.get(), certificate.key.get(),
                                            chain, /*override=*/1);
  sk_X509_free(chain);
  if (used != 1) return opensslError(name, "cannot be used");
  return {};
}

Result<void> verifyPeers(SSL_CTX& context, const CommonSettings& settings, int mode) {
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  if (!settings.trusted_ca.empty()) {
    auto roots = readCertificates(settings.trusted_ca, "trusted_ca");
    if (!roots.ok()) return roots.error();
    for (const auto& root : roots.value()) {
      X509_STORE_add_cert(store, root.get());
      SSL_CTX_add_client_CA(&context, root.get());
    }
  }
  // An intermediate certificate that is named as trusted is trusted without the root above it.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  WEIR_CHECK(
      SSL_CTX_set_ex_data(&context, settingsIndex(), const_cast<CommonSettings*>(&settings)) == 1);
  SSL_CTX_set_verify(&context, mode, verifyName);
  return {};
}

Result<void> checkTrusted(const std::string& pem) {
  auto certificates = readCertificates(pem, "trusted_ca");
  if (!certificates.ok()) return certificates.error();
  return {};
}

Result<CertificateInfo> describeCertificate(const CertificateSettings& settings) {
  auto loaded = loadCertificate(settings);
  if (!loaded.ok()) return loaded.error();
  const X509& own = *loaded.value().own;
  const auto time = [](const ASN1_TIME* value) {
    std::tm parts{};
    return ASN1_TIME_to_tm(value, &parts) == 1 ? WallTime(std::chrono::seconds(timegm(&parts)))
                                               : WallTime();
  };
  return CertificateInfo{settings.name, subjectOf(own), alternativeNames(own),
                         time(X509_get0_notBefore(&own)), time(X509_get0_notAfter(&own))};
}

std::string alpnWireFormat(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& one : protocols) {
    list += static_cast<char>(one.size());
    list += one;
  }
  return list;
}

}  // namespace weir::tls
