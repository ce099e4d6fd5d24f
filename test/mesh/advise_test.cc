#include "source/mesh/advise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace weir::mesh {
namespace {

struct Question {
  uint16_t port;
  const char* protocol = "";
  bool tls = false;
  bool off_cluster = false;
  const char* defaults = "linkerd-2.11";
};

Advice ask(const Question& question) {
  const std::string protocol = question.protocol;
  return advise({question.port, protocol.empty() ? nullptr : knownProtocolOrNull(protocol),
                 question.tls, question.off_cluster, portDefaultsOrNull(question.defaults)});
}

std::string settings(const Advice& advice) {
  std::string all;
  for (const auto& one : advice.configure) all += one.name + "=" + one.value + ";";
  return all;
}

// "opaque config.linkerd.io/opaque-ports=+3307;skip ..."
std::string alternatives(const Advice& advice) {
  std::string all;
  for (const auto& one : advice.alternatives)
    all += std::string(toString(one.treatment)) + " " + one.setting.name + "=" + one.setting.value +
           ";";
  return all;
}

struct TreatmentCase {
  Question question;
  std::string_view treatment;
  std::string_view why;  // in it
};

TEST(AdviseTest, SaysWhatBecomesOfEachPortOfTheProtocolTable) {
  const TreatmentCase cases[] = {
      {{25}, "opaque", "default linkerd-2.11"},
      {{587}, "opaque", "with mTLS and metrics"},
      {{3306}, "opaque", "looks at none"},
      {{4444}, "opaque", "looks at none"},
      {{4567}, "skip", "members of a Galera cluster"},
      {{4568}, "skip", "no mTLS"},
      {{5432}, "opaque", "looks at none"},
      {{6379}, "opaque", "looks at none"},
      {{9300}, "opaque", "looks at none"},
      {{11211}, "opaque", "looks at none"},
      {{80}, "detect", "its first line says that it is HTTP"},
      {{443}, "detect", "its first bytes are TLS"},
      {{50051}, "detect", "HTTP"},
      // The same protocols where no list has the port.
      {{2525, "smtp"}, "detect", "The server speaks first"},
      {{3307, "mysql"}, "detect", "The server speaks first"},
      {{5433, "postgresql"}, "detect", "The client speaks first"},
      {{6380, "redis"}, "detect", "The client speaks first"},
      {{9301, "elasticsearch"}, "detect", "The client speaks first"},
      {{11212, "memcache"}, "detect", "The client speaks first"},
      {{5567, "galera"}, "detect", "better skipped on both sides"},
      {{6380, "redis", true}, "detect", "its first bytes are TLS"},
      {{3307, "mysql", false, true}, "detect", "The server speaks first"},
      {{3306, "", false, true}, "opaque", "there is no mTLS"},
      // What nobody knows.
      {{31337}, "detect", "Weir knows no protocol by this port"},
      {{31337, "", true}, "detect", "its first bytes are TLS"},
      // Other lists.
      {{443, "", false, false, "linkerd-2.10"}, "opaque", "default linkerd-2.10"},
      {{6379, "", false, false, "linkerd-2.10"}, "detect", "The client speaks first"},
      {{4567, "", false, false, "linkerd-2.10"}, "detect", "better skipped on both sides"},
  };
  for (const auto& one : cases) {
    const Advice advice = ask(one.question);
    EXPECT_EQ(toString(advice.treatment), one.treatment) << one.question.port;
    EXPECT_NE(advice.why.find(one.why), std::string::npos) << one.question.port << advice.why;
    EXPECT_EQ(settings(advice), "") << one.question.port;
  }
}

TEST(AdviseTest, HttpOnAPortThatIsOpaqueHasToBeDeclared) {
  EXPECT_EQ(settings(ask({9300, "http"})), "appProtocol of the Service's port=http;");
  EXPECT_EQ(settings(ask({6379, "grpc"})), "appProtocol of the Service's port=grpc;");
  EXPECT_EQ(settings(ask({9300, "http", true})), "");
  EXPECT_EQ(settings(ask({9300, "http", false, true})), "");
}

TEST(AdviseTest, NamesWhatElseCouldBeSet) {
  const std::pair<Question, std::string_view> cases[] = {
      {{3307, "mysql"},
       "opaque config.linkerd.io/opaque-ports=+3307;skip "
       "config.linkerd.io/skip-inbound-ports=+3307;"},
      {{3307, "mysql", false, true},
       "opaque destination_ports of a filter chain for outbound=3307;"
       "skip config.linkerd.io/skip-outbound-ports=+3307;"},
      {{3306},
       "detect config.linkerd.io/opaque-ports=-3306;skip "
       "config.linkerd.io/skip-inbound-ports=+3306;"},
      {{3306, "", false, true}, "skip config.linkerd.io/skip-outbound-ports=+3306;"},
      {{80}, "skip config.linkerd.io/skip-inbound-ports=+80;"},
      {{4567}, "detect config.linkerd.io/skip-inbound-ports=-4567;"},
      {{4567, "", false, true}, "detect config.linkerd.io/skip-outbound-ports=-4567;"},
  };
  for (const auto& [question, expected] : cases)
    EXPECT_EQ(alternatives(ask(question)), expected) << question.port;
}

TEST(AdviseTest, APortCanHaveSeveralProtocolsAndTheirAliasesCountOnce) {
  const auto names = [](uint16_t port) {
    std::string all;
    for (const auto* one : ask({port}).protocols) all += std::string(one->title) + ";";
    return all;
  };
  EXPECT_EQ(names(3306), "MySQL with Galera;MySQL;");
  EXPECT_EQ(names(11211), "Memcache;");
  EXPECT_EQ(names(1), "");
}

TEST(AdviseTest, TheTableIsSortedAndItsListsCanBeRead) {
  const auto table = knownProtocols();
  EXPECT_TRUE(std::ranges::is_sorted(table, {}, &KnownProtocol::name));
  for (const auto& one : table) {
    EXPECT_TRUE(parsePortList(one.ports, {}).ok()) << one.name;
    EXPECT_EQ(knownProtocolOrNull(one.name), &one);
  }
  EXPECT_EQ(knownProtocolOrNull("MySQL")->name, "mysql");
  EXPECT_EQ(knownProtocolOrNull("mysq"), nullptr);
}

TEST(AdviseTest, TheTextIsForPeople) {
  EXPECT_EQ(
      adviceText(ask({3307, "mysql"})),
      "port        3307, MySQL\n"
      "configure   nothing\n"
      "otherwise   detect (no list has it)\n"
      "why         The server speaks first. When the client has been silent for 25 ms, Weir "
      "connects to the server and listens to both: the first connection to a server waits that "
      "long, the next ones about 2 ms.\n"
      "opaque      if also the first connection to a server is to wait for nothing: "
      "config.linkerd.io/opaque-ports: \"+3307\"\n"
      "skip        if the server must see the client's own address and connection; there is then "
      "no mTLS, no metrics and no rule: config.linkerd.io/skip-inbound-ports: \"+3307\"\n");
}

TEST(AdviseTest, TheJsonHasTheSame) {
  EXPECT_EQ(
      adviceJson(ask({9300, "http"})).substr(0, 250),
      std::string("{\"port\":9300,\"tls\":false,\"off_cluster\":false,\"default\":"
                  "\"linkerd-2.11\",\"protocols\":[{\"name\":\"http\",\"title\":\"HTTP\","
                  "\"speaks_first\":\"http1\"}],\"treatment\":\"opaque\",\"source\":\"default "
                  "linkerd-2.11\",\"configure\":[{\"name\":\"appProtocol of the Service's "
                  "port\",\"value\":\"http\"}],")
          .substr(0, 250));
}

}  // namespace
}  // namespace weir::mesh
