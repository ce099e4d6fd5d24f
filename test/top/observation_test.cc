#include "source/top/observation.h"

#include <gtest/gtest.h>

#include <utility>

namespace weir::top {
namespace {

Answers answers() {
  return {
      .listeners =
          R"([{"name":"in","address":"127.0.0.1:1","filter_chains":[]},{"name":"q\"\\\n","address":"unix:/x"}])",
      .clusters =
          R"([{"name":"up","active_connections":3,"hosts":[
             {"address":"10.0.0.1:80","health":"healthy","ejected":false,"active_connections":2,"connects":9,"connect_failures":4,"active_requests":6,"requests":70,"request_errors":8},
             {"address":"10.0.0.2:80","health":"healthy","ejected":true,"active_connections":1,"connects":1,"connect_failures":0}]},
             {"name":"none","active_connections":0,"hosts":[]}])",
      .connections =
          R"({"open":7,"truncated":true,"connections":[{"id":5,"state":"open","listener":"in","filter_chain":"c",
             "protocol":"tls","source":"10.1.1.1:9","destination":"10.0.0.9:443","sni":"a.b","cluster":"up",
             "upstream":null,"received_bytes":10,"sent_bytes":20,"age_seconds":1.5,"later":{"more":[1]}}]})",
      .metrics =
          "# HELP weir_tcp_bytes_total x\n"
          "weir_listener_connections_total{listener=\"in\"} 11\n"
          "weir_listener_open_connections{listener=\"in\"} 7\n"
          "weir_listener_open_connections{listener=\"gone\"} 7\n"
          "weir_tcp_bytes_total{listener=\"in\",chain=\"a\",direction=\"rx\"} 100\n"
          "weir_tcp_bytes_total{listener=\"in\",chain=\"b}\\\"\",direction=\"rx\"} 1\n"
          "weir_tcp_bytes_total{listener=\"in\",chain=\"a\",direction=\"tx\"} 2e3\n"
          "weir_listener_connections_total{listener=\"q\\\"\\\\\\n\"} 5\n"
          "weir_other{listener=\"in\"} 1\n"};
}

TEST(ObservationTest, HasWhatTheAdminPortSaid) {
  const auto read = readAnswers(answers(), MonotonicTime{});
  ASSERT_TRUE(read.ok());
  const Observation& seen = read.value();
  EXPECT_EQ(seen.open, 7U);
  EXPECT_TRUE(seen.truncated);
  ASSERT_EQ(seen.listeners.size(), 2U);
  const ListenerFacts& in = seen.listeners[0];
  EXPECT_EQ(in.name + " " + in.address, "in 127.0.0.1:1");
  EXPECT_EQ(in.accepted, 11U);
  EXPECT_EQ(in.open, 7U);
  EXPECT_EQ(in.received_bytes, 101U);
  EXPECT_EQ(in.sent_bytes, 2000U);
  EXPECT_EQ(seen.listeners[1].name, "q\"\\\n");
  EXPECT_EQ(seen.listeners[1].accepted, 5U);
  ASSERT_EQ(seen.clusters.size(), 2U);
  ASSERT_EQ(seen.clusters[0].hosts.size(), 2U);
  EXPECT_EQ(seen.clusters[0].hosts[0].connects, 9U);
  EXPECT_EQ(seen.clusters[0].hosts[0].failures, 4U);
  EXPECT_EQ(seen.clusters[0].hosts[0].active_requests, 6U);
  EXPECT_EQ(seen.clusters[0].hosts[0].requests, 70U);
  EXPECT_EQ(seen.clusters[0].hosts[0].request_errors, 8U);
  EXPECT_EQ(seen.clusters[0].hosts[0].health, "healthy");
  EXPECT_EQ(seen.clusters[0].hosts[1].health, "ejected");
  ASSERT_EQ(seen.connections.size(), 1U);
  const ConnectionFacts& one = seen.connections[0];
  EXPECT_EQ(one.id, 5U);
  EXPECT_EQ(one.sni, "a.b");
  EXPECT_EQ(one.upstream, "");
  EXPECT_EQ(one.age_seconds, 1.5);
  EXPECT_EQ(one.sent_bytes, 20U);
}

TEST(ObservationTest, WhatIsNotAnAnswerIsAnError) {
  const auto wrongWith = [](std::string Answers::*which, std::string text) {
    Answers changed = answers();
    changed.*which = std::move(text);
    const auto read = readAnswers(changed, MonotonicTime{});
    return read.ok() ? "" : read.error().detail;
  };
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[1"), std::string("<html>"),
        std::string("[\"\xff\"]"), std::string("[]\0", 3)}) {
    EXPECT_EQ(wrongWith(&Answers::listeners, text),
              "the answer to /listeners is not what this version of weir top understands");
    EXPECT_NE(wrongWith(&Answers::clusters, text), "");
  }
  EXPECT_NE(wrongWith(&Answers::connections, "[]"), "");
}

TEST(ObservationTest, NumbersThatCountNothingAreTakenForTheNearestThatDo) {
  const std::pair<const char*, uint64_t> cases[] = {{"-1", 0},
                                                    {"1e300", uint64_t{1} << 53},
                                                    {"nan", 0},
                                                    {"-1e300", 0},
                                                    {"1e19", uint64_t{1} << 53},
                                                    {"9007199254740992", uint64_t{1} << 53},
                                                    {"inf", 0},
                                                    {"-inf", 0},
                                                    {"2.9", 2}};
  for (const auto& [text, count] : cases) {
    Answers changed = answers();
    changed.metrics = "weir_listener_open_connections{listener=\"in\"} " + std::string(text) + "\n";
    const auto read = readAnswers(changed, MonotonicTime{});
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read.value().listeners[0].open, count) << text;
  }
}

TEST(ObservationTest, KnowsWhenTheProcessBegan) {
  Answers changed = answers();
  EXPECT_EQ(readAnswers(changed, MonotonicTime{}).value().process_start, 0);
  changed.metrics += "process_start_time_seconds 1700000000.25\n";
  EXPECT_EQ(readAnswers(changed, MonotonicTime{}).value().process_start, 1700000000.25);
  changed.metrics += "process_start_time_seconds nan\n";
  EXPECT_EQ(readAnswers(changed, MonotonicTime{}).value().process_start, 0);
}

TEST(ObservationTest, MetricsThatAreNoneAreLeftOut) {
  Answers changed = answers();
  changed.metrics =
      "weir_listener_open_connections{listener=\"in\"\nweir_listener_open_connections{listener\n"
      "weir_listener_open_connections\nweir_tcp_bytes_total{listener=\"in\\\nweir_listener_{} x\n"
      "weir_listener_open_connections{listener=\"in\"}7\n";
  const auto read = readAnswers(changed, MonotonicTime{});
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value().listeners[0].open, 0U);
}

}  // namespace
}  // namespace weir::top
