#include "source/filter/connection_format.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <optional>

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
  Constant,
};

namespace {

enum class Argument : uint8_t { None, Time, Unit, Name };
// How a value is written: as it is, as a number, or as text that a peer may have chosen.
enum class Shape : uint8_t { Plain, Number, Text };

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

constexpr std::string_view DefaultTime = "%Y-%m-%dT%H:%M:%S.%3fZ";
constexpr unsigned NanoDigits = 9;
// Of strftime(3); %f and %s are ours.
constexpr std::string_view CalendarLetters = "aAbBCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%";

// Nothing that a peer sends (a server name, a protocol) may break a line or a value.
void appendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x21 || byte >= 0x7f || c == '"' || c == '\\') {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    } else {
      out += c;
    }
  }
}

void appendIp(std::string& out, const net::IpAddress& ip) {
  if (ip.family != net::Family::None) out += ip.toString();
}

void appendAddress(std::string& out, const net::IpPort& address) {
  if (address.ip.family != net::Family::None) out += address.toString();
}

void appendPort(std::string& out, const net::IpPort& address) {
  if (address.ip.family != net::Family::None) out += std::to_string(address.port);
}

std::string hostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

bool isNameLetter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

// One format, from front to back.
class ConnectionFormat::Compiler {
 public:
  Compiler(std::string_view text, std::vector<FormatProblem>& problems)
      : text_(text), problems_(problems) {}

  std::vector<Piece> run() {
    while (at_ < text_.size()) {
      if (text_[at_] != '%') {
        literal(text_[at_++]);
      } else if (rest().starts_with("%%")) {
        literal('%');
        at_ += 2;
      } else {
        operation();
      }
    }
    return std::move(pieces_);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }

  void literal(char c) {
    if (pieces_.empty() || pieces_.back().known != nullptr) pieces_.emplace_back();
    pieces_.back().text += c;
  }

  void problem(size_t position, std::string message, std::string unknown = {}) {
    problems_.push_back({position, std::move(message), std::move(unknown)});
  }

  // At a percent sign. On a fault it goes on behind what can be told to belong to the operator.
  void operation() {
    const size_t begin = at_++;
    const size_t name_at = at_;
    while (at_ < text_.size() && isNameLetter(text_[at_])) ++at_;
    const std::string name(text_.substr(name_at, at_ - name_at));
    if (name.empty())
      return problem(begin,
                     "a % begins an operator, such as %DURATION%; write %% for a percent sign");
    const size_t argument_at = at_ + 1;
    const std::optional<std::string> argument = takeArgument();
    const std::optional<size_t> most = takeMost();
    if (at_ >= text_.size() || text_[at_] != '%') {
      const size_t end = text_.find('%', at_);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
      return problem(begin, "the operator \"%" + name + "\" has no % at its end");
    }
    ++at_;
    const auto* known = std::find_if(std::begin(AllKnown), std::end(AllKnown),
                                     [&](const Known& one) { return one.name == name; });
    if (known == std::end(AllKnown))
      return problem(begin, "there is no operator \"%" + name + "%\"", name);
    Piece piece{.known = known};
    piece.most = most.value_or(SIZE_MAX);
    if (setArgument(piece, argument, argument ? argument_at : begin))
      pieces_.push_back(std::move(piece));
  }

