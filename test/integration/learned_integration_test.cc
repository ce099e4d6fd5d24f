// /learned: what the workers know of servers that speak first; and questions to workers that are
// busy, or end.

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "source/server/worker_survey.h"
#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

class LearnedIntegrationTest : public testing::Test {
 protected:
  std::string config() const {
    const auto listener = [](const std::string& name) {
      return "- name: " + name +
             "\n  address: 127.0.0.1:0\n"
             "  filter_chains: [{name: http, match: {application_protocols: [http/1.1]}, "
             "filters: " +
             tcpProxyTo("up") +
             "}]\n  default_filter_chain: {name: tcp, filters: " + tcpProxyTo("up") + "}\n";
    };
    return "admin: {address: \"127.0.0.1:0\"}\nlisteners:\n" + listener("one") + listener("two") +
           "clusters:\n- {name: up, endpoints: [{address: \"" + upstream_.address() + "\"}]}\n";
  }
  // A connection whose server greets a silent client.
  void greet(const ServerUnderTest& proxy, size_t listener) {
    TestSocket client = TestSocket::connectTo(proxy.port(listener));
    TestSocket server = upstream_.accept();
    server.send("220 mail ESMTP\r\n");
    EXPECT_EQ(client.receive(16), "220 mail ESMTP\r\n");
  }
  static std::string destination(const ServerUnderTest& proxy, size_t listener) {
    return "\"address\":\"127.0.0.1:" + std::to_string(proxy.port(listener)) + "\"";
  }
  // What one worker told the others has arrived.
  static void letNewsArrive(ServerUnderTest& proxy, size_t workers) {
    for (size_t i = 0; i < workers; ++i) proxy.onWorker(i, [](server::Worker&) {});
  }

  TestUpstream upstream_;
};

constexpr const char* Nothing =
    "200 {\"listeners\":[{\"name\":\"one\",\"known\":0,\"destinations\":[]},"
    "{\"name\":\"two\",\"known\":0,\"destinations\":[]}]}\n";

TEST_F(LearnedIntegrationTest, ListsWhatAllWorkersKnowOnce) {
  ServerUnderTest proxy(config(), 3);
  EXPECT_EQ(proxy.askAdmin("GET", "/learned"), Nothing);
  greet(proxy, 1);
  letNewsArrive(proxy, 3);
  const std::string answer = proxy.askAdmin("GET", "/learned");
  EXPECT_TRUE(answer.starts_with(
      "200 {\"listeners\":[{\"name\":\"one\",\"known\":0,\"destinations\":[]},"
      "{\"name\":\"two\",\"known\":1,\"destinations\":[{" +
      destination(proxy, 1) + ",\"kind\":\"server_first\",\"expires_in_seconds\":3"))
      << answer;
  EXPECT_TRUE(answer.ends_with(",\"workers\":3}]}]}\n")) << answer;
  EXPECT_TRUE(proxy.askAdmin("GET", "/learned?listener=two")
                  .starts_with("200 {\"listeners\":[{\"name\":\"two\",\"known\":1,"));
  EXPECT_EQ(proxy.askAdmin("GET", "/learned?listener=three"), "200 {\"listeners\":[]}\n");
}

TEST_F(LearnedIntegrationTest, ForgetsOnAllWorkersAndSaysHowMuch) {
  ServerUnderTest proxy(config(), 2);
  greet(proxy, 0);
  greet(proxy, 1);
  letNewsArrive(proxy, 2);
  EXPECT_EQ(proxy.askAdmin("POST", "/learned?listener=one"),
            "200 {\"forgotten\":1,\"listeners\":[{\"name\":\"one\",\"forgotten\":1}]}\n");
  EXPECT_NE(proxy.askAdmin("GET", "/learned").find(destination(proxy, 1)), std::string::npos);
  EXPECT_EQ(proxy.askAdmin("POST", "/learned"),
            "200 {\"forgotten\":1,\"listeners\":[{\"name\":\"one\",\"forgotten\":0},"
            "{\"name\":\"two\",\"forgotten\":1}]}\n");
  EXPECT_EQ(proxy.askAdmin("GET", "/learned"), Nothing);
}

