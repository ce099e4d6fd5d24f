#pragma once

// TLS as a net::Transport: made once from settings, used by all workers.

#include <memory>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/net/io.h"
#include "source/tls/settings.h"

namespace weir::tls {

// For accepted connections. Among several certificates the one whose names hold the client's SNI is
// used, else the first. Errors name the certificate and what is wrong with it.
Result<std::shared_ptr<const net::Transport>> makeServerTransport(const ServerSettings& settings);

// For connections that are being made. Keeps the sessions that servers give it, and resumes them:
// so one transport is for the servers of one name only.
Result<std::shared_ptr<const net::Transport>> makeClientTransport(const ClientSettings& settings);

// Whether a text has certificates to trust.
Result<void> checkTrusted(const std::string& pem);

// A certificate, for whoever watches over it.
struct CertificateInfo {
  std::string name;     // as in CertificateSettings
  std::string subject;  // RFC 2253
  std::vector<std::string> names;
  WallTime not_before;
  WallTime not_after;
};
// Of the own certificate; an error if it and its key cannot be used.
Result<CertificateInfo> describeCertificate(const CertificateSettings& settings);

}  // namespace weir::tls
