#include "source/server/connection_report.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "source/base/json.h"
#include "source/server/active_connection.h"
#include "source/server/worker.h"

namespace weir::server {
namespace {

bool isAskedFor(const filter::ConnectionInfo& info, const ConnectionQuery& query) {
  const auto is = [](const std::string& wanted, std::string_view name) {
    return wanted.empty() || wanted == name;
  };
  return is(query.listener, info.listener) && is(query.filter_chain, info.chain) &&
         is(query.cluster, info.cluster) && (!query.id || *query.id == info.id) &&
         (!query.source || query.source->contains(info.facts.source.ip));
}

std::string addressText(const net::IpPort& address) {
  return address.ip.family == net::Family::None ? "" : address.toString();
}

void writeFacts(JsonWriter& json, const filter::Facts& facts) {
  json.field("tls", facts.tls);
  json.textOrNull("sni", facts.server_name);
  json.array("alpn", [&] {
    for (const std::string& protocol : facts.application_protocols) json.value(protocol);
  });
}

void writeHttp(JsonWriter& json, const filter::HttpActivity* http) {
  if (http == nullptr) return json.textOrNull("http", "");
  json.object("http", [&] {
    json.field("version", http->version);
    json.field("requests", http->requests);
    json.field("open_streams", http->open);
  });
}

void writeConnection(JsonWriter& json, const ActiveConnection& connection, MonotonicTime now) {
  const filter::ConnectionInfo& info = connection.info();
  const bool chosen = !info.chain.empty();
  json.object([&] {
    json.field("id", info.id);
    json.field("state", toString(connection.state()));
    json.field("listener", info.listener);
    json.textOrNull("filter_chain", info.chain);
    json.textOrNull("protocol", chosen ? info.protocol : "");
    json.textOrNull("reason", chosen ? filter::toString(info.reason) : "");
    json.textOrNull("source", addressText(info.facts.source));
    json.textOrNull("destination", addressText(info.facts.destination));
    writeFacts(json, info.facts);
    json.textOrNull("cluster", info.cluster);
    json.textOrNull("upstream", info.upstream);
    writeHttp(json, info.http);
    json.field("received_bytes", connection.bytesRead());
    json.field("sent_bytes", connection.bytesWritten());
    json.field("age_seconds", toSeconds(now - info.accepted));
    json.field("idle_seconds", toSeconds(now - connection.lastActive()));
  });
}

}  // namespace

ConnectionPart listConnections(Worker& worker, const ConnectionQuery& query) {
  struct Found {
    const ActiveConnection* connection;
    MonotonicTime now;
    uint64_t id() const { return connection->info().id; }
  };
  ConnectionPart part;
  std::vector<Found> found;
  worker.forEachListener([&](const WorkerListener& listener) {
    part.open += listener.openConnections();
    size_t of_listener = 0;
    listener.forEachConnection([&](const ActiveConnection& connection) {
      if (!isAskedFor(connection.info(), query)) return true;
      found.push_back({&connection, listener.now()});
      return ++of_listener <= query.limit;  // one more tells that there are more
    });
  });
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.id() > b.id(); });
  part.more = found.size() > query.limit;
  if (part.more) found.erase(found.begin() + static_cast<ptrdiff_t>(query.limit), found.end());
  for (const Found& one : found) {
    JsonWriter json(part.rows.emplace_back(ConnectionPart::Row{one.id()}).json);
    writeConnection(json, *one.connection, one.now);
  }
  return part;
}

std::string connectionsJson(std::vector<ConnectionPart> of_workers, const ConnectionQuery& query) {
  ConnectionPart all;
  for (ConnectionPart& part : of_workers) {
    std::move(part.rows.begin(), part.rows.end(), std::back_inserter(all.rows));
    all.open += part.open;
    all.more |= part.more;
  }
  std::sort(all.rows.begin(), all.rows.end(),
            [](const auto& a, const auto& b) { return a.id > b.id; });
  all.more |= all.rows.size() > query.limit;
  all.rows.resize(std::min(all.rows.size(), query.limit));
  std::string out;
  JsonWriter json(out);
  json.object([&] {
    json.field("open", all.open);
    json.field("truncated", all.more);
    json.array("connections", [&] {
      for (const auto& row : all.rows) json.raw(row.json);
    });
  });
  return out;
}

}  // namespace weir::server
