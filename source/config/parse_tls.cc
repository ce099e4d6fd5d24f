#include "source/config/parse_tls.h"

#include <utility>

#include "source/config/data_source.h"
#include "source/config/field_checks.h"
#include "source/config/node.h"

namespace weir::config {
namespace {

constexpr size_t MaxPemBytes = 1 << 20;

tls::Version versionOf(v1::TlsParameters::TlsProtocol protocol, tls::Version absent) {
  if (protocol == v1::TlsParameters::TLSv1_2) return tls::Version::Tls12;
  return protocol == v1::TlsParameters::TLSv1_3 ? tls::Version::Tls13 : absent;
}

void appendTo(std::string& list, const std::string& name) {
  if (!list.empty()) list += ':';
  list += name;
}

void parseParameters(const v1::TlsParameters& config, const FieldScope& scope,
                     tls::CommonSettings& settings) {
  settings.min_version = versionOf(config.tls_minimum_protocol_version(), settings.min_version);
  settings.max_version = versionOf(config.tls_maximum_protocol_version(), settings.max_version);
  if (settings.min_version > settings.max_version) {
    scope.field("tls_minimum_protocol_version")
        .error("is newer than tls_maximum_protocol_version: no version is left");
  }
  const auto names_list = [](const FieldScope& field, const std::string& name) {
    const bool one = !name.empty() && name.find_first_of(":@!+ ") == name.npos;
    if (!one) field.error(quote(name) + " is not a name of OpenSSL's: one stands in each entry");
    return one;
  };
  for (int i = 0; i < config.cipher_suites_size(); ++i) {
    const std::string& name = config.cipher_suites(i);
    if (!names_list(scope.field("cipher_suites").index(static_cast<size_t>(i)), name)) continue;
    appendTo(name.starts_with("TLS_") ? settings.cipher_suites : settings.ciphers, name);
  }
  for (int i = 0; i < config.ecdh_curves_size(); ++i) {
    const std::string& name = config.ecdh_curves(i);
    if (!names_list(scope.field("ecdh_curves").index(static_cast<size_t>(i)), name)) continue;
    appendTo(settings.groups, name);
  }
}

void parseCertificate(const v1::TlsCertificate& config, const FieldScope& scope,
                      tls::CommonSettings& settings,
                      std::vector<tls::CertificateInfo>& certificates) {
  const FieldScope chain_field = scope.field("certificate_chain");
  auto chain = readDataSource(config.certificate_chain(), chain_field, MaxPemBytes);
  auto key = readDataSource(config.private_key(), scope.field("private_key"), MaxPemBytes);
  tls::CertificateSettings one;
  if (config.has_ocsp_staple()) {
    one.ocsp_response =
        readDataSource(config.ocsp_staple(), scope.field("ocsp_staple"), MaxPemBytes).value_or("");
  }
  if (!chain || !key) return;
  one.chain = std::move(*chain);
  one.key = std::move(*key);
  one.name = nameOf(config.certificate_chain(), chain_field);
  auto info = tls::describeCertificate(one);
  if (!info.ok()) return scope.error(info.error().detail);
  certificates.push_back(std::move(info).value());
  settings.certificates.push_back(std::move(one));
}

void parseAlpn(const v1::CommonTlsContext& config, const FieldScope& scope,
               tls::CommonSettings& settings) {
  for (int i = 0; i < config.alpn_protocols_size(); ++i) {
    const std::string& name = config.alpn_protocols(i);
    if (name.empty() || name.size() > 255) {
      scope.field("alpn_protocols")
          .index(static_cast<size_t>(i))
          .error("a protocol's name has 1 to 255 bytes");
    }
    settings.alpn.push_back(name);
  }
}

void parseValidation(const v1::CertificateValidationContext& config, const FieldScope& scope,
                     tls::CommonSettings& settings) {
  if (config.has_trusted_ca()) {
    const FieldScope field = scope.field("trusted_ca");
    settings.trusted_ca = readDataSource(config.trusted_ca(), field, MaxPemBytes).value_or("");
    if (const auto wrong = tls::checkTrusted(settings.trusted_ca);
        !settings.trusted_ca.empty() && !wrong.ok())
      field.error(wrong.error().detail);
  }
  for (int i = 0; i < config.verify_subject_alt_name_size(); ++i) {
    const std::string& name = config.verify_subject_alt_name(i);
    const FieldScope field = scope.field("verify_subject_alt_name").index(static_cast<size_t>(i));
    if (name.empty()) field.error("is empty: a DNS name or a URI is meant");
    if (name.find('*') != name.npos)
      field.error(
          "a \"*\" stands in certificates, not here: the names that are accepted are exact");
    settings.peer_names.push_back(name);
  }
}

// All but whom to trust.
tls::CommonSettings parseCommon(const v1::CommonTlsContext& config, const FieldScope& scope,
                                std::vector<tls::CertificateInfo>& certificates) {
  tls::CommonSettings settings;
  parseParameters(config.tls_params(), scope.field("tls_params"), settings);
  for (int i = 0; i < config.tls_certificates_size(); ++i) {
    parseCertificate(config.tls_certificates(i),
                     scope.field("tls_certificates").index(static_cast<size_t>(i)), settings,
                     certificates);
  }
  parseAlpn(config, scope, settings);
  if (config.has_validation_context())
    parseValidation(config.validation_context(), scope.field("validation_context"), settings);
  return settings;
}

// Of a transport that could not be made for another reason than one that was reported before.
std::shared_ptr<const net::Transport> checked(Result<std::shared_ptr<const net::Transport>> made,
                                              const FieldScope& scope) {
  if (made.ok()) return std::move(made).value();
  scope.error(made.error().detail);
  return nullptr;
}

void checkClientValidation(const v1::DownstreamTlsContext& context, const FieldScope& scope) {
  const auto& common = context.common_tls_context();
  const FieldScope validation = scope.field("common_tls_context").field("validation_context");
  if (context.require_client_certificate() && !common.has_validation_context()) {
    scope.field("require_client_certificate")
        .error("needs common_tls_context.validation_context, which says whom to trust");
  }
  if (!common.has_validation_context()) return;
  if (common.validation_context().trust_chain_verification() !=
      v1::CertificateValidationContext::VERIFY_TRUST_CHAIN) {
    validation.field("trust_chain_verification")
        .error("can only be changed towards upstreams: a client's certificate is verified");
  }
  if (!common.validation_context().has_trusted_ca())
    validation.field("trusted_ca").error("is required: the roots of the clients' certificates");
}

}  // namespace

std::shared_ptr<const net::Transport> parseDownstreamTls(
    const v1::DownstreamTlsContext& context, const FieldScope& scope,
    std::vector<tls::CertificateInfo>& certificates) {
  const size_t errors_before = scope.diagnostics().errors().size();
  const FieldScope common = scope.field("common_tls_context");
  tls::ServerSettings settings;
  settings.common = parseCommon(context.common_tls_context(), common, certificates);
  settings.session_tickets = !context.disable_stateless_session_resumption();
  if (context.common_tls_context().tls_certificates_size() == 0) {
    common.field("tls_certificates")
        .error("is required: the certificate and the private key that clients are shown");
  }
  checkClientValidation(context, scope);
  if (context.common_tls_context().has_validation_context()) {
    settings.client_certificates = context.require_client_certificate()
                                       ? tls::ClientCertificates::Required
                                       : tls::ClientCertificates::Optional;
  }
  if (scope.diagnostics().errors().size() != errors_before) return nullptr;
  return checked(tls::makeServerTransport(settings), scope);
}

ClusterTransports::ClusterTransports(const v1::Cluster& cluster, const FieldScope& scope,
                                     std::vector<tls::CertificateInfo>& certificates)
    : cluster_(cluster), tls_scope_(scope.field("tls_context")) {
  if (!cluster.has_tls_context()) return;
  const size_t errors_before = scope.diagnostics().errors().size();
  const v1::CommonTlsContext& common = cluster.tls_context().common_tls_context();
  base_.common = parseCommon(common, tls_scope_.field("common_tls_context"), certificates);
  base_.system_roots = !common.validation_context().has_trusted_ca();
  base_.verify = common.validation_context().trust_chain_verification() ==
                 v1::CertificateValidationContext::VERIFY_TRUST_CHAIN;
  base_.server_name = cluster.tls_context().sni();
  usable_ = scope.diagnostics().errors().size() == errors_before;
}

upstream::SharedTransport ClusterTransports::of(const v1::Endpoint& endpoint, std::string_view name,
                                                const FieldScope& scope) {
  if (!checkEndpoint(endpoint, scope) || !usable_ || endpoint.plaintext()) return {};
  const std::string key = endpoint.identity() + "\n" + endpoint.server_name() + "\n" +
                          std::to_string(endpoint.opaque_transport_port()) + "\n" +
                          std::string(name);
  const auto known = made_.find(key);
  if (known != made_.end()) return known->second;
  return made_[key] = make(endpoint, name, scope);
}

upstream::SharedTransport ClusterTransports::ofAll() {
  return usable_ ? make({}, {}, tls_scope_) : upstream::SharedTransport();
}

bool ClusterTransports::checkEndpoint(const v1::Endpoint& endpoint, const FieldScope& scope) const {
  const size_t errors_before = scope.diagnostics().errors().size();
  const auto refuse = [&](std::string_view field, bool is_set) {
    if (!is_set) return;
    if (!cluster_.has_tls_context()) scope.field(field).error("needs the cluster's tls_context");
    if (cluster_.has_tls_context() && endpoint.plaintext())
      scope.field(field).error("must not be set with plaintext");
  };
  refuse("identity", !endpoint.identity().empty());
  refuse("server_name", !endpoint.server_name().empty());
  refuse("opaque_transport_port", endpoint.opaque_transport_port() != 0);
  if (endpoint.plaintext() && !cluster_.has_tls_context())
    scope.field("plaintext").error("needs the cluster's tls_context; without it nothing is TLS");
  checkInteger(scope.field("opaque_transport_port"), endpoint.opaque_transport_port(), 0,
               {0, 65535});
  return scope.diagnostics().errors().size() == errors_before;
}

upstream::SharedTransport ClusterTransports::make(const v1::Endpoint& endpoint,
                                                  std::string_view name, const FieldScope& scope) {
  tls::ClientSettings settings = base_;
  const std::string& identity = endpoint.identity();
  if (settings.server_name.empty()) settings.server_name = name;
  if (!identity.empty()) {
    settings.common.peer_names = {identity};
    if (identity.find("://") == identity.npos) settings.server_name = identity;
  }
  if (!endpoint.server_name().empty()) settings.server_name = endpoint.server_name();
  if (settings.common.peer_names.empty() && !settings.server_name.empty())
    settings.common.peer_names = {settings.server_name};
  if (settings.common.peer_names.empty() && settings.verify) {
    scope.error(
        "no name is known that the server's certificate must have: set the tls_context's sni or "
        "its verify_subject_alt_name, or the endpoint's identity");
    return {};
  }
  auto transport = checked(tls::makeClientTransport(settings), tls_scope_);
  if (transport == nullptr) return {};
  return upstream::HostTransport{
      .tls = std::move(transport),
      .settings = std::move(settings),
      .opaque_port = static_cast<uint16_t>(endpoint.opaque_transport_port())};
}

}  // namespace weir::config
