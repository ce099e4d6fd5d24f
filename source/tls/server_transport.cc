#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "source/base/check.h"
#include "source/tls/context.h"
#include "source/tls/describe.h"
#include "source/tls/tls_io.h"
#include "source/tls/transports.h"

namespace weir::tls {
namespace {

std::string lowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lower;
}

class ServerTransport final : public net::Transport,
                              public std::enable_shared_from_this<ServerTransport> {
 public:
  explicit ServerTransport(const ServerSettings& settings)
      : settings_(settings), alpn_(alpnWireFormat(settings.common.alpn)) {}

  Result<void> prepare();
  std::unique_ptr<net::Io> over(std::unique_ptr<net::Io> io, buffer::Buffer& read,
                                event::StepQueue& costly, const Start& start) const override;

 private:
  // Certificates of the same names, one for each type of key, and what is stapled to them.
  struct Identity {
    OpensslPtr<SSL_CTX> context;
    std::vector<std::string> names;
    std::vector<LoadedCertificate> certificates;
  };

  Result<void> add(const CertificateSettings& settings);
  Result<Identity*> identityFor(const LoadedCertificate& certificate);
  Result<void> prepare(Identity& identity);
  const Identity* find(std::string_view server_name) const;

  static int chooseIdentity(SSL* ssl, int* alert, void* self) noexcept;
  static int chooseProtocol(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                            const unsigned char* offered, unsigned offered_size,
                            void* self) noexcept;
  static int staple(SSL* ssl, void* identity) noexcept;

  const ServerSettings settings_;
  const std::string alpn_;
  std::vector<std::unique_ptr<Identity>> identities_;
  std::unordered_map<std::string, const Identity*> by_name_;  // in lower case; the first one has it
};

Result<void> ServerTransport::prepare() {
  for (const CertificateSettings& one : settings_.common.certificates) {
    if (auto added = add(one); !added.ok()) return added.error();
  }
  WEIR_CHECK(!identities_.empty());
  return {};
}

Result<void> ServerTransport::add(const CertificateSettings& settings) {
  auto loaded = loadCertificate(settings);
  if (!loaded.ok()) return loaded.error();
  auto identity = identityFor(loaded.value());
  if (!identity.ok()) return identity.error();
  Identity& place = *identity.value();
  if (auto used = useCertificate(*place.context, loaded.value(), settings.name); !used.ok())
    return used.error();
  place.certificates.push_back(std::move(loaded).value());
  return {};
}

Result<ServerTransport::Identity*> ServerTransport::identityFor(
    const LoadedCertificate& certificate) {
  auto names = alternativeNames(*certificate.own);
  for (std::string& name : names) name = lowerCase(name);
  std::sort(names.begin(), names.end());
  const auto has_type = [&](const LoadedCertificate& other) {
    return EVP_PKEY_get_base_id(other.key.get()) == EVP_PKEY_get_base_id(certificate.key.get());
  };
  for (const auto& identity : identities_) {
    const auto& others = identity->certificates;
    if (identity->names == names && std::none_of(others.begin(), others.end(), has_type))
      return identity.get();
  }
  auto made = std::make_unique<Identity>();
  made->names = std::move(names);
  if (auto prepared = prepare(*made); !prepared.ok()) return prepared.error();
  for (const std::string& name : made->names) by_name_.emplace(name, made.get());
  identities_.push_back(std::move(made));
  return identities_.back().get();
}

Result<void> ServerTransport::prepare(Identity& identity) {
  auto context = makeContext(TLS_server_method(), settings_.common);
  if (!context.ok()) return context.error();
  SSL_CTX* raw = context.value().get();
  identity.context = std::move(context).value();
  // Sessions are in the tickets; nothing is kept here for clients that went away.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, settings_.session_tickets ? 1 : 0);
  if (!settings_.session_tickets) SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
  SSL_CTX_set_tlsext_servername_callback(raw, chooseIdentity);
  SSL_CTX_set_tlsext_servername_arg(raw, this);
  if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(raw, chooseProtocol, this);
  SSL_CTX_set_tlsext_status_cb(raw, staple);
  SSL_CTX_set_tlsext_status_arg(raw, &identity);
  // A session is for those who trust the same.
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  std::string trust = settings_.common.trusted_ca;
  for (const std::string& name : settings_.common.peer_names) trust += "\n" + name;
  EVP_Digest(trust.data(), trust.size(), digest.data(), &size, EVP_sha256(), nullptr);
  SSL_CTX_set_session_id_context(raw, digest.data(), SSL_MAX_SID_CTX_LENGTH);
  if (settings_.client_certificates == ClientCertificates::Ignored) return {};
  const bool required = settings_.client_certificates == ClientCertificates::Required;
  return verifyPeers(*raw, settings_.common,
                     SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0));
}

std::unique_ptr<net::Io> ServerTransport::over(std::unique_ptr<net::Io> io, buffer::Buffer& read,
                                               event::StepQueue& costly, const Start&) const {
  OpensslPtr<SSL> ssl(SSL_new(identities_.front()->context.get()));
  WEIR_CHECK(ssl != nullptr);
  SSL_set_accept_state(ssl.get());
  return std::make_unique<TlsIo>(TlsIo::Parts{.io = std::move(io),
                                              .ssl = std::move(ssl),
                                              .handshakes = costly,
                                              .read = std::move(read),
                                              .connected = true,
                                              .made_by = shared_from_this()});
}

// An exact name first, then one whose wildcard stands for the first label (RFC 6125, 6.4.3).
const ServerTransport::Identity* ServerTransport::find(std::string_view server_name) const {
  const std::string name = lowerCase(server_name);
  const size_t dot = name.find('.');
  auto found = by_name_.find(name);
  if (found == by_name_.end() && dot != name.npos && dot != 0)
    found = by_name_.find("*" + name.substr(dot));
  return found == by_name_.end() ? nullptr : found->second;
}

int ServerTransport::chooseIdentity(SSL* ssl, int*, void* self) noexcept {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const Identity* identity = static_cast<ServerTransport*>(self)->find(name);
  if (identity == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_SSL_CTX(ssl, identity->context.get());
  return SSL_TLSEXT_ERR_OK;
}

// Our order counts. No protocol in common: the connection goes on without one.
int ServerTransport::chooseProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                                    const unsigned char* offered, unsigned offered_size,
                                    void* self) noexcept {
  const std::string& own = static_cast<ServerTransport*>(self)->alpn_;
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(own.data()),
                            static_cast<unsigned>(own.size()), offered, offered_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

int ServerTransport::staple(SSL* ssl, void* identity) noexcept {
  for (const LoadedCertificate& one : static_cast<Identity*>(identity)->certificates) {
    if (one.own.get() != SSL_get_certificate(ssl) || one.ocsp_response.empty()) continue;
    const std::string& response = one.ocsp_response;
    auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(response.data(), response.size()));
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

Result<std::shared_ptr<const net::Transport>> makeServerTransport(const ServerSettings& settings) {
  auto transport = std::make_shared<ServerTransport>(settings);
  if (auto prepared = transport->prepare(); !prepared.ok()) return prepared.error();
  return std::shared_ptr<const net::Transport>(std::move(transport));
}

}  // namespace weir::tls
