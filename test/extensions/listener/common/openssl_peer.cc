#include "test/extensions/listener/common/openssl_peer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "source/base/check.h"

namespace weir::test {
namespace {

// Old protocol versions sign with SHA-1, which OpenSSL 3 allows at this level only.
constexpr const char* EveryCipher = "ALL:@SECLEVEL=0";
constexpr unsigned UnknownExtension = 0xfe01;

OpensslView& viewOf(SSL* ssl) { return *static_cast<OpensslView*>(SSL_get_app_data(ssl)); }

int onHello(SSL* ssl, int*, void*) {
  const unsigned version = SSL_client_hello_get0_legacy_version(ssl);
  // A hello of SSL 2.0 itself also comes here; it is refused next.
  viewOf(ssl).hello = SSL_client_hello_isv2(ssl) == 0 || version >> 8 == SSL3_VERSION_MAJOR;
  return SSL_CLIENT_HELLO_SUCCESS;
}

int onServerName(SSL* ssl, int*, void*) {
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    viewOf(ssl).server_name = name;
  }
  return SSL_TLSEXT_ERR_OK;
}

int onAlpn(SSL* ssl, const unsigned char**, unsigned char*, const unsigned char* list,
           unsigned size, void*) {
  for (unsigned at = 0; at < size; at += 1U + list[at]) {
    viewOf(ssl).alpn.emplace_back(reinterpret_cast<const char*>(list) + at + 1, list[at]);
  }
  return SSL_TLSEXT_ERR_NOACK;
}

OpenSslPtr<X509> selfSigned(EVP_PKEY* key) {
  OpenSslPtr<X509> certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86'400);
  X509_set_pubkey(certificate.get(), key);
  WEIR_CHECK(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
  return certificate;
}

int addExtension(SSL*, unsigned, unsigned, const unsigned char** out, size_t* size, X509*, size_t,
                 int*, void* argument) {
  const auto& contents = *static_cast<std::string*>(argument);
  *out = reinterpret_cast<const unsigned char*>(contents.data());
  *size = contents.size();
  return 1;
}

std::string alpnWireFormat(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += static_cast<char>(name.size()) + name;
  return list;
}

}  // namespace

std::string opensslHello(const ClientOptions& options) {
  const OpenSslPtr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  WEIR_CHECK(SSL_CTX_set_min_proto_version(context.get(), options.min_version) == 1);
  WEIR_CHECK(SSL_CTX_set_max_proto_version(context.get(), options.max_version) == 1);
  WEIR_CHECK(SSL_CTX_set_cipher_list(context.get(), EveryCipher) == 1);
  if (!options.session_ticket) SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  std::string custom(options.custom_extension_size, 'x');
  if (!custom.empty()) {
    WEIR_CHECK(SSL_CTX_add_custom_ext(context.get(), UnknownExtension, SSL_EXT_CLIENT_HELLO,
                                      addExtension, nullptr, &custom, nullptr, nullptr) == 1);
  }
  if (!options.groups.empty()) {
    WEIR_CHECK(SSL_CTX_set1_groups_list(context.get(), options.groups.c_str()) == 1);
  }
  const OpenSslPtr<SSL> ssl(SSL_new(context.get()));
  BIO* output = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), output);
  if (!options.server_name.empty()) {
    WEIR_CHECK(SSL_set_tlsext_host_name(ssl.get(), options.server_name.c_str()) == 1);
  }
  const std::string alpn = alpnWireFormat(options.alpn);
  if (!alpn.empty()) {
    const auto* list = reinterpret_cast<const unsigned char*>(alpn.data());
    WEIR_CHECK(SSL_set_alpn_protos(ssl.get(), list, static_cast<unsigned>(alpn.size())) == 0);
  }
  SSL_connect(ssl.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(output, &data);
  ERR_clear_error();
  return std::string(data, static_cast<size_t>(size));
}

OpensslServer::OpensslServer()
    : key_(EVP_EC_gen("P-256")),
      certificate_(selfSigned(key_.get())),
      context_(SSL_CTX_new(TLS_server_method())) {
  WEIR_CHECK(SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION) == 1);
  WEIR_CHECK(SSL_CTX_set_cipher_list(context_.get(), EveryCipher) == 1);
  WEIR_CHECK(SSL_CTX_use_certificate(context_.get(), certificate_.get()) == 1);
  WEIR_CHECK(SSL_CTX_use_PrivateKey(context_.get(), key_.get()) == 1);
  SSL_CTX_set_client_hello_cb(context_.get(), onHello, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context_.get(), onServerName);
  SSL_CTX_set_alpn_select_cb(context_.get(), onAlpn, nullptr);
}

OpensslView OpensslServer::look(std::string_view bytes) {
  OpensslView view;
  const OpenSslPtr<SSL> ssl(SSL_new(context_.get()));
  BIO* input = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(input, -1);  // at the end: wait for more, do not see a close
  BIO_write(input, bytes.data(), static_cast<int>(bytes.size()));
  SSL_set_bio(ssl.get(), input, BIO_new(BIO_s_mem()));
  SSL_set_app_data(ssl.get(), &view);
  SSL_accept(ssl.get());
  ERR_clear_error();
  return view;
}

}  // namespace weir::test