  // "(...)": up to the bracket behind which the operator may end.
  std::optional<std::string> takeArgument() {
    if (at_ >= text_.size() || text_[at_] != '(') return std::nullopt;
    for (size_t end = text_.find(')', at_); end != std::string_view::npos;
         end = text_.find(')', end + 1)) {
      const std::string_view behind = text_.substr(end + 1);
      if (!behind.starts_with('%') && !behind.starts_with(':')) continue;
      std::string argument(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return argument;
    }
    return std::nullopt;
  }

  // ":N"
  std::optional<size_t> takeMost() {
    if (at_ >= text_.size() || text_[at_] != ':') return std::nullopt;
    size_t end = at_ + 1;
    size_t most = 0;
    while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9' && end - at_ <= 6)
      most = most * 10 + static_cast<size_t>(text_[end++] - '0');
    if (end == at_ + 1) return std::nullopt;
    at_ = end;
    return most;
  }

  bool setArgument(Piece& piece, const std::optional<std::string>& argument, size_t at) {
    const Known& known = *piece.known;
    const std::string name = "%" + std::string(known.name) + "%";
    switch (known.argument) {
      case Argument::None:
        if (known.op == Op::Constant) piece.text = hostName();
        if (argument) problem(at, name + " takes no argument");
        return !argument;
      case Argument::Name:
        if (!argument || argument->empty()) {
          problem(at, name + " wants a name: %" + std::string(known.name) + "(NAME)%");
          return false;
        }
        if (const char* value = std::getenv(argument->c_str()); value != nullptr)
          piece.text = value;
        return true;
      case Argument::Unit: return setUnit(piece, argument, at);
      case Argument::Time: return setTime(piece, argument.value_or(std::string(DefaultTime)), at);
    }
    return false;
  }

  bool setUnit(Piece& piece, const std::optional<std::string>& argument, size_t at) {
    if (!argument) {
      piece.decimals = piece.known->op == Op::DetectDuration ? 3 : 0;
      return true;
    }
    const size_t dot = argument->find('.');
    const std::string unit = argument->substr(0, dot);
    const std::string digits = dot == std::string::npos ? "0" : argument->substr(dot + 1);
    const bool digit = digits.size() == 1 && digits[0] >= '0' && digits[0] <= '9';
    piece.decimals = digit ? static_cast<unsigned>(digits[0] - '0') : 0;
    for (const auto& [name, ns] : {std::pair<std::string_view, uint64_t>{"s", 1'000'000'000},
                                   {"ms", 1'000'000},
                                   {"us", 1'000},
                                   {"ns", 1}}) {
      if (unit != name || !digit) continue;
      piece.unit_ns = ns;
      return true;
    }
    problem(at,
            "\"" + *argument + "\" is not a unit of time: s, ms, us or ns, with .N for decimals");
    return false;
  }

  bool setTime(Piece& piece, const std::string& format, size_t at) {
    std::string calendar;
    const auto flush = [&] {
      if (!calendar.empty()) piece.time.push_back({TimePart::Kind::Calendar, calendar});
      calendar.clear();
    };
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') {
        calendar += format[i];
        continue;
      }
      unsigned digits = NanoDigits;
      if (i + 2 < format.size() && format[i + 1] >= '1' && format[i + 1] <= '9' &&
          format[i + 2] == 'f') {
        digits = static_cast<unsigned>(format[++i] - '0');
      }
      const char letter = ++i < format.size() ? format[i] : '\0';
      if (letter == 'f' || letter == 's') {
        flush();
        piece.time.push_back(
            {letter == 'f' ? TimePart::Kind::Fraction : TimePart::Kind::Epoch, "", digits});
      } else if (letter != '\0' && CalendarLetters.find(letter) != std::string_view::npos) {
        calendar += '%';
        calendar += letter;
      } else {
        problem(at + i - 1, "\"%" + std::string(letter == '\0' ? 0 : 1, letter) +
                                "\" is not a part of a time: there are those of strftime, %s "
                                "(seconds since 1970), %f and %1f to %9f (fractions)");
        return false;
      }
    }
    flush();
    return true;
  }

  const std::string_view text_;
  std::vector<FormatProblem>& problems_;
  size_t at_ = 0;
  std::vector<Piece> pieces_;
};

ConnectionFormat ConnectionFormat::compile(std::string_view text,
                                           std::vector<FormatProblem>& problems) {
  ConnectionFormat format;
  format.source_ = text;
  format.pieces_ = Compiler(text, problems).run();
  return format;
}

std::vector<std::string> ConnectionFormat::operatorNames() {
  std::vector<std::string> names;
  for (const Known& one : AllKnown) names.emplace_back(one.name);
  return names;
}

void ConnectionFormat::appendTime(const Piece& piece, WallTime time, std::string& out) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t epoch = std::chrono::system_clock::to_time_t(second);
  std::tm calendar{};
  gmtime_r(&epoch, &calendar);
  for (const TimePart& part : piece.time) {
    if (part.kind == TimePart::Kind::Epoch) {
      out += std::to_string(epoch);
    } else if (part.kind == TimePart::Kind::Fraction) {
      const std::string nanos = fmt::format("{:09}", (time - second).count());
      out.append(nanos, 0, part.digits);
    } else {
      std::array<char, 512> text{};
      out.append(text.data(),
                 std::strftime(text.data(), text.size(), part.calendar.c_str(), &calendar));
    }
  }
}

// Nothing, if it is not known.
void ConnectionFormat::appendValue(const Piece& piece, const ConnectionInfo& info,
                                   MonotonicTime now, std::string& out) {
  const auto duration = [&](weir::Duration d) {
    fmt::format_to(std::back_inserter(out), "{:.{}f}",
                   static_cast<double>(d.count()) / static_cast<double>(piece.unit_ns),
                   piece.decimals);
  };
  const Facts& facts = info.facts;
  switch (piece.known->op) {
    case Op::StartTime: return appendTime(piece, info.accepted_wall, out);
    case Op::EmitTime: return appendTime(piece, info.accepted_wall + (now - info.accepted), out);
    case Op::Duration: return duration(now - info.accepted);
    case Op::DetectDuration: return duration(info.detection_time);
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
                                  bool dash_for_unknown, std::string& out) const {
  if (pieces_.size() == 1 && pieces_[0].known != nullptr) {
    const std::string value = cutValue(pieces_[0], info, now);
    if (value.empty()) {
      out += dash_for_unknown ? "\"-\"" : "null";
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
