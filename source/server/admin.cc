#include "source/server/admin.h"

#include <charconv>
#include <string>
#include <utility>
#include <variant>

#include "source/base/json.h"
#include "source/base/log.h"
#include "source/server/admin_page.h"
#include "source/server/clusters_json.h"
#include "source/server/connection_report.h"
#include "source/server/explain.h"
#include "source/server/learned_report.h"
#include "source/server/server.h"

namespace weir::server {
namespace {

using event::HttpQuestion;
using event::HttpReply;

constexpr const char* Text = "text/plain; charset=utf-8";
constexpr const char* Json = "application/json";

HttpReply jsonReply(std::string body) { return {200, Json, std::move(body) + "\n"}; }

HttpReply errorReply(int status, std::string_view what) {
  std::string body;
  JsonWriter json(body);
  json.object([&] { json.field("error", what); });
  return {status, Json, body + "\n"};
}

HttpReply stateReply(std::string_view state) {
  std::string body;
  JsonWriter json(body);
  json.object([&] { json.field("state", state); });
  return jsonReply(std::move(body));
}

// A field of a form that was left empty was not given.
std::optional<std::string> parameter(const HttpQuestion& question, std::string_view name) {
  const auto value = event::findParameter(question.parameters, name);
  return value && !value->empty() ? std::optional<std::string>(*value) : std::nullopt;
}

std::optional<uint64_t> numberOf(const std::string& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

// Nothing if it is not a number from 1 to MaxLimit.
std::optional<size_t> limitOf(const HttpQuestion& question, size_t by_default) {
  constexpr size_t MaxLimit = 10'000;
  const auto text = parameter(question, "limit");
  if (!text) return by_default;
  const auto limit = numberOf(*text);
  return limit && *limit > 0 && *limit <= MaxLimit ? limit : std::nullopt;
}

// Nothing if a parameter is wrong; `wrong` says how.
std::optional<ConnectionQuery> connectionQuery(const HttpQuestion& question, std::string& wrong) {
  ConnectionQuery query{
      .listener = parameter(question, "listener").value_or(""),
      .filter_chain = parameter(question, "filter_chain").value_or(""),
      .cluster = parameter(question, "cluster").value_or(""),
  };
  const auto limit = limitOf(question, query.limit);
  if (!limit) return wrong = "limit is a number from 1 to 10000", std::nullopt;
  query.limit = *limit;
  if (const auto source = parameter(question, "source")) {
    query.source = net::IpPrefix::parse(*source);
    if (!query.source) return wrong = "source is an address or a CIDR range", std::nullopt;
  }
  if (const auto id = parameter(question, "id")) {
    query.id = numberOf(*id);
    if (!query.id) return wrong = "id is a number", std::nullopt;
  }
  return query;
}

// Of a Host header. Empty if it is none.
std::string_view withoutPort(std::string_view host) {
  if (!host.starts_with('[')) return host.substr(0, host.find(':'));
  const size_t end = host.find(']');
  if (end == host.npos || (end + 1 < host.size() && host[end + 1] != ':')) return {};
  return host.substr(1, end - 1);
}

HttpReply busyReply() { return errorReply(503, "the workers cannot be asked now"); }

}  // namespace

struct Admin::Page {
  std::string_view method;
  std::string_view path;
  using Now = HttpReply (Admin::*)(const HttpQuestion&);
  using Later = void (Admin::*)(const HttpQuestion&, Ticket);
  std::variant<Now, Later> answer;
  std::string_view help;
  std::string_view parameters = {};  // that may be given, with blanks between

