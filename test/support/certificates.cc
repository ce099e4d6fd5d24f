#include "test/support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>

#include "source/base/check.h"

namespace weir::test {
namespace {

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
template <class T>
using Ptr = std::unique_ptr<T, Free>;

Ptr<EVP_PKEY> newKey(KeyType type) {
  EVP_PKEY* key = type == KeyType::Ec ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
  WEIR_CHECK(key != nullptr);
  return Ptr<EVP_PKEY>(key);
}

std::string textOf(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

std::string pemOf(X509* certificate) {
  const Ptr<BIO> bio(BIO_new(BIO_s_mem()));
  WEIR_CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return textOf(bio.get());
}

std::string pemOf(EVP_PKEY* key) {
  const Ptr<BIO> bio(BIO_new(BIO_s_mem()));
  WEIR_CHECK(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return textOf(bio.get());
}

void extend(X509* certificate, int type, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Ptr<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, type, value.c_str()));
  WEIR_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension.get(), -1);
}

void setName(X509_NAME* name, const std::string& text) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(text.data()),
                             static_cast<int>(text.size()), -1, 0);
}

// Without names and signature.
Ptr<X509> newCertificate(EVP_PKEY* key, std::chrono::hours from, std::chrono::hours to) {
  static std::atomic<long> serial{1};
  Ptr<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), std::chrono::seconds(from).count());
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), std::chrono::seconds(to).count());
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

std::string alternativeNames(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) {
    if (!all.empty()) all += ',';
    all += (name.find("://") == name.npos ? "DNS:" : "URI:") + name;
  }
  return all;
}

}  // namespace

struct CertificateAuthority::Key {
  Ptr<EVP_PKEY> key;
  Ptr<X509> certificate;
};

CertificateAuthority::CertificateAuthority(const std::string& name)
    : key_(std::make_unique<Key>()) {
  key_->key = newKey(KeyType::Ec);
  key_->certificate =
      newCertificate(key_->key.get(), std::chrono::hours(-1), std::chrono::hours(240));
  X509* own = key_->certificate.get();
  setName(X509_get_subject_name(own), name);
  setName(X509_get_issuer_name(own), name);
  extend(own, NID_basic_constraints, "critical,CA:TRUE");
  extend(own, NID_key_usage, "critical,keyCertSign,cRLSign");
  WEIR_CHECK(X509_sign(own, key_->key.get(), EVP_sha256()) > 0);
  pem_ = pemOf(own);
}

CertificateAuthority::~CertificateAuthority() = default;

CertificateAndKey CertificateAuthority::issue(const CertificateRequest& request) const {
  const Ptr<EVP_PKEY> key = newKey(request.key);
  const Ptr<X509> certificate = newCertificate(key.get(), request.not_before, request.not_after);
  X509* own = certificate.get();
  setName(X509_get_subject_name(own), request.names.empty() ? "nobody" : request.names.front());
  X509_set_issuer_name(own, X509_get_subject_name(key_->certificate.get()));
  if (!request.names.empty()) extend(own, NID_subject_alt_name, alternativeNames(request.names));
  WEIR_CHECK(X509_sign(own, key_->key.get(), EVP_sha256()) > 0);
  return {pemOf(own), pemOf(key.get())};
}

std::string inlined(const std::string& text) {
  std::string out = "{inline_string: \"";
  for (const char c : text) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return out + "\"}";
}

}  // namespace weir::test
