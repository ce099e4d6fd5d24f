#include "source/mesh/known_protocols.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace weir::mesh {
namespace {

using enum FirstSpeaker;

constexpr std::array<KnownProtocol, 24> Protocols = {{
    {"amqp", "AMQP", "5672", Client},
    {"elasticsearch", "Elasticsearch transport", "9300", Client},
    {"ftp", "FTP", "21", Server},
    {"galera", "MySQL with Galera", "3306,4444,4567,4568", Peers},
    {"grpc", "gRPC", "50051", Http2},
    {"http", "HTTP", "80,8080,9200", Http1},
    {"https", "HTTPS", "443,8443", Tls},
    {"imap", "IMAP", "143", Server},
    {"kafka", "Kafka", "9092", Client},
    {"ldap", "LDAP", "389", Client},
    {"memcache", "Memcache", "11211", Client},
    {"memcached", "Memcache", "11211", Client},
    {"mongodb", "MongoDB", "27017", Client},
    {"mqtt", "MQTT", "1883", Client},
    {"mysql", "MySQL", "3306", Server},
    {"nats", "NATS", "4222", Server},
    {"pop3", "POP3", "110", Server},
    {"postgres", "PostgreSQL", "5432", Client},
    {"postgresql", "PostgreSQL", "5432", Client},
    {"redis", "Redis", "6379", Client},
    {"smtp", "SMTP", "25,587", Server},
    {"smtps", "SMTP in TLS", "465", Tls},
    {"ssh", "SSH", "22", Server},
    {"zookeeper", "ZooKeeper", "2181", Client},
}};

}  // namespace

std::string_view toString(FirstSpeaker speaker) {
  switch (speaker) {
    case Client: return "client";
    case Server: return "server";
    case Tls: return "tls";
    case Http1: return "http1";
    case Http2: return "http2";
    case Peers: return "peers";
  }
  return "";
}

std::span<const KnownProtocol> knownProtocols() { return Protocols; }

const KnownProtocol* knownProtocolOrNull(std::string_view name) {
  const auto same = [&](const KnownProtocol& one) {
    return std::ranges::equal(one.name, name, [](char known, char given) {
      return known == std::tolower(static_cast<unsigned char>(given));
    });
  };
  const auto* found = std::ranges::find_if(Protocols, same);
  return found == Protocols.end() ? nullptr : found;
}

}  // namespace weir::mesh
