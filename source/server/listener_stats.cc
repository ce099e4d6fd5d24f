#include "source/server/listener_stats.h"

#include <chrono>

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

}  // namespace

ListenerStats::ListenerStats(std::string_view listener, stats::Registry& stats)
    : listener_(listener),
      stats_(stats),
      accepted_(stats.counter("weir_listener_connections_total", "Connections accepted.",
                              {{"listener", listener}})),
      open_(stats.gauge("weir_listener_open_connections", "Connections that are open.",
                        {{"listener", listener}})),
      refusals_(refusalCounters(listener, stats)),
      detection_seconds_(stats.histogram("weir_detection_seconds",
                                         "Time from accept until the filter chain was chosen.",
                                         {{"listener", listener}})) {}

void ListenerStats::countAcceptError(int error) {
  stats_
      .counter("weir_listener_accept_errors_total", "Failures to accept, by kind.",
               {{"listener", listener_}, {"error", toString(codeFromErrno(error))}})
      .add(1);
}

void ListenerStats::countChoice(const filter::ConnectionInfo& info) {
  choiceCounter(info).add(1);
  detection_seconds_.observe(toSeconds(info.detection_time));
  if (!info.header.empty()) countHeader(info.header);
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

stats::Value& ListenerStats::choiceCounter(const filter::ConnectionInfo& info) {
  // One look-up by a key that is put together in place: protocols are a small fixed set of names.
  static thread_local std::string key;
  key.assign(info.chain)
      .append(1, '\0')
      .append(info.protocol)
      .append(1, static_cast<char>(info.reason));
  stats::Value*& counter = choices_[key];
  if (counter == nullptr) {
    counter = &stats_.counter("weir_chain_connections_total",
                              "Connections by chain, protocol and reason.",
                              {{"listener", listener_},
                               {"chain", info.chain.empty() ? "-" : info.chain},
                               {"protocol", info.protocol},
                               {"reason", filter::toString(info.reason)}});
  }
  return *counter;
}

ListenerStats::ByteCounters& ListenerStats::bytesOf(std::string_view chain) {
  ByteCounters& counters = bytes_[chain];
  if (counters.rx != nullptr) return counters;
  const auto counter = [&](std::string_view direction) {
    return &stats_.counter("weir_tcp_bytes_total",
                           "Bytes of ended connections, from the client (rx) and to it (tx).",
                           {{"listener", listener_},
                            {"chain", chain.empty() ? "-" : chain},
                            {"direction", direction}});
  };
  counters = {counter("rx"), counter("tx")};
  return counters;
}

void ListenerStats::countEnd(const filter::ConnectionInfo& info) {
  open_.sub(1);
  const ByteCounters& bytes = bytesOf(info.chain);
  bytes.rx->add(info.rx_bytes);
  bytes.tx->add(info.tx_bytes);
  stats::Value*& closes = closes_[info.close_reason];
  if (closes == nullptr) {
    closes = &stats_.counter("weir_connection_closes_total", "Connections that ended, by how.",
                             {{"listener", listener_}, {"close", info.close_reason}});
  }
  closes->add(1);
}

}  // namespace weir::server
