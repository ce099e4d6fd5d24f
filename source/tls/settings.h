#pragma once

// What a TLS transport is made from: plain values, with the contents of all files.

#include <cstdint>
#include <string>
#include <vector>

namespace weir::tls {

enum class Version : uint8_t { Tls12, Tls13 };

struct CertificateSettings {
  std::string chain;          // PEM, the own certificate first
  std::string key;            // PEM, RSA or EC
  std::string ocsp_response;  // DER, to be stapled; empty: none
  std::string name;           // for messages: where it came from
  bool operator==(const CertificateSettings&) const = default;
};

// What both sides have in common.
struct CommonSettings {
  std::vector<CertificateSettings> certificates;
  std::string trusted_ca;  // PEM
  // The peer's certificate must be for one of them: a URI if it has "://", exactly; else a DNS name
  // as in RFC 6125, exactly or by a wildcard label of the certificate. Empty: any name.
  std::vector<std::string> peer_names;
  std::vector<std::string> alpn;  // in the order of preference
  Version min_version = Version::Tls12;
  Version max_version = Version::Tls13;
  std::string ciphers;        // of TLS 1.2, OpenSSL's list; empty: ECDHE with AEAD
  std::string cipher_suites;  // of TLS 1.3; empty: OpenSSL's
  std::string groups;         // empty: X25519, P-256, P-384
  bool operator==(const CommonSettings&) const = default;
};

enum class ClientCertificates : uint8_t { Ignored, Optional, Required };

struct ServerSettings {
  CommonSettings common;  // with at least one certificate
  ClientCertificates client_certificates = ClientCertificates::Ignored;
  bool session_tickets = true;
};

struct ClientSettings {
  CommonSettings common;
  std::string server_name;    // SNI; empty: none is sent
  bool system_roots = false;  // trusts what the system trusts, beside trusted_ca
  bool verify = true;         // false: whoever answers is believed
  bool operator==(const ClientSettings&) const = default;
};

}  // namespace weir::tls
