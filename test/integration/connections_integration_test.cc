// /connections: what is open now, on all workers.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

using Fields = std::map<std::string, std::string>;

// The members of a flat object, as they are written. Texts in these tests have no commas.
Fields fieldsOf(const std::string& object) {
  Fields fields;
  for (size_t at = object.find('"'); at != std::string::npos; at = object.find(",\"", at)) {
    at = object.find('"', at) + 1;
    const size_t end = object.find("\":", at);
    const std::string name = object.substr(at, end - at);
    size_t value_end = object.find_first_of(",}", end);
    if (object[end + 2] == '[') value_end = object.find(']', end) + 1;
    fields[name] = object.substr(end + 2, value_end - end - 2);
    at = value_end;
  }
  return fields;
}

std::vector<Fields> connectionsOf(const std::string& answer) {
  std::vector<Fields> all;
  const size_t begin = answer.find("\"connections\":[");
  for (size_t at = answer.find("{\"id\"", begin); at != std::string::npos;
       at = answer.find("{\"id\"", at + 1)) {
    all.push_back(fieldsOf(answer.substr(at, answer.find('}', at) + 1 - at)));
  }
  return all;
}

class ConnectionsIntegrationTest : public testing::Test {
 protected:
  std::string config() const {
    const std::string to_nowhere =
        "[{name: tcp_proxy, typed_config: {'@type': "
        "type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy, cluster: nowhere, "
        "max_connect_attempts: 2, backoff_options: {base_interval: 1h, max_interval: 1h}}}]";
    return "admin: {address: \"127.0.0.1:0\"}\n"
           "listeners:\n"
           "- name: in\n"
           "  address: 127.0.0.1:0\n"
           "  filter_chains: [{name: http, match: {application_protocols: [http/1.1]}, filters: " +
           tcpProxyTo("up") +
           "}]\n"
           "  default_filter_chain: {name: rest, filters: " +
           tcpProxyTo("up") +
           "}\n"
           "- name: out\n"
           "  address: 127.0.0.1:0\n"
           "  default_filter_chain: {name: lost, filters: " +
           to_nowhere +
           "}\n"
           "clusters:\n- {name: up, endpoints: [{address: \"" +
           upstream_.address() + "\"}]}\n- {name: nowhere, endpoints: [{address: \"" +
           closed_.address() + "\"}]}\n";
  }
  // The only one that `query` asks for.
  static Fields one(const ServerUnderTest& proxy, const std::string& query) {
    const std::string answer = proxy.askAdmin("GET", "/connections" + query);
    const auto all = connectionsOf(answer);
    EXPECT_EQ(all.size(), 1U) << answer;
    return all.size() == 1 ? all.front() : Fields{};
  }

  TestUpstream upstream_;
  TestUpstream closed_;
};

TEST_F(ConnectionsIntegrationTest, TellsWhatIsKnownOfEach) {
  ServerUnderTest proxy(config());
  EXPECT_EQ(proxy.askAdmin("GET", "/connections"),
            "200 {\"open\":0,\"truncated\":false,\"connections\":[]}\n");
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(18), "GET / HTTP/1.1\r\n\r\n");
  server.send("answer");
  EXPECT_EQ(client.receive(6), "answer");
  proxy.waitForMetric("weir_tcp_bytes_total{listener=\"in\",chain=\"http\",direction=\"tx\"}", 6);

  Fields it = one(proxy, "");
  EXPECT_TRUE(it["source"].starts_with("\"127.0.0.1:"));
  EXPECT_NE(it["source"], it["destination"]);
  EXPECT_GE(std::stod(it["age_seconds"]), std::stod(it["idle_seconds"]));
  EXPECT_LT(std::stod(it["age_seconds"]), 60);
  for (const char* varying : {"source", "age_seconds", "idle_seconds"}) it.erase(varying);
  EXPECT_EQ(it, (Fields{{"id", "1"},
                        {"state", "\"open\""},
                        {"listener", "\"in\""},
                        {"filter_chain", "\"http\""},
                        {"protocol", "\"http/1.1\""},
                        {"reason", "\"client_bytes\""},
                        {"destination", "\"127.0.0.1:" + std::to_string(proxy.port()) + "\""},
                        {"tls", "false"},
                        {"sni", "null"},
                        {"alpn", "[\"http/1.1\"]"},
                        {"cluster", "\"up\""},
                        {"upstream", "\"" + upstream_.address() + "\""},
                        {"http", "null"},
                        {"received_bytes", "18"},
                        {"sent_bytes", "6"}}));

  client.halfClose();
  EXPECT_EQ(server.receiveAll(), "");
  EXPECT_EQ(one(proxy, "")["state"], "\"half_closed\"");
}

