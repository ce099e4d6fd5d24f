#include <openssl/err.h>

#include <mutex>
#include <utility>

#include "source/base/check.h"
#include "source/tls/context.h"
#include "source/tls/describe.h"
#include "source/tls/tls_io.h"
#include "source/tls/transports.h"

namespace weir::tls {
namespace {

// Sessions to resume, the newest first. Those of TLS 1.3 are used once (RFC 8446, C.4). Any thread.
class Sessions {
 public:
  void add(OpensslPtr<SSL_SESSION> session) {
    const std::lock_guard lock(mutex_);
    if (sessions_.size() == Most) sessions_.erase(sessions_.begin());
    sessions_.push_back(std::move(session));
  }

  OpensslPtr<SSL_SESSION> take() {
    const std::lock_guard lock(mutex_);
    if (sessions_.empty()) return nullptr;
    if (SSL_SESSION_get_protocol_version(sessions_.back().get()) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(sessions_.back().get());
      return OpensslPtr<SSL_SESSION>(sessions_.back().get());
    }
    OpensslPtr<SSL_SESSION> newest = std::move(sessions_.back());
    sessions_.pop_back();
    return newest;
  }

 private:
  static constexpr size_t Most = 16;
  std::mutex mutex_;
  std::vector<OpensslPtr<SSL_SESSION>> sessions_;
};

int sessionsIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int onNewSession(SSL* ssl, SSL_SESSION* session) noexcept {
  if (SSL_SESSION_is_resumable(session) == 0) return 0;
  static_cast<Sessions*>(SSL_get_ex_data(ssl, sessionsIndex()))
      ->add(OpensslPtr<SSL_SESSION>(session));
  return 1;  // it is ours now
}

class ClientTransport final : public net::Transport,
                              public std::enable_shared_from_this<ClientTransport> {
 public:
  explicit ClientTransport(const ClientSettings& settings) : settings_(settings) {}

  Result<void> prepare();
  std::unique_ptr<net::Io> over(std::unique_ptr<net::Io> io, buffer::Buffer& read,
                                event::StepQueue& costly, const Start& start) const override;

 private:
  const ClientSettings settings_;
  OpensslPtr<SSL_CTX> context_;
  mutable Sessions sessions_;
};

Result<void> ClientTransport::prepare() {
  auto context = makeContext(TLS_client_method(), settings_.common);
  if (!context.ok()) return context.error();
  context_ = std::move(context).value();
  SSL_CTX* raw = context_.get();
  for (const CertificateSettings& one : settings_.common.certificates) {
    auto loaded = loadCertificate(one);
    if (!loaded.ok()) return loaded.error();
    if (auto used = useCertificate(*raw, loaded.value(), one.name); !used.ok()) return used.error();
  }
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(raw, onNewSession);
  const std::string alpn = alpnWireFormat(settings_.common.alpn);
  SSL_CTX_set_alpn_protos(raw, reinterpret_cast<const unsigned char*>(alpn.data()),
                          static_cast<unsigned>(alpn.size()));
  if (!settings_.verify) return {};
  if (settings_.system_roots && SSL_CTX_set_default_verify_paths(raw) != 1)
    return Error{ErrorCode::NotFound, Side::Config, "the system's trusted certificates"};
  return verifyPeers(*raw, settings_.common, SSL_VERIFY_PEER);
}

std::unique_ptr<net::Io> ClientTransport::over(std::unique_ptr<net::Io> io, buffer::Buffer& read,
                                               event::StepQueue& costly, const Start& start) const {
  OpensslPtr<SSL> ssl(SSL_new(context_.get()));
  WEIR_CHECK(ssl != nullptr);
  SSL_set_connect_state(ssl.get());
  if (!settings_.server_name.empty())
    SSL_set_tlsext_host_name(ssl.get(), settings_.server_name.c_str());
  SSL_set_ex_data(ssl.get(), sessionsIndex(), &sessions_);
  if (const auto session = sessions_.take()) SSL_set_session(ssl.get(), session.get());
  if (!start.protocol.empty()) {
    const std::string offer = alpnWireFormat({std::string(start.protocol)});
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(offer.data()),
                        static_cast<unsigned>(offer.size()));
  }
  TlsIo::Parts parts{.io = std::move(io),
                     .ssl = std::move(ssl),
                     .handshakes = costly,
                     .read = std::move(read),
                     .connected = false,
                     .made_by = shared_from_this(),
                     .preamble = start.preamble};
  if (start.protocol_required) parts.required_protocol = start.protocol;
  return std::make_unique<TlsIo>(std::move(parts));
}

}  // namespace

Result<std::shared_ptr<const net::Transport>> makeClientTransport(const ClientSettings& settings) {
  auto transport = std::make_shared<ClientTransport>(settings);
  if (auto prepared = transport->prepare(); !prepared.ok()) return prepared.error();
  return std::shared_ptr<const net::Transport>(std::move(transport));
}

}  // namespace weir::tls
