#include "source/http/request_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "source/base/json.h"
#include "source/http/characters.h"
#include "source/http/grpc_status.h"
#include "source/http/response_flags.h"

namespace weir::http {

using filter::FormatOperator;
using filter::FormatScanner;

enum class RequestFormat::Op : uint8_t {
  StartTime,
  Duration,
  RequestDuration,
  ResponseDuration,
  ResponseTxDuration,
  BytesReceived,
  BytesSent,
  StreamId,
  Protocol,
  ConnectionProtocol,
  RequestField,
  ResponseField,
  TrailerField,
  Status,
  Reason,
  Flags,
  FlagWords,
  GrpcStatus,
  GrpcNumber,
  Host,
  Cluster,
  UpstreamProtocol,
  Attempts,
  Route,
  VirtualHost,
  RouteTable,
  Client,
  ClientIp,
  ClientPort,
};

namespace {

enum class Argument : uint8_t { None, Time, Unit, Field, GrpcForm };
// How GRPC_STATUS is written, as its argument says.
constexpr std::string_view GrpcForms[] = {"CAMEL_STRING", "SNAKE_STRING", "NUMBER"};
constexpr uint8_t GrpcNumberForm = 2;

}  // namespace

struct RequestFormat::Known {
  std::string_view name;
  Op op;
  Shape shape;
  Argument argument = Argument::None;
};

const RequestFormat::Known RequestFormat::AllKnown[] = {
    {"BYTES_RECEIVED", Op::BytesReceived, Shape::Number},
    {"BYTES_SENT", Op::BytesSent, Shape::Number},
    {"CONNECTION_PROTOCOL", Op::ConnectionProtocol, Shape::Text},
    {"DOWNSTREAM_REMOTE_ADDRESS", Op::Client, Shape::Plain},
    {"DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Op::ClientIp, Shape::Plain},
    {"DOWNSTREAM_REMOTE_PORT", Op::ClientPort, Shape::Number},
    {"DURATION", Op::Duration, Shape::Number, Argument::Unit},
    {"GRPC_STATUS", Op::GrpcStatus, Shape::Plain, Argument::GrpcForm},
    {"GRPC_STATUS_NUMBER", Op::GrpcNumber, Shape::Number},
    {"PROTOCOL", Op::Protocol, Shape::Plain},
    {"REQ", Op::RequestField, Shape::Text, Argument::Field},
    {"REQUEST_DURATION", Op::RequestDuration, Shape::Number, Argument::Unit},
    {"RESP", Op::ResponseField, Shape::Text, Argument::Field},
    {"RESPONSE_CODE", Op::Status, Shape::Number},
    {"RESPONSE_CODE_DETAILS", Op::Reason, Shape::Text},
    {"RESPONSE_DURATION", Op::ResponseDuration, Shape::Number, Argument::Unit},
    {"RESPONSE_FLAGS", Op::Flags, Shape::Plain},
    {"RESPONSE_FLAGS_LONG", Op::FlagWords, Shape::Plain},
    {"RESPONSE_TX_DURATION", Op::ResponseTxDuration, Shape::Number, Argument::Unit},
    {"ROUTE_CONFIGURATION_NAME", Op::RouteTable, Shape::Text},
    {"ROUTE_NAME", Op::Route, Shape::Text},
    {"START_TIME", Op::StartTime, Shape::Plain, Argument::Time},
    {"STREAM_ID", Op::StreamId, Shape::Number},
    {"TRAILER", Op::TrailerField, Shape::Text, Argument::Field},
    {"UPSTREAM_CLUSTER", Op::Cluster, Shape::Text},
    {"UPSTREAM_HOST", Op::Host, Shape::Text},
    {"UPSTREAM_PROTOCOL", Op::UpstreamProtocol, Shape::Plain},
    {"UPSTREAM_REQUEST_ATTEMPT_COUNT", Op::Attempts, Shape::Number},
    {"VIRTUAL_HOST_NAME", Op::VirtualHost, Shape::Text},
};

namespace {

// A percent sign begins an operator.
bool isFieldName(std::string_view name) {
  if (name.starts_with(':')) name.remove_prefix(1);
  return isToken(name) && name.find('%') == std::string_view::npos;
}

std::string_view number(uint64_t value, std::string& room) {
  fmt::format_to(std::back_inserter(room), "{}", value);
  return room;
}

// What the request said before it was changed on its way: Envoy keeps it in this field. A field of
// this name that came with the request is not read: it would be the client's word for what it
// asked for.
constexpr std::string_view OriginalPath = "x-envoy-original-path";

std::string_view requestField(const RequestRecord& record, std::string_view name) {
  if (name == OriginalPath) {
    const bool changed = record.stream.path != record.request.get(HeaderId::Path);
    return changed ? record.stream.path : std::string_view();
  }
  return record.request.get(name);
}

// Whom the request came from: the connection's peer, or whom trusted proxies name, and then the
// port is 0.
net::IpPort clientOf(const RequestRecord& record) {
  const net::IpPort& peer = record.connection.facts.source;
  const net::IpAddress& client = record.stream.client;
  if (client.family == net::Family::None || client == peer.ip) return peer;
  return {client, 0};
}

std::string_view clientText(const RequestRecord& record, std::string& room) {
  const net::IpPort client = clientOf(record);
  if (client.ip.family != net::Family::None) room = client.toString();
  return room;
}

std::string_view clientIp(const RequestRecord& record, std::string& room) {
  const net::IpPort client = clientOf(record);
  if (client.ip.family != net::Family::None) room = client.ip.toString();
  return room;
}

std::string_view clientPort(const RequestRecord& record, std::string& room) {
  const net::IpPort client = clientOf(record);
  return client.ip.family != net::Family::None ? number(client.port, room) : std::string_view();
}

std::string_view upstreamText(const StreamInfo& info, std::string& room) {
  if (info.upstream != nullptr) room = info.upstream->address().toString();
  return room;
}

std::string_view reasonOf(const StreamInfo& info) {
  if (!info.reason.empty()) return info.reason;
  if (!info.details.empty()) return info.details;
  if (info.upstream_first_byte != MonotonicTime{}) return "via_upstream";
  if (info.route == nullptr || info.status == 0) return {};
  if (std::holds_alternative<DirectResponse>(info.route->action)) return "direct_response";
  return std::holds_alternative<Redirect>(info.route->action) ? "redirect" : "";
}

// With what the upstream did in braces.
std::string_view details(const StreamInfo& info, std::string& room) {
  const std::string_view reason = reasonOf(info);
  if (info.upstream_detail.empty() || reason.empty()) return reason;
  room.append(reason).append("{").append(info.upstream_detail).append("}");
  return room;
}

std::string_view grpcStatus(int status, uint8_t form, std::string& room) {
  if (status < 0) return {};
  const auto index = static_cast<size_t>(status);
  if (form == GrpcNumberForm || index >= GrpcStatusCount) return number(index, room);
  return form == 0 ? GrpcStatusNames[index].camel : GrpcStatusNames[index].snake;
}

}  // namespace

RequestFormat::Shape RequestFormat::Piece::shape() const {
  return known != nullptr ? known->shape : of_connection->shape();
}

std::optional<RequestFormat::Piece> RequestFormat::compileOperator(const FormatOperator& operation,
                                                                   FormatScanner& scanner) {
  Piece piece;
  piece.most = operation.most;
  const auto* known = std::find_if(std::begin(AllKnown), std::end(AllKnown),
                                   [&](const Known& one) { return one.name == operation.name; });
  if (known != std::end(AllKnown)) {
    piece.known = known;
    if (!setArgument(piece, operation, scanner)) return std::nullopt;
    return piece;
  }
  std::vector<filter::FormatProblem> problems;
  const auto text = scanner.text().substr(operation.at, operation.end - operation.at);
  piece.of_connection = filter::ConnectionFormat::compile(text, problems);
  for (auto& one : problems) {
    scanner.problem(operation.at + one.position, std::move(one.message), std::move(one.unknown));
  }
  if (!problems.empty()) return std::nullopt;
  return piece;
}

bool RequestFormat::setArgument(Piece& piece, const FormatOperator& operation,
                                FormatScanner& scanner) {
  const auto& argument = operation.argument;
  const size_t at = operation.argument_at;
  const std::string name = "%" + operation.name + "%";
  switch (piece.known->argument) {
    case Argument::None:
      if (argument) scanner.problem(at, name + " takes no argument");
      return !argument;
    case Argument::Time: {
      auto made = filter::TimeFormat::compile(operation, scanner);
      if (made) piece.time = std::move(*made);
      return made.has_value();
    }
    case Argument::Unit: {
      const auto made = filter::DurationFormat::compile(operation, 0, scanner);
      if (made) piece.duration = *made;
      return made.has_value();
    }
    case Argument::GrpcForm: {
      const auto* form = std::find(std::begin(GrpcForms), std::end(GrpcForms),
                                   argument.value_or(std::string(GrpcForms[0])));
      piece.form = static_cast<uint8_t>(form - std::begin(GrpcForms));
      if (form == std::end(GrpcForms))
        scanner.problem(at, "there are CAMEL_STRING, SNAKE_STRING and NUMBER");
      return form != std::end(GrpcForms);
    }
    case Argument::Field: break;
  }
  const std::string names = lowerCase(argument.value_or(""));
  const size_t mark = names.find('?');
  piece.name = names.substr(0, mark);
  if (mark != std::string::npos) piece.other_name = names.substr(mark + 1);
  if (isFieldName(piece.name) && (mark == std::string::npos || isFieldName(piece.other_name)))
    return true;
  scanner.problem(
      at, name + " wants the name of a field, or two: %" + operation.name + "(FIRST?SECOND)%");
  return false;
}

RequestFormat RequestFormat::compile(std::string_view text,
                                     std::vector<filter::FormatProblem>& problems) {
  RequestFormat format;
  format.source_ = text;
  format.pieces_ = filter::compilePieces<Piece>(text, problems, compileOperator);
  return format;
}

std::vector<std::string> RequestFormat::operatorNames() {
  std::vector<std::string> names = filter::ConnectionFormat::operatorNames();
  for (const Known& one : AllKnown) names.emplace_back(one.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string_view RequestFormat::timeValue(const Piece& piece, const RequestRecord& record,
                                          std::string& room) {
  const StreamInfo& info = record.stream;
  MonotonicTime from = info.started;
  MonotonicTime to = record.now;
  switch (piece.known->op) {
    case Op::StartTime: piece.time.append(info.started_wall, room); return room;
    case Op::RequestDuration: to = info.request_done; break;
    case Op::ResponseDuration: to = info.upstream_first_byte; break;
    case Op::ResponseTxDuration: from = info.upstream_first_byte; break;
    default: break;
  }
  if (from != MonotonicTime{} && to != MonotonicTime{}) piece.duration.append(to - from, room);
  return room;
}

std::string_view RequestFormat::fieldValue(const Piece& piece, const RequestRecord& record) {
  const auto get = [&](std::string_view name) {
    if (piece.known->op == Op::RequestField) return requestField(record, name);
    return piece.known->op == Op::ResponseField ? record.response.get(name)
                                                : record.trailers.get(name);
  };
  const std::string_view first = get(piece.name);
  return first.empty() && !piece.other_name.empty() ? get(piece.other_name) : first;
}

std::string_view RequestFormat::routeValue(Op op, const StreamInfo& info) {
  if (info.route == nullptr) return {};
  if (op == Op::Route) return info.route->name;
  const auto* host = info.route->virtual_host;
  if (host == nullptr) return {};
  return op == Op::VirtualHost ? host->name : host->table;
}

// Nothing, if it is not known. In `room`, which is empty, or where it lives.
std::string_view RequestFormat::bareValue(const Piece& piece, const RequestRecord& record,
                                          std::string& room) {
  if (piece.of_connection) {
    piece.of_connection->appendBare(record.connection, record.now, room);
    return room;
  }
  const StreamInfo& info = record.stream;
  switch (piece.known->op) {
    case Op::StartTime:
    case Op::Duration:
    case Op::RequestDuration:
    case Op::ResponseDuration:
    case Op::ResponseTxDuration: return timeValue(piece, record, room);
    case Op::BytesReceived: return number(info.request_bytes, room);
    case Op::BytesSent: return number(info.response_bytes, room);
    case Op::StreamId: return number(info.id, room);
    case Op::Protocol: return toString(info.version);
    case Op::ConnectionProtocol: return record.connection.protocol;
    case Op::RequestField:
    case Op::ResponseField:
    case Op::TrailerField: return fieldValue(piece, record);
    case Op::Status: return number(info.status, room);
    case Op::Reason: return details(info, room);
    case Op::Flags: appendResponseFlags(info, false, room); return room;
    case Op::FlagWords: appendResponseFlags(info, true, room); return room;
    case Op::GrpcStatus: return grpcStatus(info.grpc_status, piece.form, room);
    case Op::GrpcNumber: return grpcStatus(info.grpc_status, GrpcNumberForm, room);
    case Op::Host: return upstreamText(info, room);
    case Op::Cluster: return info.cluster;
    case Op::UpstreamProtocol: return info.attempts > 0 ? toString(info.upstream_version) : "";
    case Op::Attempts: return number(info.attempts, room);
    case Op::Client: return clientText(record, room);
    case Op::ClientIp: return clientIp(record, room);
    case Op::ClientPort: return clientPort(record, room);
    case Op::Route:
    case Op::VirtualHost:
    case Op::RouteTable: return routeValue(piece.known->op, info);
  }
  return {};
}

std::string_view RequestFormat::valueOf(const Piece& piece, const RequestRecord& record,
                                        std::string& room) {
  room.clear();
  return bareValue(piece, record, room).substr(0, piece.most);
}

void RequestFormat::appendText(const RequestRecord& record, std::string& out) const {
  static thread_local std::string room;
  for (const Piece& piece : pieces_) {
    if (piece.isLiteral()) {
      out += piece.text;
      continue;
    }
    const std::string_view value = valueOf(piece, record, room);
    if (value.empty()) {
      out += '-';
    } else if (piece.shape() == Shape::Text) {
      filter::appendEscaped(out, value);
    } else {
      out += value;
    }
  }
}

void RequestFormat::appendJson(const RequestRecord& record, std::string& out) const {
  static thread_local std::string room;
  static thread_local std::string text;
  if (pieces_.size() == 1 && !pieces_[0].isLiteral()) {
    const Piece& piece = pieces_[0];
    const std::string_view value = valueOf(piece, record, room);
    if (value.empty()) {
      out += "null";
    } else if (piece.shape() == Shape::Number && piece.most == SIZE_MAX) {
      out += value;
    } else {
      appendJsonString(out, value);
    }
    return;
  }
  text.clear();
  for (const Piece& piece : pieces_) {
    const std::string_view value =
        piece.isLiteral() ? std::string_view(piece.text) : valueOf(piece, record, room);
    text += value.empty() ? "-" : value;
  }
  appendJsonString(out, text);
}

}  // namespace weir::http