TEST_F(ConnectionsIntegrationTest, TellsOfThoseThatWait) {
  closed_.close();
  ServerUnderTest proxy(config());
  TestSocket silent = TestSocket::connectTo(proxy.port(0));
  TestSocket lost = TestSocket::connectTo(proxy.port(1));
  lost.send("x");
  proxy.waitForMetric("weir_upstream_connects_total{cluster=\"nowhere\",outcome=\"refused\"}", 1);
  Fields detecting = one(proxy, "?listener=in");
  EXPECT_EQ(detecting["state"], "\"detecting\"");
  for (const char* unknown : {"filter_chain", "protocol", "reason", "cluster", "upstream"})
    EXPECT_EQ(detecting[unknown], "null") << unknown;
  Fields connecting = one(proxy, "?listener=out");
  EXPECT_EQ(connecting["state"], "\"connecting\"");
  EXPECT_EQ(connecting["cluster"], "\"nowhere\"");
}

TEST_F(ConnectionsIntegrationTest, AsksForSome) {
  ServerUnderTest proxy(config(), 2);
  std::vector<TestSocket> clients, servers;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(TestSocket::connectTo(proxy.port(), i == 4 ? "127.0.0.7" : "127.0.0.1"));
    clients.back().send("not http");
    servers.push_back(upstream_.accept());
    proxy.waitForMetric("weir_chain_open_connections{listener=\"in\",chain=\"rest\"}",
                        clients.size());
  }
  const auto ids = [&](const std::string& query) {
    std::string all;
    for (Fields& fields : connectionsOf(proxy.askAdmin("GET", "/connections" + query)))
      all += fields["id"] + " ";
    return all;
  };
  EXPECT_EQ(ids(""), "5 4 3 2 1 ");
  EXPECT_EQ(ids("?limit=2"), "5 4 ");
  EXPECT_EQ(ids("?limit=5"), "5 4 3 2 1 ");
  EXPECT_EQ(ids("?source=127.0.0.7"), "5 ");
  EXPECT_EQ(ids("?source=127.0.0.0/30"), "4 3 2 1 ");
  EXPECT_EQ(ids("?id=3"), "3 ");
  EXPECT_EQ(ids("?filter_chain=rest&cluster=up&listener=in&limit=1"), "5 ");
  for (const char* none : {"?filter_chain=http", "?cluster=bypass", "?listener=out", "?id=6"})
    EXPECT_EQ(ids(none), "") << none;
  EXPECT_TRUE(proxy.askAdmin("GET", "/connections?limit=4")
                  .starts_with("200 {\"open\":5,\"truncated\":true,"));
  EXPECT_TRUE(proxy.askAdmin("GET", "/connections?limit=5")
                  .starts_with("200 {\"open\":5,\"truncated\":false,"));
}

TEST_F(ConnectionsIntegrationTest, ALimitIsForAllListenersTogether) {
  ServerUnderTest proxy(config());
  std::vector<TestSocket> clients;
  for (size_t i = 0; i < 6; ++i) {
    clients.push_back(TestSocket::connectTo(proxy.port(i % 2)));
    proxy.waitForMetric("weir_listener_connections_total{listener=\"" +
                            std::string(i % 2 == 0 ? "in" : "out") + "\"}",
                        i / 2 + 1);
  }
  const auto ask = [&](const std::string& limit) {
    const std::string answer = proxy.askAdmin("GET", "/connections?limit=" + limit);
    std::string all;
    for (Fields& fields : connectionsOf(answer)) all += fields["id"] + fields["listener"] + " ";
    return all + (answer.find("\"truncated\":true") == std::string::npos ? "all" : "more");
  };
  EXPECT_EQ(ask("3"), "6\"out\" 5\"in\" 4\"out\" more");
  EXPECT_EQ(ask("5"), "6\"out\" 5\"in\" 4\"out\" 3\"in\" 2\"out\" more");
  EXPECT_EQ(ask("6"), "6\"out\" 5\"in\" 4\"out\" 3\"in\" 2\"out\" 1\"in\" all");
}

TEST_F(ConnectionsIntegrationTest, RefusesWhatItCannotRead) {
  ServerUnderTest proxy(config());
  EXPECT_EQ(proxy.askAdmin("GET", "/connections?limit=0"),
            "400 {\"error\":\"limit is a number from 1 to 10000\"}\n");
  EXPECT_EQ(proxy.askAdmin("GET", "/connections?source=here"),
            "400 {\"error\":\"source is an address or a CIDR range\"}\n");
  EXPECT_EQ(proxy.askAdmin("GET", "/connections?id=x"), "400 {\"error\":\"id is a number\"}\n");
}

}  // namespace
}  // namespace weir::test
