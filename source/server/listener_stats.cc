#include "source/server/listener_stats.h"

#include "source/base/result.h"

namespace weir::server {

namespace {

// In the order of Refusal.
std::array<stats::Value*, RefusalCount> refusalCounters(std::string_view listener,
                                                        stats::Registry& stats) {
  const auto shed = [&](std::string_view resource) {
    return &stats.counter("weir_overload_shed_total",
                          "Connections closed at once because a resource was short.",
                          {{"listener", listener}, {"resource", resource}});
  };
  const auto overflow = [&](std::string_view name, std::string_view help) {
    return &stats.counter(name, help, {{"listener", listener}});
  };
  return {
      shed("memory"),
      shed("descriptors"),
      overflow("weir_process_overflow_total",
               "Connections closed at once because of max_connections of the process."),
      overflow("weir_listener_overflow_total",
               "Connections closed at once because of max_connections."),
      overflow("weir_source_overflow_total",
               "Connections closed at once because of max_connections_per_source."),
  };
}

// Ends that occur on every listener sooner or later: a rate over a series that is not there yet
// misses its first event.
constexpr std::string_view UsualEnds[] = {"client_fin",
                                          "upstream_fin",
                                          "client_reset",
                                          "upstream_reset",
                                          "idle_timeout",
                                          "upstream_refused",
                                          "upstream_connect_timeout",
                                          "upstream_unreachable",
                                          "no_filter_chain_match",
                                          "shutdown"};
constexpr ErrorCode UsualAcceptErrors[] = {ErrorCode::Exhausted, ErrorCode::Os};

bool mayPrepare(const config::BootstrapSettings& all) {
  if (all.listeners.size() > ListenerStats::MaxPreparedListeners) return false;
  size_t chains = 0;
  for (const auto& listener : all.listeners)
    chains += listener.chains.size() + (listener.default_chain ? 1 : 0);
  return chains <= ListenerStats::MaxPreparedChains;
}

std::string_view orDash(std::string_view name) { return name.empty() ? "-" : name; }

}  // namespace

ListenerStats::ListenerStats(const config::ListenerSettings& settings,
                             const config::BootstrapSettings& all, stats::Registry& stats)
    : listener_(settings.name),
      stats_(stats),
      accepted_(stats.counter("weir_listener_connections_total", "Connections accepted.",
                              {{"listener", listener_}})),
      open_(stats.gauge("weir_listener_open_connections", "Connections that are open.",
                        {{"listener", listener_}})),
      refusals_(refusalCounters(listener_, stats)),
      lifetimes_(stats.histogram("weir_connection_seconds",
                                 "How long connections lived, from accept until their end.",
                                 {{"listener", listener_}}, stats::Lifetimes)) {
  if (!mayPrepare(all)) return;
  for (const std::string_view reason : UsualEnds) closes(reason);
  for (const ErrorCode code : UsualAcceptErrors) acceptErrors(toString(code));
  for (const auto& chain : settings.chains) chainOf(chain.name);
  if (settings.default_chain) chainOf(settings.default_chain->name);
}

stats::Value& ListenerStats::acceptErrors(std::string_view error) {
  return stats_.counter("weir_listener_accept_errors_total", "Failures to accept, by kind.",
                        {{"listener", listener_}, {"error", error}});
}

void ListenerStats::countAcceptError(int error) {
  acceptErrors(toString(codeFromErrno(error))).add(1);
}

void ListenerStats::countChoice(const filter::ConnectionInfo& info) {
  Choice& choice = choiceOf(info);
  choice.count->add(1);
  choice.seconds->observe(toSeconds(info.detection_time));
  if (!info.header.empty()) countHeader(info.header);
  if (!info.chain.empty()) chainOf(info.chain).open->add(1);
}

void ListenerStats::countHandshake(std::string_view chain, std::string_view result) {
  stats_
      .counter("weir_tls_handshakes_total", "TLS handshakes with clients that are over, by result.",
               {{"listener", listener_}, {"chain", chain}, {"result", result}})
      .add(1);
}

void ListenerStats::countHeader(std::string_view header) {
  stats::Value*& counter = headers_[header];
  if (counter == nullptr) {
    counter = &stats_.counter("weir_listener_headers_total",
                              "Headers in front of the client's bytes, by what they were.",
                              {{"listener", listener_}, {"header", header}});
  }
  counter->add(1);
}

ListenerStats::Choice& ListenerStats::choiceOf(const filter::ConnectionInfo& info) {
  // One look-up by a key that is put together in place: protocols are a small fixed set of names.
  static thread_local std::string key;
  key.assign(info.chain)
      .append(1, '\0')
      .append(info.protocol)
      .append(1, static_cast<char>(info.reason));
  Choice& choice = choices_[key];
  if (choice.count != nullptr) return choice;
  const std::string_view reason = filter::toString(info.reason);
  choice.count =
      &stats_.counter("weir_chain_connections_total", "Connections by chain, protocol and reason.",
                      {{"listener", listener_},
                       {"chain", orDash(info.chain)},
                       {"protocol", info.protocol},
                       {"reason", reason}});
  choice.seconds = &stats_.histogram(
      "weir_detection_seconds", "Time from accept until the filter chain was chosen.",
      {{"listener", listener_}, {"protocol", info.protocol}, {"reason", reason}});
  return choice;
}

ListenerStats::Chain& ListenerStats::chainOf(std::string_view name) {
  Chain& chain = chains_[name];
  if (chain.open != nullptr) return chain;
  const auto bytes = [&](std::string_view direction) {
    return &stats_.counter(
        "weir_tcp_bytes_total", "Bytes from the client (rx) and to it (tx).",
        {{"listener", listener_}, {"chain", orDash(name)}, {"direction", direction}});
  };
  chain.bytes = {bytes("rx"), bytes("tx")};
  chain.open = &stats_.gauge("weir_chain_open_connections",
                             "Connections that are open, by the filter chain that was chosen.",
                             {{"listener", listener_}, {"chain", orDash(name)}});
  return chain;
}

stats::Value& ListenerStats::closes(std::string_view reason) {
  stats::Value*& counter = closes_[reason];
  if (counter == nullptr) {
    counter = &stats_.counter("weir_connection_closes_total", "Connections that ended, by how.",
                              {{"listener", listener_}, {"close", reason}});
  }
  return *counter;
}

void ListenerStats::countEnd(const filter::ConnectionInfo& info, MonotonicTime now) {
  open_.sub(1);
  if (!info.chain.empty()) chainOf(info.chain).open->sub(1);
  lifetimes_.observe(toSeconds(now - info.accepted));
  closes(info.close_reason).add(1);
}

}  // namespace weir::server
