// A request over HTTP/1 allocates nothing once the worker is warm: the whole proxy, real sockets,
// every operator new of the worker's thread counted.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "test/integration/server_under_test.h"
#include "test/support/allocation_counter.h"

namespace weir::test {
namespace {

constexpr std::string_view Request =
    "POST /some/path?with=query HTTP/1.1\r\nHost: test\r\nUser-Agent: a usual one\r\nAccept: "
    "*/*\r\n"
    "Cookie: a=b; c=d\r\nContent-Length: 4\r\n\r\nbody";
constexpr std::string_view Response =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: one\r\nContent-Length: 5\r\n\r\nhello";

void exchange(TestSocket& client, TestSocket& server, size_t request_bytes, size_t response_bytes) {
  client.send(Request);
  ASSERT_EQ(server.receive(request_bytes).size(), request_bytes);
  server.send(Response);
  ASSERT_EQ(client.receive(response_bytes).size(), response_bytes);
}

TEST(HttpAllocationTest, ARequestInSteadyStateAllocatesNothing) {
  TestUpstream upstream;
  ServerUnderTest proxy(
      "access_log: {disabled: true}\nlisteners:\n- name: in\n  address: 127.0.0.1:0\n"
      "  default_filter_chain: {name: web, filters: [{typed_config: {\"@type\": "
      "type.googleapis.com/weir.extensions.network.http_conn_manager.v1.HttpConnectionManager, "
      "stat_prefix: web, transparent: true, route_config: {virtual_hosts: [{name: all, domains: "
      "[\"*\"], routes: [{match: {prefix: /}, route: {cluster: up}}]}]}}}]}\n"
      "clusters:\n- {name: up, endpoints: [{address: \"" +
      upstream.address() + "\"}]}\n");
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(Request);
  TestSocket server = upstream.accept();
  const std::string first = server.receive(Request.size());
  ASSERT_EQ(first.size(), Request.size()) << "names change their case alone";
  server.send(Response);
  ASSERT_EQ(client.receive(Response.size()).size(), Response.size());
  for (int i = 0; i < 300; ++i) exchange(client, server, Request.size(), Response.size());

  uint64_t before = 0;
  proxy.onWorker(0, [&](server::Worker&) { before = allocations(); });
  for (int i = 0; i < 1000; ++i) exchange(client, server, Request.size(), Response.size());
  uint64_t after = 0;
  uint64_t after_one_more = 0;
  proxy.onWorker(0, [&](server::Worker&) {
    after = allocations();
    const std::string one(100, 'x');
    after_one_more = allocations() + (one.empty() ? 1 : 0);
  });
  // What has to do with asking the worker twice, and not with a thousand requests.
  EXPECT_LE(after - before, 5U);
  EXPECT_EQ(after_one_more, after + 1) << "the counter counts";
}

}  // namespace
}  // namespace weir::test
