#pragma once

// Certificates for tests, made in memory: an authority, and what it issues.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "source/base/time.h"

namespace weir::test {

enum class KeyType : unsigned char { Ec, Rsa };

// PEM.
struct CertificateAndKey {
  std::string chain;
  std::string key;
};

struct CertificateRequest {
  std::vector<std::string> names = {};  // DNS names, and URIs if they have "://"
  KeyType key = KeyType::Ec;
  // From the machine's time on, which is what OpenSSL compares with.
  std::chrono::hours not_before{-1};
  std::chrono::hours not_after{24};
};

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name);
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  // Its own certificate.
  const std::string& pem() const { return pem_; }
  CertificateAndKey issue(const CertificateRequest& request) const;

 private:
  struct Key;
  std::unique_ptr<Key> key_;
  std::string pem_;
};

// A text of several lines, such as PEM, as a DataSource in a configuration in YAML.
std::string inlined(const std::string& text);

}  // namespace weir::test
