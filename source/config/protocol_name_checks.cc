#include "source/config/protocol_name_checks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>

#include "source/config/node.h"

namespace weir::config {
namespace {

constexpr std::array<std::string_view, 3> ClearHttp = {"http/1.0", "http/1.1", "h2c"};
// What proto_detect calls the first bytes of clients, in the order of docs/detection.md.
constexpr std::array<std::string_view, 34> FromClients = {
    "amqp", "bittorrent", "cassandra", "dns",    "elasticsearch", "git",        "icap",
    "imap", "irc",        "kafka",     "ldap",   "lmtp",          "memcached",  "mongodb",
    "mqtt", "mssql",      "nats",      "oracle", "pop3",          "postgresql", "proxy",
    "rdp",  "redis",      "rsync",     "rtsp",   "sip",           "smb",        "smtp",
    "ssh",  "stomp",      "sunrpc",    "x11",    "xmpp",          "zookeeper"};
// What it calls the greetings of servers alone. "ftp" and "nntp" are ALPN names, too.
constexpr std::array<std::string_view, 5> FromServers = {"ami", "mysql", "sieve", "telnet", "vnc"};
constexpr std::array<std::string_view, 3> InTlsOnly = {"h2", "ftp", "nntp"};

struct Mistake {
  std::string_view name;
  std::string_view hint;
};
constexpr std::string_view Http1 = "write \"http/1.0\" and \"http/1.1\"";
constexpr std::string_view Http2 = "write \"h2c\" (clear text), \"h2\" (ALPN) or both";
constexpr std::array<Mistake, 10> Mistakes = {{
    {"http",
     "write \"http/1.0\", \"http/1.1\", \"h2c\" (HTTP/2 in clear text), \"h2\" (HTTP/2 in ALPN)"},
    {"http1", Http1},
    {"http/1", Http1},
    {"http1.0", "write \"http/1.0\""},
    {"http1.1", "write \"http/1.1\""},
    {"http2", Http2},
    {"http/2", Http2},
    {"http/2.0", Http2},
    {"https", "match on transport_protocol: tls instead"},
    {"mariadb", "the server speaks first, when the chain is already decided"},
}};

template <class List>
bool has(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::optional<std::string> whyUnknown(const std::string& name) {
  const std::string lower = lowered(name);
  for (const Mistake& mistake : Mistakes) {
    if (mistake.name == lower) return std::string(mistake.hint);
  }
  if (has(FromServers, lower)) {
    return "only the server's greeting tells it, when the chain is already decided";
  }
  const bool known = has(ClearHttp, lower) || has(FromClients, lower) || has(InTlsOnly, lower);
  if (known && lower != name) return "write \"" + lower + "\"";
  return std::nullopt;
}

// A list holds if one of its names does.
void checkTransport(const v1::FilterChainMatch& match, const FieldScope& field) {
  const auto& names = match.application_protocols();
  const auto all = [&](const auto& known) {
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& name) { return has(known, name); });
  };
  if (names.empty()) return;
  const std::string first = quote(names[0]);
  if (match.transport_protocol() == "tls" && all(std::array<std::string_view, 1>{"h2c"})) {
    field.error("\"h2c\" is HTTP/2 in clear text, but transport_protocol is tls; write \"h2\"");
  } else if (match.transport_protocol() == "raw_buffer" && all(InTlsOnly)) {
    field.error(first + " is told by ALPN alone, but transport_protocol is raw_buffer" +
                (names[0] == "h2" ? "; write \"h2c\"" : ""));
  }
}

}  // namespace

void checkProtocolNames(const v1::FilterChainMatch& match, const FieldScope& scope) {
  const FieldScope field = scope.field("application_protocols");
  for (int i = 0; i < match.application_protocols_size(); ++i) {
    const std::string& name = match.application_protocols(i);
    if (const auto why = whyUnknown(name)) {
      field.index(static_cast<size_t>(i))
          .error("no connection has the protocol " + quote(name) + ": " + *why);
    }
  }
  checkTransport(match, field);
}

}  // namespace weir::config