  // A name that is mistyped must not stand for all. A page that has none, and is only read, leaves
  // them be: scrapers and probes add some.
  std::optional<std::string> unknownParameter(const HttpQuestion& question) const {
    if (parameters.empty() && method == "GET") return std::nullopt;
    for (const auto& [name, value] : question.parameters) {
      const bool known =
          (" " + std::string(parameters) + " ").find(" " + name + " ") != std::string::npos;
      if (known) continue;
      return "there is no parameter \"" + name + "\"; " +
             (parameters.empty() ? "there is none" : "there are: " + std::string(parameters));
    }
    return std::nullopt;
  }
};

const Admin::Page Admin::Pages[] = {
    {"GET", "/ready", &Admin::ready, "200 while it serves; 503 at the start and while it drains"},
    {"GET", "/live", &Admin::live, "200 as long as the main thread answers"},
    {"GET", "/metrics", &Admin::metrics, "all counters, as Prometheus' text"},
    {"GET", "/listeners", &Admin::listeners, "listeners, where they are bound, and their chains"},
    {"GET", "/clusters", &Admin::clusters, "clusters, their hosts, health and connections"},
    {"GET", "/connections", &Admin::connections, "open connections, the youngest first",
     "listener filter_chain cluster source id limit"},
    {"GET", "/config_dump", &Admin::configDump, "the configuration in use, and the last refused"},
    {"GET", "/learned", &Admin::learned, "destinations whose servers are known to speak first",
     "listener limit"},
    {"POST", "/learned", &Admin::forgetLearned, "forgets them", "listener"},
    {"GET", "/explain", &Admin::explain, "why a connection goes where",
     "dst src sni alpn bytes listener method host path header http-version"},
    {"GET", "/logging", &Admin::logging, "the level of each component's messages"},
    {"POST", "/logging", &Admin::setLogging, "sets the level of one component, or of all",
     "level component"},
    {"POST", "/drain", &Admin::drain, "as SIGTERM"},
    {"POST", "/quit", &Admin::quit, "ends at once; open connections are reset"},
};

bool isLoopbackHost(std::string_view host) {
  const std::string_view name = withoutPort(host);
  if (host.empty() || name == "localhost") return true;
  const auto ip = net::IpAddress::parse(name);
  return ip && ip->isLoopback();
}

bool isHostWithoutName(std::string_view host) {
  const std::string_view name = withoutPort(host);
  return host.empty() || name == "localhost" || net::IpAddress::parse(name).has_value();
}

Admin::Admin(Server& server, int listen_fd)
    : server_(server),
      http_(server.loop(), listen_fd,
            [this](const HttpQuestion& question, Ticket ticket) { answer(question, ticket); }),
      survey_(server) {}

void Admin::answer(const HttpQuestion& question, Ticket ticket) {
  if (const auto now = reply(question, ticket)) http_.answer(ticket, *now);
}

// Null if it is right.
const char* Admin::wrongHost(const HttpQuestion& question) const {
  const std::string_view host = question.host;
  const net::SocketAddress& address = *server_.adminAddress();
  if (address.isUnix()) return nullptr;  // which no browser reaches
  if (address.ip.ip.isLoopback())
    return isLoopbackHost(host) ? nullptr : "the Host header names another host than this one";
  // Probes and scrapers in a cluster go by name, and what they see is no secret of that network.
  const bool for_anyone =
      question.method != "POST" &&
      (question.path == "/ready" || question.path == "/live" || question.path == "/metrics");
  return for_anyone || isHostWithoutName(host)
             ? nullptr
             : "the Host header has to be an IP address, or localhost";
}

std::optional<HttpReply> Admin::reply(const HttpQuestion& question, Ticket ticket) {
  if (const char* const wrong = wrongHost(question)) return errorReply(403, wrong);
  bool known = false;
  for (const Page& page : Pages) {
    if (page.path != question.path) continue;
    known = true;
    const bool changes = page.method == "POST";
    if (changes != (question.method == "POST")) continue;
    const bool foreign =
        !question.origin.empty() && question.origin != "http://" + std::string(question.host);
    if (changes && foreign) return errorReply(403, "asked for by a page of another origin");
    if (const auto wrong = page.unknownParameter(question)) return errorReply(400, *wrong);
    if (const auto* now = std::get_if<Page::Now>(&page.answer)) return (this->**now)(question);
    (this->*std::get<Page::Later>(page.answer))(question, ticket);
    return std::nullopt;
  }
  if (known)
    return errorReply(405, question.method == "POST" ? "this is read by GET" : "this wants POST");
  return index(question);
}

HttpReply Admin::index(const HttpQuestion& question) {
  if (question.path != "/")
    return errorReply(404, "nothing has this path; \"/\" lists what there is");
  std::vector<AdminEntry> entries;
  for (const Page& page : Pages)
    entries.push_back({page.method, page.path, page.help, page.parameters});
  if (question.accept.find("text/html") == question.accept.npos)
    return {200, Text, adminText(entries)};
  return {200,
          "text/html; charset=utf-8",
          adminHtml(entries),
          {{"Content-Security-Policy", std::string(adminHtmlPolicy())}}};
}

HttpReply Admin::ready(const HttpQuestion&) {
  if (!server_.running()) return {503, Text, "starting\n"};
  return server_.draining() ? HttpReply{503, Text, "draining\n"} : HttpReply{200, Text, "ready\n"};
}

HttpReply Admin::live(const HttpQuestion&) { return {200, Text, "live\n"}; }

HttpReply Admin::metrics(const HttpQuestion&) {
  return {200, "text/plain; version=0.0.4; charset=utf-8", server_.metrics()};
}

HttpReply Admin::listeners(const HttpQuestion&) {
  std::string out;
  JsonWriter json(out);
  const auto& listeners = server_.settings().listeners;
  json.array([&] {
    for (size_t i = 0; i < listeners.size(); ++i) {
      json.object([&] {
        json.field("name", listeners[i].name);
        json.field("address", server_.listenerAddress(i).toString());
        json.array("filter_chains", [&] {
          for (const auto& chain : listeners[i].chains) json.value(chain.name);
        });
        const auto& by_default = listeners[i].default_chain;
        json.textOrNull("default_filter_chain", by_default ? by_default->name : "");
      });
    }
  });
  return jsonReply(std::move(out));
}

HttpReply Admin::clusters(const HttpQuestion&) {
  return jsonReply(clustersJson(server_.clusterReports()));
}

HttpReply Admin::configDump(const HttpQuestion&) {
  const ConfigHistory& history = server_.configHistory();
  if (history.generation() == 0) return errorReply(503, "it has not started yet");
  return jsonReply(history.json());
}

HttpReply Admin::explain(const HttpQuestion& question) {
  ExplainWords words{
      .listener = parameter(question, "listener"),
      .dst = parameter(question, "dst"),
      .src = parameter(question, "src"),
      .sni = parameter(question, "sni"),
      .alpn = parameter(question, "alpn"),
      .bytes = parameter(question, "bytes"),
      .method = parameter(question, "method"),
      .host = parameter(question, "host"),
      .path = parameter(question, "path"),
      .http_version = parameter(question, "http-version"),
  };
  for (const auto& [name, value] : question.parameters) {
    if (name == "header" && !value.empty()) words.headers.push_back(value);
  }
  const auto request = readExplainRequest(words, "");
  if (!request.ok()) return errorReply(400, request.error().detail);
  const auto explanation = explainConnection(server_.settings(), request.value());
  if (!explanation.ok()) return errorReply(400, explanation.error().detail);
  return jsonReply(explanationJson(explanation.value()));
}

void Admin::connections(const HttpQuestion& question, Ticket ticket) {
  std::string wrong;
  const auto query = connectionQuery(question, wrong);
  if (!query) return http_.answer(ticket, errorReply(400, wrong));
  if (!survey_.possible()) return http_.answer(ticket, busyReply());
  survey_.ask<ConnectionPart>([=](Worker& worker) { return listConnections(worker, *query); },
                              [=, this](std::vector<ConnectionPart> parts) {
                                http_.answer(ticket,
                                             jsonReply(connectionsJson(std::move(parts), *query)));
                              });
}

void Admin::learned(const HttpQuestion& question, Ticket ticket) {
  LearnedQuery query{.listener = parameter(question, "listener").value_or("")};
  const auto limit = limitOf(question, query.limit);
  if (!limit) return http_.answer(ticket, errorReply(400, "limit is a number from 1 to 10000"));
  query.limit = *limit;
  if (!survey_.possible()) return http_.answer(ticket, busyReply());
  survey_.ask<LearnedParts>([query](Worker& worker) { return listLearned(worker, query); },
                            [this, query, ticket](const std::vector<LearnedParts>& parts) {
                              http_.answer(ticket, jsonReply(learnedJson(parts, query)));
                            });
}

void Admin::forgetLearned(const HttpQuestion& question, Ticket ticket) {
  const LearnedQuery query{.listener = parameter(question, "listener").value_or("")};
  if (!survey_.possible()) return http_.answer(ticket, busyReply());
  survey_.ask<LearnedParts>(
      [query](Worker& worker) { return server::forgetLearned(worker, query); },
      [this, ticket](const std::vector<LearnedParts>& parts) {
        http_.answer(ticket, jsonReply(forgottenJson(parts)));
      });
}

HttpReply Admin::logging(const HttpQuestion&) {
  std::string out;
  JsonWriter json(out);
  json.object([&] {
    for (size_t i = 0; i < log::ComponentCount; ++i) {
      const auto component = static_cast<log::Component>(i);
      json.field(log::toString(component), log::toString(log::threshold(component)));
    }
  });
  return jsonReply(std::move(out));
}

HttpReply Admin::setLogging(const HttpQuestion& question) {
  const auto level = log::levelOf(parameter(question, "level").value_or(""));
  if (!level) return errorReply(400, "level is one of trace, debug, info, warn, error, off");
  const auto name = parameter(question, "component");
  if (!name) {
    log::setAllThresholds(*level);
  } else if (const auto component = log::componentOf(*name)) {
    log::setThreshold(*component, *level);
  } else {
    return errorReply(400, "there is no component \"" + *name + "\"; GET /logging lists them");
  }
  return logging(question);
}

HttpReply Admin::drain(const HttpQuestion&) {
  if (!server_.running()) return errorReply(503, "it has not started yet");
  server_.drain();
  return stateReply("draining");
}

// In the turn after next: in the next one the answer goes out. By then the end may have come in
// another way, and this may be gone.
HttpReply Admin::quit(const HttpQuestion&) {
  Server& server = server_;
  server.loop().post([&server] { server.loop().post([&server] { server.quit(); }); });
  return stateReply("ending");
}

}  // namespace weir::server
