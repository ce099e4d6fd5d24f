#include "source/server/listener_stats.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::server {
namespace {

config::BootstrapSettings settings(size_t listeners, size_t chains) {
  config::BootstrapSettings all;
  for (size_t i = 0; i < listeners; ++i) {
    config::ListenerSettings& listener = all.listeners.emplace_back();
    listener.name = "l" + std::to_string(i);
    for (size_t k = 0; k < chains; ++k)
      listener.chains.emplace_back().name = "c" + std::to_string(k);
  }
  return all;
}

// What a scrape shows once all listeners are made, and connections took the last chain of the last.
std::string scrape(const config::BootstrapSettings& all) {
  stats::Registry registry;
  for (const auto& listener : all.listeners) ListenerStats(listener, all, registry);
  const config::ListenerSettings& last = all.listeners.back();
  ListenerStats used(last, all, registry);
  filter::ConnectionInfo info;
  info.chain = last.chains.back().name;
  info.close_reason = "client_fin";
  used.countOpen();
  used.countChoice(info);
  used.bytesOf(info.chain).read->add(1000);
  used.countEnd(info, info.accepted);
  return stats::renderPrometheus({&registry});
}

size_t seriesOf(const std::string& metrics, const std::string& name) {
  size_t count = 0;
  for (size_t at = metrics.find("\n" + name + "{"); at != metrics.npos;
       at = metrics.find("\n" + name + "{", at + 1))
    ++count;
  return count;
}

TEST(ListenerStatsTest, TheUsualIsThereBeforeItHappens) {
  const std::string metrics = scrape(settings(2, 3));
  EXPECT_EQ(seriesOf(metrics, "weir_tcp_bytes_total"), 2U * 3U * 2U);
  EXPECT_EQ(seriesOf(metrics, "weir_chain_open_connections"), 2U * 3U);
  EXPECT_NE(metrics.find(R"(weir_connection_closes_total{listener="l0",close="idle_timeout"} 0)"),
            metrics.npos);
  EXPECT_NE(metrics.find(R"(weir_connection_closes_total{listener="l1",close="client_fin"} 1)"),
            metrics.npos);
}

// What is prepared must not be what makes the bound of a metric's series.
TEST(ListenerStatsTest, WhatIsUsedKeepsItsOwnSeriesWhateverTheNumberOfNames) {
  struct Case {
    size_t listeners;
    size_t chains;
    bool prepared;
  };
  for (const Case& one : {Case{1, ListenerStats::MaxPreparedChains, true},
                          Case{1, ListenerStats::MaxPreparedChains + 1, false},
                          Case{ListenerStats::MaxPreparedListeners, 1, true},
                          Case{ListenerStats::MaxPreparedListeners + 1, 1, false},
                          Case{20, 65, false}, Case{205, 1, false}, Case{1, 3000, false}}) {
    const std::string what =
        std::to_string(one.listeners) + " listeners of " + std::to_string(one.chains) + " chains";
    const std::string metrics = scrape(settings(one.listeners, one.chains));
    const size_t all_chains = one.listeners * one.chains;
    EXPECT_EQ(seriesOf(metrics, "weir_tcp_bytes_total"), one.prepared ? 2 * all_chains : 2) << what;
    EXPECT_EQ(metrics.find("weir_metrics_folded_total"), metrics.npos) << what;
    EXPECT_NE(
        metrics.find("weir_tcp_bytes_total{listener=\"l" + std::to_string(one.listeners - 1) +
                     "\",chain=\"c" + std::to_string(one.chains - 1) + "\",direction=\"rx\"} 1000"),
        metrics.npos)
        << what;
  }
}

}  // namespace
}  // namespace weir::server
