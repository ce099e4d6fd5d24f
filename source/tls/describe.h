#pragma once

// What OpenSSL knows of a handshake, in the words of logs and metrics.

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/net/io.h"

namespace weir::tls {

// Of a handshake that is complete.
net::Security describeSecurity(const SSL& ssl);

// The DNS names and URIs among a certificate's subject alternative names. Names that hold a NUL are
// left out.
std::vector<std::string> alternativeNames(const X509& certificate);

// A certificate's subject, in the form of RFC 2253.
std::string subjectOf(const X509& certificate);

// Why the last call for `ssl` failed; takes the thread's queue of OpenSSL's errors. The detail
// begins with one of a fixed set of names, for instance "certificate_expired".
Error describeFailure(const SSL& ssl, Side side);

}  // namespace weir::tls