TEST_F(LearnedIntegrationTest, ListsAtMostTheLimit) {
  ServerUnderTest proxy(config(), 2);
  const uint64_t listener = [&] {
    uint64_t id = 0;
    proxy.onWorker(0, [&](server::Worker& worker) {
      worker.forEachListener([&](server::WorkerListener& one) {
        if (one.settings().name == "one") id = one.id();
      });
    });
    return id;
  }();
  for (size_t worker = 0; worker < 2; ++worker) {
    proxy.onWorker(worker, [&](server::Worker& one) {
      for (int i = 1; i <= 50; ++i)
        one.onNews({listener, *net::IpPort::parse("10.0.0." + std::to_string(i) + ":25"), true});
    });
  }
  const std::string answer = proxy.askAdmin("GET", "/learned?limit=3&listener=one");
  EXPECT_TRUE(answer.starts_with("200 {\"listeners\":[{\"name\":\"one\",\"known\":50,")) << answer;
  size_t listed = 0;
  for (size_t at = 0; (at = answer.find("\"address\"", at)) != std::string::npos; ++at) ++listed;
  EXPECT_EQ(listed, 3U);
  for (const char* wrong : {"0", "-1", "10001", "many", "3x"}) {
    EXPECT_EQ(proxy.askAdmin("GET", std::string("/learned?limit=") + wrong),
              "400 {\"error\":\"limit is a number from 1 to 10000\"}\n");
  }
}

// Keeps a worker from doing anything until it is let go.
class BusyWorker {
 public:
  BusyWorker(ServerUnderTest& proxy, size_t index) {
    proxy.server().postToWorker(index, [until = std::shared_future<void>(go_.get_future())](
                                           server::Worker&) { until.wait(); });
  }
  void letGo() { go_.set_value(); }

 private:
  std::promise<void> go_;
};

TEST_F(LearnedIntegrationTest, BusyWorkerDelaysTheAnswerAndNothingElse) {
  ServerUnderTest proxy(config(), 2);
  BusyWorker busy(proxy, 1);
  TestSocket first = proxy.startAsking("GET", "/learned");
  TestSocket second = proxy.startAsking("POST", "/learned");
  EXPECT_EQ(proxy.askAdmin("GET", "/live"), "200 live\n");

  busy.letGo();
  EXPECT_TRUE(ServerUnderTest::readAnswer(first).starts_with("200 {\"listeners\""));
  EXPECT_TRUE(ServerUnderTest::readAnswer(second).starts_with("200 {\"forgotten\""));
}

TEST_F(LearnedIntegrationTest, QuestionsThatPileUpAreRefusedUntilTheWorkerIsBack) {
  ServerUnderTest proxy(config(), 1);
  BusyWorker busy(proxy, 0);
  for (size_t i = 0; i < server::WorkerSurvey::MaxUnderWay; ++i) {
    TestSocket gone = proxy.startAsking("GET", "/learned");
    EXPECT_EQ(proxy.askAdmin("GET", "/live"), "200 live\n");  // it was read
    gone.reset();
  }
  EXPECT_EQ(proxy.askAdmin("GET", "/learned"),
            "503 {\"error\":\"the workers cannot be asked now\"}\n");
  busy.letGo();
  letNewsArrive(proxy, 1);
  proxy.letMainGoOn();
  EXPECT_EQ(proxy.askAdmin("GET", "/learned"), Nothing);
}

TEST_F(LearnedIntegrationTest, ServerMayEndWhileAWorkerIsAsked) {
  for (const bool answered : {false, true}) {
    ServerUnderTest proxy(config(), 2);
    BusyWorker busy(proxy, 0);
    TestSocket asked = proxy.startAsking("GET", "/learned");
    EXPECT_EQ(proxy.askAdmin("GET", "/live"), "200 live\n");  // it was read
    proxy.server().quit();
    EXPECT_TRUE(proxy.ends());
    busy.letGo();
    // The answer of the worker then waits in the main loop, which runs no more.
    if (answered) letNewsArrive(proxy, 2);
  }
}

}  // namespace
}  // namespace weir::test
