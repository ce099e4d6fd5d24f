#include "source/filter/connection_format.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <optional>

#include "source/base/check.h"
#include "source/base/json.h"

namespace weir::filter {

enum class ConnectionFormat::Op : uint8_t {
  StartTime,
  EmitTime,
  Duration,
  DetectDuration,
  BytesReceived,
  BytesSent,
  ConnectionId,
  Protocol,
  TransportProtocol,
  ApplicationProtocols,
  Reason,
  Remote,
  RemoteIp,
  RemotePort,
  DirectRemoteIp,
  Local,
  LocalIp,
  LocalPort,
  ServerName,
  Listener,
  Chain,
  Cluster,
  Upstream,
  Close,
  TlsVersion,
  TlsCipher,
  PeerSubject,
  PeerUriSan,
  PeerDnsSan,
  TransportFailure,
  Constant,
};

namespace {

enum class Argument : uint8_t { None, Time, Unit, Name };

}  // namespace

struct ConnectionFormat::Known {
  std::string_view name;
  Op op;
  Shape shape;
  Argument argument = Argument::None;
};

const ConnectionFormat::Known ConnectionFormat::AllKnown[] = {
    {"APPLICATION_PROTOCOLS", Op::ApplicationProtocols, Shape::Text},
    {"BYTES_RECEIVED", Op::BytesReceived, Shape::Number},
    {"BYTES_SENT", Op::BytesSent, Shape::Number},
    {"CONNECTION_ID", Op::ConnectionId, Shape::Number},
    {"CONNECTION_TERMINATION_DETAILS", Op::Close, Shape::Text},
    {"DETECT_DURATION", Op::DetectDuration, Shape::Number, Argument::Unit},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", Op::DirectRemoteIp, Shape::Plain},
    {"DOWNSTREAM_LOCAL_ADDRESS", Op::Local, Shape::Plain},
    {"DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Op::LocalIp, Shape::Plain},
    {"DOWNSTREAM_LOCAL_PORT", Op::LocalPort, Shape::Number},
    {"DOWNSTREAM_REMOTE_ADDRESS", Op::Remote, Shape::Plain},
    {"DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Op::RemoteIp, Shape::Plain},
    {"DOWNSTREAM_REMOTE_PORT", Op::RemotePort, Shape::Number},
    {"DOWNSTREAM_PEER_DNS_SAN", Op::PeerDnsSan, Shape::Text},
    {"DOWNSTREAM_PEER_SUBJECT", Op::PeerSubject, Shape::Text},
    {"DOWNSTREAM_PEER_URI_SAN", Op::PeerUriSan, Shape::Text},
    {"DOWNSTREAM_TLS_CIPHER", Op::TlsCipher, Shape::Text},
    {"DOWNSTREAM_TLS_VERSION", Op::TlsVersion, Shape::Text},
    {"DOWNSTREAM_TRANSPORT_FAILURE_REASON", Op::TransportFailure, Shape::Text},
    {"DURATION", Op::Duration, Shape::Number, Argument::Unit},
    {"EMIT_TIME", Op::EmitTime, Shape::Plain, Argument::Time},
    {"ENVIRONMENT", Op::Constant, Shape::Text, Argument::Name},
    {"FILTER_CHAIN_NAME", Op::Chain, Shape::Text},
    {"HOSTNAME", Op::Constant, Shape::Text},
    {"LISTENER_NAME", Op::Listener, Shape::Text},
    {"PROTOCOL", Op::Protocol, Shape::Text},
    {"REASON", Op::Reason, Shape::Text},
    {"REQUESTED_SERVER_NAME", Op::ServerName, Shape::Text},
    {"START_TIME", Op::StartTime, Shape::Plain, Argument::Time},
    {"TRANSPORT_PROTOCOL", Op::TransportProtocol, Shape::Text},
    {"UPSTREAM_CLUSTER", Op::Cluster, Shape::Text},
    {"UPSTREAM_HOST", Op::Upstream, Shape::Text},
};

namespace {

void appendIp(std::string& out, const net::IpAddress& ip) {
  if (ip.family != net::Family::None) out += ip.toString();
}

void appendAddress(std::string& out, const net::IpPort& address) {
  if (address.ip.family != net::Family::None) out += address.toString();
}

void appendPort(std::string& out, const net::IpPort& address) {
  if (address.ip.family != net::Family::None) out += std::to_string(address.port);
}

// Those with "://", or those without, as a list.
void appendNames(const std::vector<std::string>& names, bool uris, std::string& out) {
  bool first = true;
  for (const std::string& name : names) {
    if ((name.find("://") != name.npos) != uris) continue;
    if (!std::exchange(first, false)) out += ',';
    out += name;
  }
}

std::string hostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

void ConnectionFormat::appendSecurity(Op op, const net::Security& security, std::string& out) {
  if (op == Op::TlsVersion) out += security.version;
  if (op == Op::TlsCipher) out += security.cipher;
  if (op == Op::PeerSubject) out += security.peer_subject;
  if (op == Op::PeerUriSan) appendNames(security.peer_names, true, out);
  if (op == Op::PeerDnsSan) appendNames(security.peer_names, false, out);
}

std::optional<ConnectionFormat::Piece> ConnectionFormat::compileOperator(
    const FormatOperator& operation, FormatScanner& scanner) {
  const auto* known = std::find_if(std::begin(AllKnown), std::end(AllKnown),
                                   [&](const Known& one) { return one.name == operation.name; });
  if (known == std::end(AllKnown)) {
    scanner.problem(operation.at, "there is no operator \"%" + operation.name + "%\"",
                    operation.name);
    return std::nullopt;
  }
  Piece piece{.known = known};
  piece.most = operation.most;
  if (!setArgument(piece, operation, scanner)) return std::nullopt;
  return piece;
}

bool ConnectionFormat::setArgument(Piece& piece, const FormatOperator& operation,
                                   FormatScanner& scanner) {
  const auto& argument = operation.argument;
  const std::string name = "%" + operation.name + "%";
  switch (piece.known->argument) {
    case Argument::None:
      if (piece.known->op == Op::Constant) piece.text = hostName();
      if (argument) scanner.problem(operation.argument_at, name + " takes no argument");
      return !argument;
    case Argument::Name:
      if (!argument || argument->empty()) {
        scanner.problem(operation.argument_at,
                        name + " wants a name: %" + operation.name + "(NAME)%");
        return false;
      }
      if (const char* value = std::getenv(argument->c_str()); value != nullptr) piece.text = value;
      return true;
    case Argument::Unit: {
      const unsigned decimals = piece.known->op == Op::DetectDuration ? 3 : 0;
      const auto made = DurationFormat::compile(operation, decimals, scanner);
      piece.duration = made.value_or(DurationFormat());
      return made.has_value();
    }
    case Argument::Time: {
      auto made = TimeFormat::compile(operation, scanner);
      if (made) piece.time = std::move(*made);
      return made.has_value();
    }
  }
  return false;
}

ConnectionFormat ConnectionFormat::compile(std::string_view text,
                                           std::vector<FormatProblem>& problems) {
  ConnectionFormat format;
  format.source_ = text;
  format.pieces_ = compilePieces<Piece>(text, problems, compileOperator);
  return format;
}

std::vector<std::string> ConnectionFormat::operatorNames() {
  std::vector<std::string> names;
  for (const Known& one : AllKnown) names.emplace_back(one.name);
  return names;
}

ConnectionFormat::Shape ConnectionFormat::shape() const {
  WEIR_CHECK(pieces_.size() == 1 && pieces_[0].known != nullptr);
  return pieces_[0].known->shape;
}

void ConnectionFormat::appendBare(const ConnectionInfo& info, MonotonicTime now,
                                  std::string& out) const {
  for (const Piece& piece : pieces_) appendValue(piece, info, now, out);
}

// Nothing, if it is not known.
void ConnectionFormat::appendValue(const Piece& piece, const ConnectionInfo& info,
                                   MonotonicTime now, std::string& out) {
  const Facts& facts = info.facts;
  switch (piece.known->op) {
    case Op::StartTime: return piece.time.append(info.accepted_wall, out);
    case Op::EmitTime: return piece.time.append(info.accepted_wall + (now - info.accepted), out);
    case Op::Duration: return piece.duration.append(now - info.accepted, out);
    case Op::DetectDuration: return piece.duration.append(info.detection_time, out);
    case Op::BytesReceived: out += std::to_string(info.rx_bytes); return;
    case Op::ConnectionId: out += std::to_string(info.id); return;
    case Op::BytesSent: out += std::to_string(info.tx_bytes); return;
    case Op::Protocol: out += info.protocol; return;
    case Op::TransportProtocol:
      if (facts.known.has(Fact::TransportProtocol)) out += facts.transportProtocol();
      return;
    case Op::ApplicationProtocols:
      for (const std::string& one : facts.application_protocols)
        out.append(&one == &facts.application_protocols.front() ? "" : ",").append(one);
      return;
    case Op::Reason: out += filter::toString(info.reason); return;
    case Op::Remote: return appendAddress(out, facts.source);
    case Op::RemoteIp: return appendIp(out, facts.source.ip);
    case Op::RemotePort: return appendPort(out, facts.source);
    case Op::DirectRemoteIp: return appendIp(out, facts.direct_source);
    case Op::Local: return appendAddress(out, facts.destination);
    case Op::LocalIp: return appendIp(out, facts.destination.ip);
    case Op::LocalPort: return appendPort(out, facts.destination);
    case Op::ServerName: out += facts.server_name; return;
    case Op::Listener: out += info.listener; return;
    case Op::Chain: out += info.chain; return;
    case Op::Cluster: out += info.cluster; return;
    case Op::Upstream: out += info.upstream; return;
    case Op::Close: out += info.close_reason; return;
    case Op::TransportFailure: out += info.transport_failure; return;
    case Op::TlsVersion:
    case Op::TlsCipher:
    case Op::PeerSubject:
    case Op::PeerUriSan:
    case Op::PeerDnsSan:
      if (info.security != nullptr) appendSecurity(piece.known->op, *info.security, out);
      return;
    case Op::Constant: out += piece.text; return;
  }
}

std::string ConnectionFormat::cutValue(const Piece& piece, const ConnectionInfo& info,
                                       MonotonicTime now) {
  std::string value;
  appendValue(piece, info, now, value);
  if (value.size() > piece.most) value.resize(piece.most);
  return value;
}

void ConnectionFormat::appendText(const ConnectionInfo& info, MonotonicTime now,
                                  std::string& out) const {
  for (const Piece& piece : pieces_) {
    if (piece.known == nullptr) {
      out += piece.text;
      continue;
    }
    const std::string value = cutValue(piece, info, now);
    if (value.empty()) {
      out += '-';
    } else if (piece.known->shape == Shape::Text) {
      appendEscaped(out, value);
    } else {
      out += value;
    }
  }
}

void ConnectionFormat::appendJson(const ConnectionInfo& info, MonotonicTime now,
                                  std::string& out) const {
  if (pieces_.size() == 1 && pieces_[0].known != nullptr) {
    const std::string value = cutValue(pieces_[0], info, now);
    if (value.empty()) {
      out += "null";
    } else if (pieces_[0].known->shape == Shape::Number && pieces_[0].most == SIZE_MAX) {
      out += value;
    } else {
      appendJsonString(out, value);
    }
    return;
  }
  std::string text;
  for (const Piece& piece : pieces_) {
    const std::string value = piece.known == nullptr ? piece.text : cutValue(piece, info, now);
    text += value.empty() ? "-" : value;
  }
  appendJsonString(out, text);
}

}  // namespace weir::filter
