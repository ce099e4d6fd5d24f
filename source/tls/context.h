#pragma once

// Settings, as OpenSSL wants them. For this folder only.

#include <memory>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/tls/openssl_ptr.h"
#include "source/tls/settings.h"

namespace weir::tls {

// What can be read from a certificate's settings.
struct LoadedCertificate {
  OpensslPtr<X509> own;
  std::vector<OpensslPtr<X509>> chain;  // behind it
  OpensslPtr<EVP_PKEY> key;
  std::string ocsp_response;
};
Result<LoadedCertificate> loadCertificate(const CertificateSettings& settings);
// The certificates alone, of a chain or of a bundle of roots; `what` is for messages.
Result<std::vector<OpensslPtr<X509>>> readCertificates(const std::string& pem,
                                                       const std::string& what);

// A context with what both sides have in common, but for the certificates and what is trusted.
Result<OpensslPtr<SSL_CTX>> makeContext(const SSL_METHOD* method, const CommonSettings& settings);
Result<void> useCertificate(SSL_CTX& context, const LoadedCertificate& certificate,
                            const std::string& name);
// The peer's certificate is asked for, and verified by `trusted_ca` and `peer_names`. `settings`
// outlives the context. `mode`: SSL_VERIFY_PEER, and what else.
Result<void> verifyPeers(SSL_CTX& context, const CommonSettings& settings, int mode);

// "\x02h2\x08http/1.1"
std::string alpnWireFormat(const std::vector<std::string>& protocols);

}  // namespace weir::tls
