#pragma once

// OpenSSL as the judge of the hello scanner: hellos that its client writes, and what its server
// makes of any bytes. Both work in memory; nothing is sent.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

namespace weir::test {

struct FreeOpenSsl {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
template <class T>
using OpenSslPtr = std::unique_ptr<T, FreeOpenSsl>;

// What to ask for in a hello.
struct ClientOptions {
  int min_version = TLS1_VERSION;
  int max_version = TLS1_3_VERSION;
  std::string server_name = {};        // none if empty
  std::vector<std::string> alpn = {};  // none if empty
  std::string groups = {};             // OpenSSL's list; its default if empty
  size_t custom_extension_size = 0;  // bytes of an extension of a type that nobody knows; none if 0
  bool session_ticket = true;
};

// The first flight of OpenSSL's client.
std::string opensslHello(const ClientOptions& options);

// What OpenSSL's server saw in some bytes.
struct OpensslView {
  // It parsed a ClientHello, and would start a handshake for a protocol version that exists.
  bool hello = false;
  // From its callbacks, which run only if it went on after that.
  std::optional<std::string> server_name;
  std::vector<std::string> alpn;
};

class OpensslServer {
 public:
  OpensslServer();
  // A new connection that receives `bytes` and no more.
  OpensslView look(std::string_view bytes);

 private:
  OpenSslPtr<EVP_PKEY> key_;
  OpenSslPtr<X509> certificate_;
  OpenSslPtr<SSL_CTX> context_;
};

}  // namespace weir::test
